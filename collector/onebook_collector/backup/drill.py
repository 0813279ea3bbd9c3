"""A restore drill: prove of a backup that it would bring the book back, without touching the centre that runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select

from onebook_collector.backup.archive import read_manifest
from onebook_collector.backup.making import scratch
from onebook_collector.backup.record import DrillReport
from onebook_collector.backup.restoring import read_and_verify
from onebook_collector.backup.sealing import BackupKey
from onebook_collector.backup.store import BackupStore, Stored
from onebook_collector.clock import Clock
from onebook_collector.ledger import tables as t
from onebook_collector.ledger.hashing import GENESIS
from onebook_collector.sqlite_engine import reader_engine


async def drill(
    store: BackupStore, backup: Stored, keys: Sequence[BackupKey], live_ledger: Path, scratch_folder: Path, clock: Clock
) -> DrillReport:
    """Restore into a scratch folder, verify, compare with the live book up to the backup's last entry.

    The hash of an entry covers all before it, and `verify` computes the chain of the copy anew: where the two hashes are equal,
    the whole beginning of the two books is. Raises RefusedError when the archive cannot be read.
    """
    with store.reading(backup.name) as source:
        needed = read_manifest(source, keys).parts_bytes
        source.seek(0)
        with scratch(scratch_folder, needed) as folder:
            proof = await read_and_verify(source, keys, folder)
    ledger_seq = proof.manifest.ledger_seq
    findings = list(proof.findings)
    if (live := _live_hash(live_ledger, ledger_seq)) != proof.manifest.head:
        said = "没有此账序 / has no such entry" if live is None else live[:16]
        findings.append(f"现账第 {ledger_seq} 笔不同 / entry {ledger_seq} of the live book differs: {said}")
    return DrillReport(
        at_ms=clock.now_ms(),
        backup=backup.name,
        proven=not findings,
        ledger_seq=ledger_seq,
        archive_bytes=backup.bytes,
        restored_bytes=proof.manifest.parts_bytes,
        read_s=round(proof.read_s, 3),
        verify_s=round(proof.verify_s, 3),
        findings=tuple(findings),
    )


def _live_hash(ledger: Path, ledger_seq: int) -> str | None:
    if ledger_seq == 0:
        return GENESIS.hex()
    entry = select(t.movement.c.hash).where(t.movement.c.ledger_seq == ledger_seq)
    engine = reader_engine(ledger, connections=1)
    try:
        with engine.begin() as connection:
            found: bytes | None = connection.execute(entry).scalar()
            return None if found is None else found.hex()
    finally:
        engine.dispose()
