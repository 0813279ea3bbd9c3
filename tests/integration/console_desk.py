"""The console's application on a real outbox, library and recorder, asked from the box or from the network."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx
from starlette.applications import Starlette

from onebook_edge.archive.archive import PaperArchive
from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.capture.pipeline import Pipeline
from onebook_edge.clock import SystemClock, new_movement_id
from onebook_edge.console.app import create_console
from onebook_edge.console.desk import Desk
from onebook_edge.console.photos import Photos
from onebook_edge.drafts_file import read_states
from onebook_edge.machine import Instant
from onebook_edge.outbox.outbox import Outbox
from onebook_edge.outbox.retention import DiskBudget
from onebook_edge.recorder import Recorder
from onebook_edge.reference.library import Library
from onebook_edge.reference.shelf import Shelf
from onebook_schemas.pins import hash_pin
from onebook_schemas.reference import PeopleDocument, PersonOnSite, ReferenceDocument
from tests.integration.test_recorder import CATALOGUE, SETTINGS

PIN, OTHER_PIN = "246810", "135790"
PEOPLE = PeopleDocument(
    version=1,
    people=(
        PersonOnSite(badge="1001", name="李敏", role="keeper", pin=hash_pin(PIN, bytes(16))),
        PersonOnSite(badge="1002", name="张建国", role="warehouse_head", pin=hash_pin(OTHER_PIN, bytes(range(16)))),
        PersonOnSite(badge="1003", name="周立", role="keeper"),
        PersonOnSite(badge="1004", name="王海涛", role="keeper", pin=hash_pin(PIN, bytes(16)), until=date(2025, 1, 2)),
    ),
)
_TOKEN = re.compile(r'data-token="([^"]+)"')


class HandClock(SystemClock):
    """The machine's clock, and what the test puts on top."""

    ahead_ms = 0

    def now(self) -> Instant:
        return Instant(*(moment + self.ahead_ms for moment in super().now()))


@dataclass
class Running:
    desk: Desk
    app: Starlette
    clock: HandClock

    def browser(self, address: str = "127.0.0.1", host: str = "box.lan:8080") -> Browser:
        return Browser(self.app, address, host)


class Browser:
    """Keeps cookies and the page's token, and says where its requests come from, as browsers do."""

    def __init__(self, app: Starlette, address: str, host: str) -> None:
        transport = httpx.ASGITransport(app, client=(address, 40_000))
        self.client = httpx.AsyncClient(transport=transport, base_url=f"http://{host}")
        self.token = ""

    async def get(self, path: str, **headers: str) -> httpx.Response:
        answer = await self.client.get(
            path, headers={"accept": "text/html", "sec-fetch-site": "same-origin", **headers}
        )
        if found := _TOKEN.search(answer.text):
            self.token = found[1]
        return answer

    async def post(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        origin = str(self.client.base_url).rstrip("/")
        said = {"origin": origin, "sec-fetch-site": "same-origin", **headers}
        return await self.client.post(path, data={"token": self.token, **fields}, headers=said)

    async def enter(self, code: str, mark: str = "") -> httpx.Response:
        return await self.post("/at/bench/enter", {"code": code, "mark": mark}, accept="application/json")

    async def sign_in(self, badge: str, pin: str, place: str = "bench") -> httpx.Response:
        await self.get(f"/sign-in?place={place}")
        answer = await self.post("/sign-in", {"badge": badge, "pin": pin, "place": place})
        if answer.status_code == 303:
            await self.get(answer.headers["location"])
        return answer


@contextlib.asynccontextmanager
async def running_desk(
    folder: Path, *documents: ReferenceDocument, budget: DiskBudget | None = None
) -> AsyncIterator[Running]:
    for document in documents:
        Shelf(folder / "reference").keep([document])
    clock = HandClock(trusted=True)
    outbox = await Outbox.open(folder, "edge-1", clock, budget)
    catalogue = Catalogue.from_csv_text(CATALOGUE.read_text(encoding="utf-8"))
    pipeline = Pipeline(SETTINGS, catalogue, new_movement_id, read_states(folder / "drafts.json", clock.now()))
    recorder = Recorder(outbox, pipeline, clock, folder / "drafts.json", "test")
    library = Library(folder / "reference", lambda name, version: None)
    task = asyncio.create_task(recorder.run())
    archive = PaperArchive(folder / "papers.db", outbox)
    desk = Desk(
        "edge-1",
        recorder,
        SETTINGS,
        clock,
        library,
        ["scanner-1", "probe-1"],
        archive,
        lambda: False,
        is_enrolled=False,
        photos=Photos(folder / "photos"),
    )
    try:
        yield Running(desk, create_console(desk, ("box.lan",)), clock)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await archive.close()
        await outbox.close()
