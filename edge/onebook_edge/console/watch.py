"""Looks every few seconds at what a keeper must be told: remembers the climate, judges the alarms, tells the open pages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final

from onebook_edge.console.alarms import AlarmKind, Condition
from onebook_edge.console.desk import Desk
from onebook_edge.console.zones import breaches
from onebook_edge.links.device_status import Availability
from onebook_schemas.uplink import Stream

LOOK_EVERY_S: Final = 5.0
TALLY_EVERY_LOOKS: Final = 12
_FILLING: Final = 0.9


async def keep_watch(desk: Desk) -> None:
    """For ever."""
    while True:
        await desk.tally.read_on(desk.recorder.outbox)
        for _ in range(TALLY_EVERY_LOOKS):
            look(desk)
            await asyncio.sleep(LOOK_EVERY_S)


def look(desk: Desk) -> None:
    desk.climate.take(desk.readings)
    if desk.alarms.look(_conditions(desk), desk.clock.now().monotonic_ms):
        desk.board.stir()


def _conditions(desk: Desk) -> Iterator[Condition]:
    outbox = desk.recorder.outbox
    if desk.is_full:
        yield Condition(AlarmKind.DISK, "")
    elif outbox[Stream.JOURNAL].usage.used_bytes > _FILLING * outbox.budget_of(Stream.JOURNAL):
        yield Condition(AlarmKind.DISK_FILLING, "")
    for device, state in desk.recorder.device_states.items():
        if state.state is not Availability.AVAILABLE:
            yield Condition(AlarmKind.DEVICE, device)
    for zone in desk.zones:
        yield from breaches(zone, desk.readings)
    if stock := desk.stock():
        catalogue, now_ms = desk.recorder.pipeline.catalogue, desk.clock.now().monotonic_ms
        yield from desk.gate.unexplained(catalogue, lambda *piece: stock.place_of(*piece) is not None, now_ms)
