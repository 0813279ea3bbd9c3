"""The RFID reader of a work place: tags that come together are handed over together, once no new one comes."""

from __future__ import annotations

from onebook_edge.capture.dialogue_messages import TagsSeen
from onebook_edge.capture.settings import TagSettings
from onebook_edge.capture.tag_presence import PresenceFull, TagArrived, TagPresence
from onebook_edge.device import TagRead
from onebook_edge.machine import Instant, Woken

_TOGETHER_MAX = 500  # A stream of tags without a pause is handed over in parts.


class BenchTags:
    """Collects the tags that arrive at one reader."""

    def __init__(self, device_id: str, settings: TagSettings, quiet_ms: int) -> None:
        self._device_id = device_id
        self._presence = TagPresence(device_id, settings)
        self._quiet_ms = quiet_ms
        self._arrived: dict[str, None] = {}  # In the order of arrival.
        self._last_arrival_ms = 0

    def handle(self, message: TagRead | Woken, now: Instant) -> list[TagsSeen | PresenceFull]:
        seen = self._take_over() if self._is_quiet(now) else []
        full: list[PresenceFull] = []
        for output in self._presence.handle(message, now):
            if isinstance(output, TagArrived):
                self._arrived[output.epc] = None
                self._last_arrival_ms = now.monotonic_ms
            elif isinstance(output, PresenceFull):
                full.append(output)
        if len(self._arrived) >= _TOGETHER_MAX:
            seen += self._take_over()
        return [*seen, *full]

    def wakeup_at(self) -> int | None:
        due = [self._presence.wakeup_at(), self._last_arrival_ms + self._quiet_ms if self._arrived else None]
        return min((at for at in due if at is not None), default=None)

    def _is_quiet(self, now: Instant) -> bool:
        return bool(self._arrived) and now.monotonic_ms - self._last_arrival_ms >= self._quiet_ms

    def _take_over(self) -> list[TagsSeen]:
        seen = TagsSeen(tuple(self._arrived), self._device_id)
        self._arrived.clear()
        return [seen]
