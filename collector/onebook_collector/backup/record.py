"""What is remembered of backups and drills, in a small file in the data folder; the running centre looks at its age."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from onebook_collector.errors import RetryableError

_FILE, _LOCK = "backups.json", "backups.lock"


class DrillReport(BaseModel):
    """One restore drill: what was found, how long it took. `proven`: every check held."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_ms: int
    backup: str
    proven: bool
    ledger_seq: int
    archive_bytes: int
    restored_bytes: int
    read_s: float
    verify_s: float
    findings: tuple[str, ...] = ()


class Record(BaseModel):
    """`good`: backups that were read back whole. Moments are Unix ms; None: never. `journals`: edge -> epoch -> how far the
    last backup holds that journal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    good: tuple[str, ...] = ()
    last_backup_ms: int | None = None
    last_proof_ms: int | None = None
    last_drill: DrillReport | None = None
    journals: dict[str, dict[str, int]] = {}


def read_record(data_folder: Path) -> Record:
    """Raises RetryableError when it cannot be read; an absent one is empty."""
    path = data_folder / _FILE
    try:
        return Record.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Record()
    except (OSError, ValidationError) as error:
        raise RetryableError(f"{path}: {error}. 删除后重新备份 / delete it and make a backup") from error


def write_record(data_folder: Path, record: Record) -> None:
    partial = data_folder / f"{_FILE}.partial"
    with partial.open("w", encoding="utf-8") as file:
        file.write(record.model_dump_json(indent=1))
        file.flush()
        os.fsync(file.fileno())
    partial.rename(data_folder / _FILE)


@contextlib.contextmanager
def alone(data_folder: Path) -> Iterator[None]:
    """One backup command at a time. Raises RetryableError while another runs."""
    try:
        file = (data_folder / _LOCK).open("a")
    except OSError as error:
        raise RetryableError(f"{error.filename}: {error.strerror}. 请检查数据目录 / check data_folder") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RetryableError("另一备份命令正在运行 / another backup command is running; wait for it") from error
        yield
