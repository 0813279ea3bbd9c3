"""A whole centre with an authority of its own, a broker that speaks TLS only, and the API over HTTPS: all real, on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from onebook_collector.administration.audit import AuditEntry
from onebook_collector.administration.store import AdministrationStore
from onebook_collector.administration.tables import audit_entry
from onebook_collector.api.app import create_door
from onebook_collector.api.centre import Centre
from onebook_collector.api.server import ApiServer
from onebook_collector.certificates.authority import FileAuthority, Profile, Wish, new_key, pem, write_file
from onebook_collector.certificates.office import CertificateOffice
from onebook_collector.certificates.settings import CertificateSettings
from onebook_collector.clock import SystemClock, utc
from onebook_collector.early_warning.settings import WarningSettings
from onebook_collector.early_warning.store import EarlyWarningStore
from onebook_collector.early_warning.watcher import Watcher, rules_of
from onebook_collector.ingest.runner import IngestRunner
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_collector.live_board import LiveBoard
from onebook_collector.metrics.sqlite_store import SqliteStore
from onebook_collector.onlooker import Onlooker
from onebook_collector.proving.continuous import ContinuousVerifier
from onebook_deploy.mosquitto import BrokerTls, PrivateBroker, free_port, private_broker
from onebook_schemas.enrolment import Invitation
from onebook_schemas.tls import TlsFiles, client_context

HOST = "127.0.0.1"


@dataclass
class MovableClock:
    """The real time, moved by so much."""

    moved: timedelta = timedelta()

    def now_ms(self) -> int:
        return SystemClock().now_ms() + int(self.moved.total_seconds() * 1000)


@dataclass
class Workshop:
    """Makes certificates, right ones and wrong ones."""

    folder: Path
    authority: FileAuthority = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.authority = FileAuthority.create(self.folder / "ca", "test", b"secret", utc(SystemClock().now_ms()))

    def make(
        self,
        subject: str,
        profile: Profile = Profile.EDGE,
        *,
        begins: timedelta = timedelta(minutes=-5),
        ends: timedelta = timedelta(hours=1),
        names: tuple[str, ...] = (),
    ) -> TlsFiles:
        key, key_pem = new_key()
        now = utc(SystemClock().now_ms())
        made = self.authority.sign(Wish(subject, profile, key, now + begins, now + ends, names))
        place = self.folder / f"{subject}-{made.serial_number:x}"
        write_file(place.with_suffix(".crt"), pem(made) + pem(self.authority.certificate), mode=0o644)
        write_file(place.with_suffix(".key"), key_pem, mode=0o600)
        return TlsFiles(
            ca_file=self.folder / "ca/ca.crt",
            certificate_file=place.with_suffix(".crt"),
            key_file=place.with_suffix(".key"),
        )


@dataclass
class TlsCentre:
    workshop: Workshop
    broker: PrivateBroker
    ingest: IngestRunner
    office: CertificateOffice
    clock: MovableClock
    api_port: int

    async def invite(self, edge_id: str, **changed: object) -> Invitation:
        return await self.office.invite(edge_id, "site-1", valid_hours=48, actor="test")

    async def audited(self) -> list[AuditEntry]:
        rows = await self.office.store.read(lambda connection: connection.execute(audit_entry.select()).all())
        return [AuditEntry(row.actor, row.action, row.subject, row.outcome, row.address) for row in rows]


@contextlib.asynccontextmanager
async def tls_centre(folder: Path, *, edge_days: int = 90) -> AsyncIterator[TlsCentre]:
    workshop, clock, port = Workshop(folder / "workshop"), MovableClock(), free_port()
    server = workshop.make("broker", Profile.SERVER, names=(HOST,))
    crl_file = folder / "crl.pem"
    async with contextlib.AsyncExitStack() as stack:
        administration = await stack.enter_async_context(
            contextlib.aclosing(await AdministrationStore.open(folder / "administration.db"))
        )
        settings = CertificateSettings(address=HOST, enrolment_port=port, broker_port=free_port(), edge_days=edge_days)
        office = CertificateOffice(administration, workshop.authority, settings, crl_file, clock)
        await office.write_revocation_list()
        tls = BrokerTls(server.ca_file, server.certificate_file, server.key_file, crl_file)
        broker = stack.enter_context(private_broker(folder / "broker", port=settings.broker_port, tls=tls))
        ledger = await SqlLedgerStore.open(folder / "ledger.db")
        stack.push_async_callback(ledger.close)
        metrics = await SqliteStore.open(folder / "metrics.db")
        stack.push_async_callback(metrics.close)
        warnings = await EarlyWarningStore.open(folder / "warnings.db")
        stack.push_async_callback(warnings.close)
        watcher = await Watcher.open(rules_of(WarningSettings()), warnings, clock.now_ms())
        onlooker = Onlooker(LiveBoard(), watcher, metrics, clock)
        own = client_context(workshop.make("collector.1", Profile.COLLECTOR))
        ingest = IngestRunner((HOST, broker.port), "collector-1", ledger, metrics, onlooker, clock, own)
        verifier = ContinuousVerifier(ledger, clock, lambda fact: None)
        board = LiveBoard()
        centre = Centre(ledger, metrics, administration, watcher, board, ingest, clock, verifier, certificates=office)
        api = ApiServer(create_door(centre), HOST, port, (server.certificate_file, server.key_file))
        tasks = [asyncio.create_task(ingest.run()), asyncio.create_task(api.run_until_cancelled())]
        try:
            yield TlsCentre(workshop, broker, ingest, office, clock, port)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


def openssl(*arguments: str) -> str:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True).stdout
