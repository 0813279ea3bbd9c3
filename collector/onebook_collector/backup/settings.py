"""Where backups go, under which key, how many stay."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from onebook_collector.backup.folder_store import FolderStore
from onebook_collector.backup.retention import Keeping
from onebook_collector.backup.sealing import BackupKey
from onebook_collector.backup.store import BackupStore
from onebook_collector.errors import ConfigurationError

KEY_VARIABLE = "ONEBOOK_BACKUP_KEY"
_ACCESS_VARIABLES = ("ONEBOOK_BACKUP_S3_ACCESS_KEY", "ONEBOOK_BACKUP_S3_SECRET_KEY")


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class S3Settings(_Settings):
    """A store that speaks S3. Needs the extra `s3`."""

    url: str = Field(default="", description="Address of the store, `https://…`; empty: Amazon's of the region.")
    region: str = Field(default="us-east-1", description="Region; most other stores take any.")
    bucket: str = Field(default="", description="The bucket, which exists.")
    prefix: str = Field(default="onebook/", description="What the names of the objects begin with.")
    access_key_file: Path | None = Field(
        default=None, description=f"File with the access key; without it the environment's `{_ACCESS_VARIABLES[0]}`."
    )
    secret_key_file: Path | None = Field(
        default=None, description=f"File with the secret key; without it the environment's `{_ACCESS_VARIABLES[1]}`."
    )


class BackupSettings(_Settings):
    """Encrypted backups of the centre."""

    store: Literal["none", "folder", "s3"] = Field(default="none", description="Where backups go.")
    folder: Path = Field(
        default=Path("/var/backups/onebook"),
        description='With `store = "folder"`: of another disk, or a mounted share.',
    )
    s3: S3Settings = S3Settings()
    key_file: Path | None = Field(
        default=None, description=f"File with the backup key; without it the environment's `{KEY_VARIABLE}`."
    )
    old_key_files: tuple[Path, ...] = Field(default=(), description="Keys that older backups were sealed with.")
    extra_files: tuple[Path, ...] = Field(
        default=(), description="Further files to take along, such as this configuration and the keys of the authority."
    )
    keep: Keeping = Keeping()
    edge_retain_days: int = Field(default=90, gt=0, description="`retain_days` of the edges: how far back they refill.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.store == "s3" and not self.s3.bucket:
            raise ValueError("s3.bucket is missing: name the bucket")
        for key_file in filter(None, (self.key_file, *self.old_key_files)):
            if self.store == "folder" and key_file.is_relative_to(self.folder):
                raise ValueError(
                    f"key {key_file} lies beside the backups: whoever takes them has it too; move it elsewhere"
                )
            if key_file in self.extra_files:
                raise ValueError(f"key {key_file} is among extra_files: a backup does not hold the key that opens it")
        return self


def current_key(settings: BackupSettings) -> BackupKey:
    """The key that new backups are sealed with. Raises ConfigurationError."""
    if settings.key_file is not None:
        return _read_key(settings.key_file)
    if text := os.environ.get(KEY_VARIABLE):
        return _key(text, KEY_VARIABLE)
    raise ConfigurationError(
        [f"backup.key_file: 缺少 / missing. onebook collector backup new-key FILE, 或设 / or set {KEY_VARIABLE}"]
    )


def every_key(settings: BackupSettings) -> list[BackupKey]:
    return [current_key(settings), *map(_read_key, settings.old_key_files)]


def open_store(settings: BackupSettings, scratch_folder: Path) -> BackupStore:
    """Raises ConfigurationError where none is configured, or one lacks what it needs."""
    if settings.store == "folder":
        return FolderStore(settings.folder)
    if settings.store == "none":
        raise ConfigurationError(['backup.store: 未配置备份 / no backup is configured. store = "folder" | "s3"'])
    try:
        from onebook_collector.backup.s3_store import S3Store  # boto3 is heavy: only who asks pays.
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            [f"backup.store: {error.name} 未安装 / not installed. pip install 'onebook[s3]'"]
        ) from error
    s3 = settings.s3
    access = (_secret(s3.access_key_file, _ACCESS_VARIABLES[0]), _secret(s3.secret_key_file, _ACCESS_VARIABLES[1]))
    scratch_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return S3Store(s3.url, s3.bucket, s3.prefix, s3.region, access, scratch_folder)


def _read_key(path: Path) -> BackupKey:
    return _key(_read(path), str(path))


def _key(text: str, source: str) -> BackupKey:
    try:
        return BackupKey.from_text(text)
    except ValueError as error:
        raise ConfigurationError([f"{source}: 不是备份密钥 / no backup key ({error}). backup new-key FILE"]) from error


def _secret(path: Path | None, variable: str) -> str:
    found = _read(path).strip() if path else os.environ.get(variable, "")
    if not found:
        raise ConfigurationError([f"backup.s3: 缺少 / missing: {path or variable}"])
    return found


def _read(path: Path) -> str:
    """A secret. One that everybody on the machine may read is none."""
    try:
        if path.stat().st_mode & 0o007:
            raise ConfigurationError([f"{path}: 任何人可读 / readable by everybody. chmod o-rwx {path}"])
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{path}: {error}. 请检查路径与权限 / check path and permissions"]) from error
