"""Yaohua XK3190 indicators (A9, DS3, A23p, A26 ...) that send their display continuously (tF=0).

The format says nothing of stability, unit, gross or net, and has no overload flag: whoever books must watch the weight settle.
"""

from __future__ import annotations

from decimal import Decimal

from onebook_edge.device import (
    Closed,
    CommandAnswered,
    CommandGiven,
    DriverInput,
    DriverOutput,
    Faulted,
    Observed,
    Opened,
    Quality,
    Received,
    Weighed,
)
from onebook_edge.drivers.yaohua_tf0.codec import FrameCutter
from onebook_edge.drivers.yaohua_tf0.settings import YaohuaTf0Settings
from onebook_edge.machine import Instant, Woken

_NET = {"gross": False, "net": True, "unknown": None}


class YaohuaTf0:
    def __init__(self, device_id: str, settings: YaohuaTf0Settings) -> None:
        self._device_id = device_id
        self._settings = settings
        self._frames = FrameCutter()

    @property
    def buffered_bytes(self) -> int:
        return self._frames.buffered_bytes

    def handle(self, message: DriverInput, now: Instant) -> list[DriverOutput]:
        match message:
            case Opened() | Closed():
                self._frames.clear()
                return []
            case Received(data):
                if self._settings.eighth_bit == "parity":
                    data = bytes(byte & 0x7F for byte in data)
                return [self._output(weight, now) for weight in self._frames.feed(data)]
            case Woken():
                return []
            case CommandGiven(command):
                return [Observed(CommandAnswered(self._device_id, now, command, False, "not-supported"))]

    def wakeup_at(self) -> int | None:
        return None

    def _output(self, weight: Decimal | Faulted, now: Instant) -> DriverOutput:
        if isinstance(weight, Faulted):
            return weight
        net = _NET[self._settings.shows]
        return Observed(Weighed(self._device_id, now, weight, self._settings.unit, None, net, Quality.GOOD))
