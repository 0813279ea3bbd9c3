"""Tag reads -> tags that came and went. A reader says a tag up to a hundred times a second; an event is a change of presence.

A tag arrives when it was read often enough, strongly enough, within a window: a neighbouring pallet is read once, weakly. It
departs after silence; any read, also a weak one, keeps it here. A missing tag is no proof of absence (liquid, metal,
shadowing), so nothing is booked out here. Tags that are not here yet are forgotten oldest first; a tag that would be one too
many is not let in, and `PresenceFull` says so once until there is room again.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeAlias

from onebook_edge.capture.settings import TagSettings
from onebook_edge.device import TagRead
from onebook_edge.machine import Instant, Woken


@dataclass(frozen=True, slots=True)
class TagArrived:
    device_id: str
    epc: str  # Upper-case hex.
    at: Instant
    rssi_dbm: int | None


@dataclass(frozen=True, slots=True)
class TagDeparted:
    device_id: str
    epc: str
    last_read_at: Instant


@dataclass(frozen=True, slots=True)
class PresenceFull:
    """More tags are here than are remembered: what the reader sees is not complete any more."""

    device_id: str
    at: Instant
    tags_max: int


PresenceOutput: TypeAlias = TagArrived | TagDeparted | PresenceFull


class TagPresence:
    """The tags in front of one reader."""

    def __init__(self, device_id: str, settings: TagSettings) -> None:
        self._device_id = device_id
        self._settings = settings
        self._here: OrderedDict[str, Instant] = OrderedDict()  # EPC -> last read; longest silence first.
        self._coming: OrderedDict[str, list[int]] = (
            OrderedDict()
        )  # EPC -> its counted reads (monotonic ms); oldest first.
        self._told_full = False

    @property
    def here(self) -> tuple[str, ...]:
        """The EPCs of the tags that are here, for a screen."""
        return tuple(self._here)

    def handle(self, message: TagRead | Woken, now: Instant) -> list[PresenceOutput]:
        outputs: list[PresenceOutput] = [*self._departures(now)]
        if isinstance(message, TagRead):
            outputs += self._read(message, now)
        return outputs

    def wakeup_at(self) -> int | None:
        for last_read_at in self._here.values():
            return last_read_at.monotonic_ms + self._settings.departed_after_ms
        return None

    def _departures(self, now: Instant) -> list[TagDeparted]:
        gone = []
        while (due_ms := self.wakeup_at()) is not None and due_ms <= now.monotonic_ms:
            epc, last_read_at = self._here.popitem(last=False)
            gone.append(TagDeparted(self._device_id, epc, last_read_at))
            self._told_full = False
        return gone

    def _read(self, read: TagRead, now: Instant) -> list[PresenceOutput]:
        if read.epc in self._here:
            self._here[read.epc] = now
            self._here.move_to_end(read.epc)
            return []
        if self._is_weak(read) or not self._read_often_enough(read.epc, now):
            return []
        if len(self._here) >= self._settings.tags_max:
            told, self._told_full = self._told_full, True
            return [] if told else [PresenceFull(self._device_id, now, self._settings.tags_max)]
        self._here[read.epc] = now
        return [TagArrived(self._device_id, read.epc, now, read.rssi_dbm)]

    def _is_weak(self, read: TagRead) -> bool:
        least = self._settings.rssi_dbm_min
        return least is not None and read.rssi_dbm is not None and read.rssi_dbm < least

    def _read_often_enough(self, epc: str, now: Instant) -> bool:
        """Count this read of a tag that is not here yet. A tag that was read often enough is no longer counted."""
        counted = self._coming.pop(epc, [])
        since_ms = now.monotonic_ms - self._settings.arrival_window_ms
        counted = [at_ms for at_ms in counted if at_ms > since_ms]
        if not counted or now.monotonic_ms - counted[-1] >= self._settings.same_read_ms:
            counted.append(now.monotonic_ms)
        if len(counted) >= self._settings.reads_min:
            return True
        self._coming[epc] = counted
        if len(self._coming) > self._settings.tags_max:
            self._coming.popitem(last=False)
        return False
