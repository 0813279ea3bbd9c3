"""Make a backup while the centre runs: copy, describe, seal, read back, and only then let older ones go."""

from __future__ import annotations

import contextlib
import importlib.metadata
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from onebook_collector.backup.archive import part_of, read_archive, write_archive
from onebook_collector.backup.manifest import LogAt, Manifest
from onebook_collector.backup.record import Record, read_record, write_record
from onebook_collector.backup.retention import Keeping, dispensable, name_of
from onebook_collector.backup.sealing import BackupKey
from onebook_collector.backup.snapshot import copy_database, revision_of
from onebook_collector.backup.store import BackupStore
from onebook_collector.clock import Clock
from onebook_collector.errors import ConfigurationError, RetryableError
from onebook_collector.ledger import queries
from onebook_collector.sqlite_engine import reader_engine

LEDGER = "ledger"
_LEFT_FREE_BYTES = 256 << 20  # What the centre needs to go on while a copy lies beside it.


@dataclass(frozen=True, slots=True)
class Sources:
    """What is taken along. `databases` by role; the ledger is copied first.

    The cursors of telemetry are in the ledger: samples beyond them do no harm, a cursor beyond the samples would leave a gap.
    """

    data_folder: Path
    databases: Mapping[str, Path]
    extra_files: Sequence[Path] = ()

    @property
    def scratch_folder(self) -> Path:
        return self.data_folder / "backup-scratch"


@dataclass(frozen=True, slots=True)
class Made:
    name: str
    bytes: int
    manifest: Manifest


def make_backup(sources: Sources, store: BackupStore, key: BackupKey, clock: Clock) -> Made:
    """A backup that was read back whole. Raises RetryableError, RefusedError; earlier backups stay as they are then."""
    name = name_of(clock.now_ms())
    with scratch(sources.scratch_folder, _bytes_of(sources)) as folder, _disk_errors():
        files = _copies(sources, folder)
        manifest = _describe(files, clock)
        with store.writing(name) as target:
            write_archive(target, key, manifest, files)
    check_backup(store, name, [key])
    size = next(one.bytes for one in store.stored() if one.name == name)
    record = read_record(sources.data_folder)
    known = {one.name for one in store.stored()}
    good = tuple(one for one in (*record.good, name) if one in known)
    update = {"good": good, "last_backup_ms": manifest.made_at_ms, "journals": manifest.journals}
    write_record(sources.data_folder, record.model_copy(update=update))
    return Made(name, size, manifest)


def check_backup(store: BackupStore, name: str, keys: Sequence[BackupKey]) -> Manifest:
    """Read it from end to end. Raises DamagedError, WrongKeyError, RetryableError."""
    with store.reading(name) as source:
        return read_archive(source, keys, lambda part: lambda piece: None)


def prune(store: BackupStore, keeping: Keeping, record: Record) -> list[str]:
    """Delete what need not be kept. The newest good one always stays."""
    gone = dispensable([one.name for one in store.stored()], keeping, good=record.good)
    for name in gone:
        store.delete(name)
    return gone


@contextlib.contextmanager
def scratch(folder: Path, needed_bytes: int) -> Iterator[Path]:
    """A folder for plain copies, closed to others, empty at the start and gone at the end.

    Raises RetryableError where so many bytes would not leave the centre room to go on booking.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with _disk_errors():
        folder.mkdir(mode=0o700, parents=True)
    try:
        free = shutil.disk_usage(folder).free
        if free < needed_bytes + _LEFT_FREE_BYTES:
            raise RetryableError(
                f"{folder}: 空间不足 / not enough room: {free >> 20} MiB free, {needed_bytes + _LEFT_FREE_BYTES >> 20} MiB needed"
            )
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _bytes_of(sources: Sources) -> int:
    """With what is in the logs behind the databases: a copy takes both in."""
    files = [path for main in sources.databases.values() for path in (main, main.with_name(f"{main.name}-wal"))]
    return sum(path.stat().st_size for path in files if path.exists())


def _copies(sources: Sources, folder: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for role, path in sources.databases.items():
        if role == LEDGER or path.exists():  # The others begin with the first start of the centre.
            files[role] = folder / f"{role}.db"
            copy_database(path, files[role])
    for path in sources.extra_files:
        if not path.is_file():
            raise ConfigurationError([f"backup.extra_files: {path} 不存在 / is no file. 请更正 / correct it"])
        files[f"file:{path}"] = path
    return files


def _describe(files: Mapping[str, Path], clock: Clock) -> Manifest:
    engine = reader_engine(files[LEDGER], connections=1)
    try:
        with engine.begin() as connection:
            ledger_seq, head = queries.head(connection)
            feed_epoch, logs = queries.feed_epoch(connection), queries.logs(connection)
    finally:
        engine.dispose()
    parts = [part_of(name, path, "" if name.startswith("file:") else revision_of(path)) for name, path in files.items()]
    return Manifest(
        made_at_ms=clock.now_ms(),
        software_version=importlib.metadata.version("onebook"),
        ledger_seq=ledger_seq,
        head=head.hex(),
        feed_epoch=feed_epoch,
        logs=tuple(LogAt(**log.key._asdict(), accepted_through=log.cursor.accepted_through) for log in logs),
        parts=tuple(parts),
    )


@contextlib.contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RetryableError(
            f"{error.filename or ''}: {error.strerror}. 请检查空间与权限 / check space and permissions"
        ) from error
