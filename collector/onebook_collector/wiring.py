"""Builds every part from the settings and connects them. No logic here."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable

import structlog

from onebook_collector.administration.store import AdministrationStore
from onebook_collector.api.app import create_door
from onebook_collector.api.centre import Centre
from onebook_collector.api.server import ApiServer
from onebook_collector.care.runner import CareRunner
from onebook_collector.certificates.authority import FileAuthority
from onebook_collector.certificates.office import CertificateOffice
from onebook_collector.clock import SystemClock
from onebook_collector.coverage.attendance import Attendance
from onebook_collector.coverage.runner import CoverageRunner
from onebook_collector.coverage.survey import Sources
from onebook_collector.dashboard.app import create_app
from onebook_collector.dashboard.outline import Outline, outline_of
from onebook_collector.early_warning.store import EarlyWarningStore
from onebook_collector.early_warning.watcher import Watcher, rules_of
from onebook_collector.errors import ConfigurationError
from onebook_collector.furnishing.publisher import Publisher
from onebook_collector.ingest.runner import IngestRunner
from onebook_collector.ledger import queries
from onebook_collector.ledger.book import LedgerSettings
from onebook_collector.ledger.signing import load_key
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_collector.live_board import LiveBoard
from onebook_collector.metrics.sqlite_store import SqliteStore
from onebook_collector.metrics.store import MetricsStore
from onebook_collector.onlooker import Onlooker
from onebook_collector.proving.continuous import ContinuousVerifier
from onebook_collector.proving.witnessing import Witnessing
from onebook_collector.settings import CollectorSettings, MetricsSettings
from onebook_schemas.tls import client_context

log = structlog.get_logger()


async def open_ledger(settings: CollectorSettings) -> SqlLedgerStore:
    settings.ledger_path.parent.mkdir(parents=True, exist_ok=True)
    asked = LedgerSettings(settings.ledger.count_review_fraction, settings.ledger.chain_hash)
    return await SqlLedgerStore.open(settings.ledger_path, asked)


async def open_metrics(settings: CollectorSettings) -> MetricsStore:
    asked: MetricsSettings = settings.metrics
    if asked.store == "influx":
        from onebook_collector.metrics.influx_store import InfluxStore  # The client costs 40 MB: only who asks pays.

        return InfluxStore(asked.influx_url, SystemClock())
    return await SqliteStore.open(settings.metrics_path, asked.retention)


def open_office(
    settings: CollectorSettings, administration: AdministrationStore, passphrase: bytes
) -> CertificateOffice:
    """The certificate office with the authority in its folder. Raises ConfigurationError."""
    authority = FileAuthority.open(settings.authority_folder, passphrase)
    broker = (settings.broker.host, settings.broker.port) if settings.broker.tls is not None else None
    return CertificateOffice(
        administration, authority, settings.certificates, settings.crl_path, SystemClock(), broker=broker
    )


def stored_passphrase(settings: CollectorSettings) -> bytes | None:
    """The passphrase of the authority's key, from its file or the environment; None if neither has it."""
    file = settings.certificates.passphrase_file
    if file is not None:
        try:
            return file.read_bytes().strip()
        except OSError as error:
            raise ConfigurationError([f"certificates.passphrase_file: {file}: {error.strerror}"]) from error
    return os.environb.get(b"ONEBOOK_CA_PASSPHRASE")


def _office_if_any(settings: CollectorSettings, administration: AdministrationStore) -> CertificateOffice | None:
    """The office that boxes enrol at; none where another authority gives out the certificates."""
    if settings.certificates.address is None or not (settings.authority_folder / "ca.key").exists():
        log.info("enrolment_is_off", what_to_do="set certificates.address, run `onebook ca init`")
        return None
    passphrase = stored_passphrase(settings)
    if passphrase is None:
        raise ConfigurationError(
            [
                "certificates.passphrase_file: 缺少 / missing. 证书机构的口令 / where is the passphrase of the authority's key?"
            ]
        )
    return open_office(settings, administration, passphrase)


