"""Goal: while an edge no longer keeps what the last backup lacks, it is told, and from the next backup on no more.

Method: a real edge, broker and centre with its onlooker; backups by the command as an operator types it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from onebook_collector import onlooker as onlooking
from onebook_collector.backup.record import read_record
from onebook_collector.clock import SystemClock as CentreClock
from onebook_collector.early_warning.rule import EarlyWarning, Kind
from onebook_collector.early_warning.settings import WarningSettings
from onebook_collector.early_warning.store import EarlyWarningStore
from onebook_collector.early_warning.watcher import Watcher, rules_of
from onebook_collector.ingest.runner import IngestRunner
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_collector.live_board import LiveBoard
from onebook_collector.metrics.sqlite_store import SqliteStore
from onebook_collector.onlooker import Onlooker
from onebook_deploy.mosquitto import PrivateBroker, mosquitto_program, private_broker
from onebook_edge.clock import SystemClock
from onebook_edge.outbox.outbox import Outbox
from onebook_schemas.sensor_events import EdgeHealth
from onebook_schemas.uplink import Stream
from tests.integration.test_backup import Installed
from tests.integration.test_uplink import delivered, edge, record


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[PrivateBroker]:
    mosquitto_program()  # Says which package is missing.
    with private_broker(tmp_path / "broker") as running:
        yield running


@contextlib.asynccontextmanager
async def watching_centre(folder: Path, port: int) -> AsyncIterator[Watcher]:
    clock = CentreClock()
    ledger = await SqlLedgerStore.open(folder / "ledger.db")
    metrics = await SqliteStore.open(folder / "metrics.db")
    warnings = await EarlyWarningStore.open(folder / "warnings.db")
    watcher = await Watcher.open(rules_of(WarningSettings()), warnings, clock.now_ms())
    onlooker = Onlooker(LiveBoard(), watcher, metrics, clock, folder)
    await onlooker.know({"edge-1": "hz-01"}, {})
    ingest = IngestRunner(("127.0.0.1", port), "collector-1", ledger, metrics, onlooker, clock)
    tasks = [asyncio.create_task(onlooker.run()), asyncio.create_task(ingest.run())]
    try:
        yield watcher
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for store in (ledger, metrics, warnings):
            await store.close()


async def say_health(outbox: Outbox) -> None:
    """As the recorder says it every minute."""
    journal = outbox[Stream.JOURNAL]
    sizes = dict.fromkeys(("outbox_bytes", "memory_bytes", "cpu_ms", "uptime_ms", "telemetry_waiting"), 0)
    health = EdgeHealth(
        **sizes,
        outbox_budget_bytes=1,
        journal_waiting=journal.usage.waiting,
        journal_epoch=journal.epoch,
        journal_refills_after=await journal.refills_after(),
    )
    await outbox.take([health], SystemClock(trusted=True).now())


async def refill_gap(watcher: Watcher, *, is_told: bool) -> list[EarlyWarning]:
    """Wait until it is told, or no more; a test's time-out is its limit."""
    while True:
        told = [one for one in await watcher.open_warnings() if one.kind is Kind.REFILL_GAP]
        if bool(told) is is_told:
            return told
        await asyncio.sleep(0.02)


async def test_an_edge_that_lets_go_what_no_backup_holds_is_told_until_the_next_backup(
    broker: PrivateBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onlooking, "BACKUPS_EVERY_S", 0.05)
    installed = Installed(tmp_path)
    installed.done("backup", "new-key", str(tmp_path / installed.key))
    installed.data.mkdir(exist_ok=True)
    async with (
        watching_centre(installed.data, broker.port) as watcher,
        edge(tmp_path / "e", broker.port) as (outbox, _),
    ):
        epoch = outbox[Stream.JOURNAL].epoch
        await record(outbox, *range(300))
        await delivered(outbox)
        assert (await asyncio.to_thread(installed.run_alone, "backup", "run")).returncode == 0
        assert read_record(installed.data).journals == {"edge-1": {epoch: 300}}
        await record(outbox, *range(300, 600))
        await delivered(outbox)
        await say_health(outbox)
        await delivered(outbox)
        await refill_gap(watcher, is_told=False)
        await outbox[Stream.JOURNAL].drop_delivered(keep_bytes=0, aged_through=0)
        await say_health(outbox)
        told = await refill_gap(watcher, is_told=True)
        assert "300" in told[0].text_en
        assert (await asyncio.to_thread(installed.run_alone, "backup", "run")).returncode == 0
        await refill_gap(watcher, is_told=False)
