"""Standing by: what a keeper sees on passing by, and the alarms that somebody acknowledges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from onebook_edge.capture.china_day import day_of
from onebook_edge.console.desk import Desk, Expiring
from onebook_edge.console.doors import texts_for, visit_of
from onebook_edge.console.evidence import Evidence, OwnFacts, judge
from onebook_edge.console.forms import read_form
from onebook_edge.console.journal_tally import WINDOW_DAYS
from onebook_edge.console.rendering import page
from onebook_edge.console.standing_by import DeviceFacts, Facts, FreePlace, StandingBy, standing_by
from onebook_edge.console.work_view import mark_of
from onebook_edge.console.zones import WatchedZone, limits_of
from onebook_edge.device import CodeScanned, Measured, TagRead, Weighed
from onebook_schemas.encoding import decode
from onebook_schemas.envelope import JournalEvent
from onebook_schemas.uplink import Stream

_DAY_MS = 86_400_000


def routes(desk: Desk) -> Sequence[BaseRoute]:
    pages = HomePages(desk)
    return [
        Route("/", pages.show),
        Route("/now", pages.show_now),
        Route("/alarms", pages.acknowledge, methods=["POST"]),
    ]


class HomePages:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        return page(request, self._desk, "home.html", view=await self._view(request))

    async def show_now(self, request: Request) -> Response:
        """The part of the page that changes."""
        return page(request, self._desk, "now.html", view=await self._view(request))

    async def acknowledge(self, request: Request) -> Response:
        form = await read_form(request)
        if self._desk.alarms.acknowledge(form.get("alarm", ""), self._person(request)):
            self._desk.board.stir()
        return RedirectResponse("/", 303)

    def _person(self, request: Request) -> str:
        """Who acknowledges: whoever signed in on this screen, or works at this box."""
        actors = [one.state.actor for one in self._desk.dialogues.values() if one.state.actor]
        return visit_of(request).badge or (actors[0] if actors else "")

    async def _view(self, request: Request) -> StandingBy:
        return standing_by(
            await self._facts(),
            self._desk.climate,
            texts_for(request),
            self._desk.name_of,
            self._desk.recorder.pipeline.catalogue,
        )

    async def _facts(self) -> Facts:
        desk, outbox = self._desk, self._desk.recorder.outbox
        readings, zones = desk.readings, desk.zones
        since_ms = await self._waits_since_ms()
        today = day_of(desk.clock.now().wall_ms)
        return Facts(
            now=desk.clock.now(),
            is_connected=desk.is_connected(),
            is_synchronised=desk.clock.synchronised(),
            waiting=sum(outbox[stream].usage.waiting for stream in Stream),
            waits_since_ms=since_ms,
            used_bytes=outbox.used_bytes,
            budget_bytes=outbox.budget_bytes,
            is_full=desk.is_full,
            devices=list(self._devices(readings)),
            zones=zones,
            readings=readings,
            alarms=desk.alarms.all,
            tasks=desk.library.tasks.tasks if desk.library.tasks else None,
            free=self._free(),
            expiring=self._expiring(today),
            expiring_days=desk.near_expiry_days,
            today=today,
            evidence=self._evidence(zones, readings, since_ms),
        )

    def _free(self) -> Sequence[FreePlace]:
        """Work places whose sheet is empty; where somebody is, if there is one."""
        empty = {name: one for name, one in self._desk.dialogues.items() if one.sheet.action is None}
        there = {name: one for name, one in empty.items() if one.state.actor}
        return [FreePlace(name, mark_of(one.state, one.sheet)) for name, one in (there or empty).items()]

    def _expiring(self, today: date) -> Sequence[Expiring] | None:
        stock = self._desk.stock()
        return None if stock is None else stock.expiring_by(today + timedelta(days=self._desk.near_expiry_days))

    async def _waits_since_ms(self) -> int | None:
        """When the oldest journal record that waits was captured."""
        store = self._desk.recorder.outbox[Stream.JOURNAL]
        waiting = await store.load(store.position.delivered_through, 1, 1 << 20)
        return decode(JournalEvent, waiting[0].body).wall_ms if waiting else None

    def _devices(self, readings: Sequence[Measured]) -> Iterator[DeviceFacts]:
        recorder = self._desk.recorder
        for device in self._desk.devices:
            measured = [one for one in readings if one.device_id == device]
            heard = recorder.heard.get(device)
            said = [one.observed_at.monotonic_ms for one in measured]
            said += [heard.reading.observed_at.monotonic_ms] if heard else []
            text = _in_short(heard.reading) if heard else " · ".join(map(_measured, measured))
            yield DeviceFacts(device, recorder.device_states.get(device), text, max(said, default=None))

    def _evidence(
        self, zones: Sequence[WatchedZone], readings: Sequence[Measured], since_ms: int | None
    ) -> list[Evidence]:
        desk, now = self._desk, self._desk.clock.now()
        captured, by_hand = desk.tally.lines(now.wall_ms)
        counted_ms = desk.tally.counted_ms
        limited = [zone for zone in zones if any(limit is not None for q in _LIMITS for limit in limits_of(zone, q))]
        measured = {one.device_id for one in readings if one.value is not None}
        facts = OwnFacts(
            is_enrolled=desk.is_enrolled,
            devices_heard=len(desk.recorder.heard) + len(measured),
            people=len(desk.library.people.people) if desk.library.people else None,
            is_connected=desk.is_connected(),
            lines_captured=captured,
            lines_by_hand=by_hand,
            counted_days_ago=None if counted_ms is None else max(now.wall_ms - counted_ms, 0) // _DAY_MS,
            zones_with_limits=len(limited) if desk.library.site else None,
            zones_measured=sum(not measured.isdisjoint(zone.probes) for zone in limited),
            waits_ms=0 if since_ms is None else max(now.wall_ms - since_ms, 0),
        )
        return list(judge(facts))


_LIMITS = ("temperature_c", "humidity_rh")
assert WINDOW_DAYS == 90, "the texts of the evidence say so"


def _in_short(reading: object) -> str:
    match reading:
        case CodeScanned(text=text):
            return text[:40]
        case Weighed(value=value, unit=unit) if value is not None:
            return f"{value} {unit or ''}".strip()
        case TagRead(epc=epc):
            return epc
        case _:
            return ""


def _measured(one: Measured) -> str:
    return (
        ""
        if one.value is None
        else f"{one.value} {'℃' if one.unit == 'CEL' else '%' if one.unit == 'P1' else one.unit}"
    )
