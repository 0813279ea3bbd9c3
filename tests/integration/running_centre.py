"""A centre with real databases in a temporary folder, without a broker: what edges send is booked by hand."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from onebook_collector.administration.credentials import hash_password
from onebook_collector.administration.people import add_person, begin_session
from onebook_collector.administration.rights import RIGHTS, Role, parse_rights
from onebook_collector.administration.store import AdministrationStore
from onebook_collector.administration.tokens import issue_token
from onebook_collector.api.centre import Centre
from onebook_collector.api.doorkeeper import AccessSettings
from onebook_collector.api.server import ApiServer
from onebook_collector.certificates.authority import FileAuthority
from onebook_collector.certificates.office import TRIES_WINDOW_MS, CertificateOffice
from onebook_collector.certificates.rate_limit import RateLimit
from onebook_collector.certificates.settings import CertificateSettings
from onebook_collector.clock import utc
from onebook_collector.dashboard.app import create_app
from onebook_collector.early_warning.settings import WarningSettings
from onebook_collector.early_warning.store import EarlyWarningStore
from onebook_collector.early_warning.watcher import Watcher, rules_of
from onebook_collector.ingest.book_uploads import Booked, ReceivedUpload, book_journal_upload
from onebook_collector.ingest.decide import Pace
from onebook_collector.ingest.runner import IngestRunner
from onebook_collector.ledger.cursor import LogKey
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_collector.live_board import LiveBoard
from onebook_collector.metrics.sample import EventSamples, SampleBlock, Series
from onebook_collector.metrics.sqlite_store import SqliteStore
from onebook_collector.onlooker import Onlooker
from onebook_collector.proving.continuous import ContinuousVerifier
from onebook_collector.scope import Scope
from onebook_schemas.encoding import encode_upload
from onebook_schemas.uplink import Live, LiveReading
from tests.contract.ledger_events import NOON, body, furnish, log_of, upload

PROVINCE = Scope("33")
AMPLE = AccessSettings(requests_per_s=100_000, requests_burst=100_000)
PASSWORD = "correct horse battery staple"
PASSWORD_HASH = hash_password(PASSWORD, "somebody")


@dataclass
class HandClock:
    """Stands still until somebody moves it."""

    at_ms: int = NOON

    def now_ms(self) -> int:
        return self.at_ms


@dataclass
class RunningCentre:
    """The parts, and what edges would do to them."""

    centre: Centre
    app: FastAPI
    clock: HandClock
    onlooker: Onlooker
    _telemetry: dict[str, int] = field(default_factory=dict)
    _tokens: int = 0

    async def token(
        self, *, rights: Iterable[str] = ("read:*",), scope: Scope = PROVINCE, role: Role | None = None, days: int = 1
    ) -> dict[str, str]:
        """Headers of a request with a new token: of these rights, or of all that people of a role have."""
        self._tokens += 1
        given = RIGHTS[role] if role is not None else parse_rights(rights)
        name, now_ms = f"test-{self._tokens}", self.clock.at_ms
        text = await self.centre.administration.write(
            lambda connection: issue_token(connection, name, given, scope, now_ms, now_ms + days * 86_400_000)
        )
        return {"Authorization": f"Bearer {text}"}

    async def person(self, name: str = "liwei", role: Role = Role.PROVINCIAL_OPS, scope: Scope = PROVINCE) -> str:
        """Somebody who may sign in; gives the password."""
        await self.centre.administration.write(
            lambda connection: add_person(connection, name, role, scope, PASSWORD_HASH, self.clock.at_ms)
        )
        return PASSWORD

    async def signed_in(
        self, name: str = "liwei", role: Role = Role.PROVINCIAL_OPS, scope: Scope = PROVINCE
    ) -> dict[str, str]:
        """The cookie of a new person's session, as a browser keeps it."""
        await self.person(name, role, scope)
        secret = await self.centre.administration.write(
            lambda connection: begin_session(connection, name, "127.0.0.1", self.clock.at_ms)
        )
        return {"onebook": secret.text}

    async def register(self, work: Any = furnish) -> None:
        await self.centre.ledger.write(work)

    async def book(self, edge_id: str, *facts: dict[str, Any], age_ms: int = 1_000) -> Booked:
        """An upload of journal events that happened a moment ago. Screens hear of it."""
        return await self.send(edge_id, facts, age_ms=age_ms)

    async def send(
        self, edge_id: str, facts: Sequence[dict[str, Any]], *, age_ms: int, key: LogKey | None = None
    ) -> Booked:
        key, now_ms = key or log_of(edge_id), self.clock.at_ms

        def work(book: Any) -> Booked:
            cursor = book.cursor(key)
            first = cursor.accepted_through + 1
            lines = [body(first + n, fact, now_ms - age_ms) for n, fact in enumerate(facts)]
            sent = upload(key, first, cursor.head, lines)
            return book_journal_upload(book, ReceivedUpload(sent, encode_upload(sent), now_ms), Pace())

        booked = await self.centre.ledger.write(work)
        self.onlooker.see_booked(booked)
        return booked

    def live(self, edge_id: str, *readings: tuple[str, str, float | None], journal_waiting: int = 0) -> None:
        """A sign of life with (device, quantity, value)."""
        units = {"temperature_c": "CEL", "humidity_rh": "P1"}
        taken = tuple(
            LiveReading(device=device, quantity=quantity, unit=units[quantity], value=value)
            for device, quantity, value in readings
        )
        live = Live(
            edge_id=edge_id,
            wall_ms=self.clock.at_ms,
            clock_synchronised=True,
            readings=taken,
            journal_waiting=journal_waiting,
        )
        self.onlooker.see_live(live, self.clock.at_ms)

    async def measure(
        self, edge_id: str, device: str, quantity: str, samples: Sequence[tuple[int, float | None]]
    ) -> None:
        """Samples at (Unix ms, value), as one telemetry event."""
        through = self._telemetry[edge_id] = self._telemetry.get(edge_id, 0) + 1
        series = Series(edge_id, device, quantity, "CEL" if quantity.startswith("temp") else "P1")
        at_ms, values = tuple(at for at, _ in samples), tuple(value for _, value in samples)
        quality = {n: "sensor_fault" for n, value in enumerate(values) if value is None}
        block = SampleBlock(series, at_ms, values, quality)
        event = EventSamples(edge_id, "0123456789abcdef", through, self.clock.at_ms, (block,))
        await self.centre.metrics.write([event])


