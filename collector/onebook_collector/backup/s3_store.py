"""Backups in a store that speaks S3. boto3 (extra `s3`) is imported only here, by whoever asked for it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from onebook_collector.backup.retention import named
from onebook_collector.backup.store import Stored
from onebook_collector.errors import RetryableError

_MULTIPART = TransferConfig(multipart_threshold=16 << 20, multipart_chunksize=16 << 20, max_concurrency=2)


class S3Store:
    def __init__(
        self, url: str, bucket: str, prefix: str, region: str, access: tuple[str, str], scratch_folder: Path
    ) -> None:
        self._bucket, self._prefix, self._scratch_folder = bucket, prefix, scratch_folder
        config = Config(
            retries={"max_attempts": 5, "mode": "standard"},
            connect_timeout=10,
            read_timeout=60,
            request_checksum_calculation="when_required",  # Stores other than Amazon's refuse its newer checksums.
            response_checksum_validation="when_required",  # The archive authenticates itself.
        )
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=url or None,
            region_name=region,
            aws_access_key_id=access[0],
            aws_secret_access_key=access[1],
            config=config,
        )

    def stored(self) -> list[Stored]:
        with _errors():
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            objects = [each for page in pages for each in page.get("Contents", ())]
        found = [Stored(each["Key"].removeprefix(self._prefix), each["Size"]) for each in objects]
        return sorted(one for one in found if named(one.name))

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """First into a nameless file here, sealed as it is, then up in pieces: an object appears when it is complete."""
        with tempfile.TemporaryFile(dir=self._scratch_folder) as file:
            yield cast(BinaryIO, file)
            length = file.tell()
            file.seek(0)
            with _errors():
                self._client.upload_fileobj(file, self._bucket, self._prefix + name, Config=_MULTIPART)
                sent = self._client.head_object(Bucket=self._bucket, Key=self._prefix + name)["ContentLength"]
            if sent != length:
                raise RetryableError(f"s3 {name}: {sent} of {length} bytes arrived")

    @contextlib.contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        """As a file here: an archive of many gigabytes outlives a connection."""
        with tempfile.TemporaryFile(dir=self._scratch_folder) as file:
            with _errors():
                self._client.download_fileobj(self._bucket, self._prefix + name, file, Config=_MULTIPART)
            file.seek(0, os.SEEK_SET)
            yield cast(BinaryIO, file)

    def delete(self, name: str) -> None:
        with _errors():
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + name)


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        raise RetryableError(f"s3: {error}. 请检查地址、桶与密钥 / check url, bucket and access keys") from error
