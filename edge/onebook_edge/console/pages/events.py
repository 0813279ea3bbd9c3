"""What an open page is told while it is open (server-sent events): what a work place said, what lies on its scale."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import BaseRoute, Route

from onebook_edge.capture.settings import WeighingDevice
from onebook_edge.capture.unit_words import unit_words
from onebook_edge.console.alarm_words import AlarmRow
from onebook_edge.console.desk import Desk
from onebook_edge.console.doors import is_admitted, texts_for, visit_of
from onebook_edge.console.feedback import as_data
from onebook_edge.console.rendering import loudest
from onebook_edge.console.texts import Texts
from onebook_schemas.uplink import LiveReading

LOOK_EVERY_S = 0.25  # How old a weight on the screen may be.
IDLE_LOOK_S = 2.0
BEAT_EVERY_LOOKS = 40


def routes(desk: Desk) -> Sequence[BaseRoute]:
    async def show(request: Request) -> StreamingResponse:
        return StreamingResponse(_events(desk, request), media_type="text/event-stream")

    return [Route("/events", show)]


async def _events(desk: Desk, request: Request) -> AsyncIterator[str]:
    """First the number of the newest note: the page compares it with what it shows, and looks again if it is older."""
    texts = texts_for(request)
    place = request.query_params.get("place", "")
    place = place if place in desk.dialogues else ""
    scales = _scales_at(desk, place)
    heard = desk.board.number
    weight: dict[str, Any] | None = None
    alarm: AlarmRow | None = None
    looks = 0
    yield "retry: 1000\n" + _event("hello", {"number": heard})
    while not desk.stopping.is_set():
        if not _is_still_admitted(desk, request):
            yield _event("signed_out", {})
            return
        notes = desk.board.newer(place, heard) if place else []
        heard = desk.board.number
        for note in notes:
            yield _event("said", as_data(note.feedback, note.number, texts))
        if (loud := loudest(desk, texts)) != alarm or looks == 0:
            alarm = loud
            yield _event("alarm", {"text": f"{loud.text} · {loud.since}" if loud else ""})
        if scales and (now := _weight(desk, scales, texts)) != weight:
            weight = now
            yield _event("weight", weight or {})
        looks += 1
        if looks % BEAT_EVERY_LOOKS == 0:
            yield ": still here\n\n"  # Or a line that died is never noticed.
        if heard == desk.board.number:
            await desk.board.wait(LOOK_EVERY_S if scales else IDLE_LOOK_S)


def _is_still_admitted(desk: Desk, request: Request) -> bool:
    """Asked again and again: somebody who does nothing for too long is signed out while their page stays open."""
    desk.visits.find(visit_of(request).key, desk.clock.now().monotonic_ms, desk.idle_max_ms)
    return is_admitted(request.scope)


def _scales_at(desk: Desk, place: str) -> frozenset[str]:
    uses = desk.capture.devices.items()
    return frozenset(name for name, use in uses if isinstance(use, WeighingDevice) and use.work_place == place)


def _weight(desk: Desk, scales: frozenset[str], texts: Texts) -> dict[str, Any] | None:
    readings = [one for one in desk.recorder.pipeline.live() if one.device in scales]
    return _as_weight(readings[0], texts) if readings else None


def _as_weight(reading: LiveReading, texts: Texts) -> dict[str, Any]:
    is_stable = reading.quality == "good"
    return {
        "value": "–" if reading.value is None else f"{reading.value:,g}",
        "unit": texts.of(unit_words(None, reading.unit)),
        "state": "stable" if is_stable else "moving",
        "word": texts("weight_stable") if is_stable else texts("weight_moving"),
    }


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