def _door(settings: CollectorSettings, centre: Centre) -> ApiServer | None:
    """Where boxes enrol and renew."""
    if centre.certificates is None:
        return None
    files = settings.tls_folder / "server.crt", settings.tls_folder / "server.key"
    for file in files:
        if not file.exists():
            raise ConfigurationError([f"{file}: 缺少 / missing. 先运行 / run first: onebook ca issue-server"])
    asked = settings.certificates
    return ApiServer(create_door(centre), asked.enrolment_host, asked.enrolment_port, files)


def broker_tls(settings: CollectorSettings) -> ssl.SSLContext | None:
    """None: plain text, on loopback only. Raises ConfigurationError when the files cannot be used."""
    if settings.broker.tls is None:
        return None
    try:
        return client_context(settings.broker.tls)
    except (OSError, UnicodeDecodeError) as error:
        problem = f"broker.tls: {error}. 请检查证书文件 / check the files, or run: onebook ca issue-collector"
        raise ConfigurationError([problem]) from error


async def run_collector(settings: CollectorSettings, listening: Callable[[str], None]) -> None:
    """Run the centre until cancelled. `listening` is told the address of the page."""
    clock, key_path = SystemClock(), settings.checkpoint_key_path
    key = load_key(key_path)
    outline = _outline(settings)
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
        tls = broker_tls(settings)
        if tls is None:
            log.warning("broker_without_tls", host=broker[0], meaning="明文，仅限本机 / plain text, this machine only")
        ingest = IngestRunner(broker, settings.broker.client_id, ledger, metrics, onlooker, clock, tls)
        care = CareRunner(administration, ingest.link, clock)
        onlooker.on_reply = care.hear
        office = _office_if_any(settings, administration)
        verifier = ContinuousVerifier(ledger, clock, onlooker.see_book_checked)
        beat_ms = settings.coverage.heartbeat_minutes * 60_000
        attendance = Attendance(administration, board, ingest.link.connected.is_set, clock, beat_ms)
        coverage = CoverageRunner(Sources(ledger, administration, metrics, watcher, verifier), settings.coverage, clock)
        await coverage.check_rule()
        centre = Centre(ledger, metrics, administration, watcher, board, ingest, clock, verifier, backups, office)
        door = _door(settings, centre)
        app = create_app(centre, settings.api.access, outline)
        own = settings.api.tls
        server = ApiServer(
            app,
            settings.api.host,
            settings.api.port,
            (own.certificate_file, own.key_file) if own is not None else None,
            trusted_proxies=settings.api.trusted_proxies,
        )
        log.info("collector_started", address=server.address, data_folder=str(settings.data_folder))
        listening("{}://{}:{}/".format("https" if own is not None else "http", *server.address))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(ingest.run())
            tasks.create_task(onlooker.run())
            tasks.create_task(verifier.run())
            tasks.create_task(care.run())
            tasks.create_task(attendance.run())
            tasks.create_task(coverage.run())
            tasks.create_task(Publisher(ledger, administration, ingest.link, board, clock).run())
            if key is None:
                log.warning(
                    "no_checkpoints", what_to_do="onebook collector checkpoint-key init", key_file=str(key_path)
                )
            else:
                every = settings.checkpoint
                witnessing = Witnessing(ledger, ingest.link, key, clock, every.every_movements, every.every_minutes)
                tasks.create_task(witnessing.run())
            tasks.create_task(server.run_until_cancelled())
            if door is not None:
                tasks.create_task(door.run_until_cancelled())
    finally:
        await ledger.close()
        await metrics.close()
        await warnings.close()
        await administration.close()


def _outline(settings: CollectorSettings) -> Outline | None:
    """Raises ConfigurationError."""
    file = settings.map.outline_file
    if file is None:
        return None
    try:
        return outline_of(file.read_bytes())
    except OSError as error:
        raise ConfigurationError([f"map.outline_file: {file} 读不出 / cannot be read: {error.strerror}"]) from error