@contextlib.asynccontextmanager
async def running_centre(
    folder: Path, *, has_authority: bool = False, reload_command: tuple[str, ...] = ()
) -> AsyncIterator[RunningCentre]:
    """`has_authority`: it gives out certificates itself, and tells the broker of revocations by `reload_command`."""
    clock = HandClock()
    async with contextlib.AsyncExitStack() as stack:
        ledger = await SqlLedgerStore.open(folder / "ledger.db", clock=clock)
        stack.push_async_callback(ledger.close)
        metrics = await SqliteStore.open(folder / "metrics.db")
        stack.push_async_callback(metrics.close)
        warnings = await EarlyWarningStore.open(folder / "warnings.db")
        stack.push_async_callback(warnings.close)
        administration = await AdministrationStore.open(folder / "administration.db")
        stack.push_async_callback(administration.close)
        watcher = await Watcher.open(rules_of(WarningSettings()), warnings, clock.now_ms())
        board = LiveBoard()
        onlooker = Onlooker(board, watcher, metrics, clock)
        ingest = IngestRunner(("127.0.0.1", 1), "collector-test", ledger, metrics, onlooker, clock)
        verifier = ContinuousVerifier(ledger, clock, onlooker.see_book_checked, rest_s_min=0)
        office = await _office(folder, administration, clock, reload_command) if has_authority else None
        centre = Centre(ledger, metrics, administration, watcher, board, ingest, clock, verifier, certificates=office)
        yield RunningCentre(centre, create_app(centre, AMPLE), clock, onlooker)


async def _office(
    folder: Path, administration: AdministrationStore, clock: HandClock, reload_command: tuple[str, ...]
) -> CertificateOffice:
    """With an authority of its own, and patient with whoever tries codes."""
    authority = FileAuthority.create(folder / "ca", "test", b"secret", utc(clock.at_ms))
    settings, tries = (
        CertificateSettings(address="centre.example", reload_command=reload_command),
        RateLimit(1_000_000, TRIES_WINDOW_MS),
    )
    office = CertificateOffice(administration, authority, settings, folder / "crl.pem", clock, tries)
    await office.write_revocation_list()
    return office


@contextlib.asynccontextmanager
async def serving(running: RunningCentre) -> AsyncIterator[str]:
    """The address of a real server on a free port."""
    server = ApiServer(running.app, "127.0.0.1", 0)
    task = asyncio.create_task(server.run_until_cancelled())
    try:
        yield "http://{}:{}".format(*server.address)
    finally:
        task.cancel()
        await asyncio.wait({task})
