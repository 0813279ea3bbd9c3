"""Read a backup into a folder and make sure that it is a book, before anything stands where the centre looks for it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from onebook_collector.backup.archive import Sink, read_archive, read_manifest
from onebook_collector.backup.making import LEDGER, scratch
from onebook_collector.backup.manifest import Manifest, Part
from onebook_collector.backup.sealing import BackupKey, DamagedError
from onebook_collector.clock import Clock
from onebook_collector.errors import RefusedError
from onebook_collector.ledger import queries
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_collector.ledger.verify import verify

EXTRA_FOLDER = "restored-files"
_STAGING = ".restoring"


@dataclass(frozen=True, slots=True)
class Proof:
    """What was read, and how long reading and verifying took. `findings`: what is wrong with the book."""

    manifest: Manifest
    findings: tuple[str, ...]
    read_s: float
    verify_s: float


async def read_and_verify(source: BinaryIO, keys: Sequence[BackupKey], folder: Path) -> Proof:
    """Put the parts into `folder` and re-check every invariant. Raises DamagedError, WrongKeyError."""
    began = time.monotonic()
    manifest = _extract(source, keys, folder)
    read = time.monotonic()
    ledger = await SqlLedgerStore.open(folder / f"{LEDGER}.db")
    try:
        head = await ledger.read(queries.head)
        report = await ledger.read(verify)
    finally:
        await ledger.close()
    findings = [f"{check.name}: {finding}" for check in report.checks for finding in check.findings]
    if (head[0], head[1].hex()) != (manifest.ledger_seq, manifest.head):
        findings.append(f"台账末端与清单不符 / the book ends at {head[0]}, the manifest says {manifest.ledger_seq}")
    return Proof(manifest, tuple(findings), read - began, time.monotonic() - read)


async def restore(
    source: BinaryIO,
    keys: Sequence[BackupKey],
    data_folder: Path,
    databases: Mapping[str, Path],
    reason: str,
    clock: Clock,
) -> tuple[Proof, str]:
    """Gives what was proven and the new feed epoch. Raises RefusedError; the data folder is as empty as before then.

    Extra files are laid into `restored-files/`, for a person to put where they belong.
    """
    refuse_unless_empty(data_folder)
    needed = read_manifest(source, keys).parts_bytes
    source.seek(0)
    with scratch(data_folder / _STAGING, needed) as folder:
        proof = await read_and_verify(source, keys, folder)
        if proof.findings:
            raise DamagedError("; ".join(proof.findings[:5]))
        ledger = await SqlLedgerStore.open(folder / f"{LEDGER}.db")
        try:
            feed_epoch = await ledger.write(lambda book: book.new_feed_epoch(reason, clock.now_ms()))
        finally:
            await ledger.close()
        _put_into_place(proof.manifest, folder, data_folder, databases)
    return proof, feed_epoch


def refuse_unless_empty(data_folder: Path) -> None:
    """Nothing is ever written over. Raises RefusedError."""
    data_folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    found = sorted(path.name for path in data_folder.iterdir() if path.name not in ("lost+found", _STAGING))
    if found:
        raise RefusedError(
            "data_folder_not_empty",
            f"{data_folder}: {', '.join(found[:5])}. 先停止服务并移走 / stop the service and move it away first: "
            f"mv {data_folder} {data_folder}.before",
        )


def _extract(source: BinaryIO, keys: Sequence[BackupKey], folder: Path) -> Manifest:
    files: list[BinaryIO] = []

    def sink_of(part: Part) -> Sink:
        for file in files:
            file.close()
        path = folder / _place(part)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files[:] = [path.open("xb")]
        return files[0].write

    try:
        return read_archive(source, keys, sink_of)
    finally:
        for file in files:
            file.close()


def _place(part: Part) -> Path:
    if part.is_database:
        if not part.name.isidentifier():
            raise DamagedError(f"{part.name!r} is no name of a database")
        return Path(f"{part.name}.db")
    steps = Path(part.name.removeprefix("file:")).parts
    if ".." in steps:
        raise DamagedError(f"{part.name!r} points outside")
    return Path(EXTRA_FOLDER, *(step for step in steps if step != "/"))


def _put_into_place(manifest: Manifest, folder: Path, data_folder: Path, databases: Mapping[str, Path]) -> None:
    """The ledger last: without it nothing looks like a book."""
    for part in reversed([part for part in manifest.parts if part.is_database]):
        target = databases.get(part.name, data_folder / f"{part.name}.db")
        target.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        shutil.move(folder / f"{part.name}.db", target)
    if (folder / EXTRA_FOLDER).exists():
        shutil.move(folder / EXTRA_FOLDER, data_folder / EXTRA_FOLDER)
