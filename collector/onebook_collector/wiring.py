"""Builds every part from the settings and connects them. No logic here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from onebook_collector.administration.store import AdministrationStore
from onebook_collector.api.centre import Centre
from onebook_collector.api.server import ApiServer
from onebook_collector.clock import SystemClock
from onebook_collector.dashboard.app import create_app
from onebook_collector.early_warning.store import EarlyWarningStore
from onebook_collector.early_warning.watcher import Watcher, rules_of
from onebook_collector.ingest.runner import IngestRunner
from onebook_collector.ledger import queries
from onebook_collector.ledger.book import LedgerSettings
from onebook_collector.ledger.signing import load_key
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_collector.live_board import LiveBoard
from onebook_collector.metrics.sqlite_store import SqliteStore
from onebook_collector.metrics.store import MetricsStore
from onebook_collector.onlooker import Onlooker
from onebook_collector.proving.witnessing import Witnessing
from onebook_collector.settings import CollectorSettings, MetricsSettings

log = structlog.get_logger()


async def open_ledger(settings: CollectorSettings) -> SqlLedgerStore:
    settings.ledger_path.parent.mkdir(parents=True, exist_ok=True)
    judging = LedgerSettings(count_review_fraction=settings.ledger.count_review_fraction)
    return await SqlLedgerStore.open(settings.ledger_path, judging)


async def open_metrics(settings: CollectorSettings) -> MetricsStore:
    asked: MetricsSettings = settings.metrics
    if asked.store == "influx":
        from onebook_collector.metrics.influx_store import InfluxStore  # The client costs 40 MB: only who asks pays.

        return InfluxStore(asked.influx_url, SystemClock())
    return await SqliteStore.open(settings.metrics_path, asked.retention)


async def run_collector(settings: CollectorSettings, listening: Callable[[str], None]) -> None:
    """Run the centre until cancelled. `listening` is told the address of the page."""
    clock, key_path = SystemClock(), settings.checkpoint_key_path
    key = load_key(key_path)
    ledger, metrics = await open_ledger(settings), await open_metrics(settings)
    warnings = await EarlyWarningStore.open(settings.warnings_path)
    administration = await AdministrationStore.open(settings.administration_path)
    try:
        watcher = await Watcher.open(rules_of(settings.warnings), warnings, clock.now_ms())
        board = LiveBoard()
        backups = settings.data_folder if settings.backup.store != "none" else None
        onlooker = Onlooker(board, watcher, metrics, clock, backups)
        await onlooker.know(*await ledger.read(queries.edges_heard))
        broker = (settings.broker.host, settings.broker.port)
        ingest = IngestRunner(broker, settings.broker.client_id, ledger, metrics, onlooker, clock)
        app = create_app(Centre(ledger, metrics, administration, watcher, board, ingest, clock, backups))
        server = ApiServer(app, settings.api.host, settings.api.port)
        log.info("collector_started", address=server.address, data_folder=str(settings.data_folder))
        listening("http://{}:{}/".format(*server.address))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(ingest.run())
            tasks.create_task(onlooker.run())
            if key is None:
                log.warning(
                    "no_checkpoints", what_to_do="onebook collector checkpoint-key init", key_file=str(key_path)
                )
            else:
                every = settings.checkpoint
                witnessing = Witnessing(ledger, ingest.link, key, clock, every.every_movements, every.every_minutes)
                tasks.create_task(witnessing.run())
            tasks.create_task(server.run_until_cancelled())
    finally:
        await ledger.close()
        await metrics.close()
        await warnings.close()
        await administration.close()
