"""Yaohua XK3190 indicators (A9, DS3 ...) in continuous mode tF=0, 9600 8N1: 12 bytes, about ten times a second, unasked.

`02 sign d1..d6 point xh xl 03`: digits of the displayed weight (net when a tare is set), point = decimals from the right,
XOR of bytes 2-9 as two hex digits. The frame carries no unit, no stability and no overload: a load above Max is sent like any
other as long as its digits fit; beyond six digits this simulation sends nothing (the manuals do not say). It takes no commands.
"""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from operator import xor

from onebook_firmware_sim.device import Device, DeviceInput, DeviceSends, PoweredOn
from onebook_firmware_sim.devices.weighing import KeyPressed, Weighing

_STX, _ETX = b"\x02", b"\x03"
_DIGITS = 6
_DECIMALS_MAX = 4


class YaohuaTf0(Device):
    """Sends from power-up on. The point stands where the scale's division has it: 20 kg no decimal, 0.05 kg two."""

    def __init__(self, weighing: Weighing, *, frame_interval_ms: int = 100) -> None:
        self.weighing = weighing
        self._decimals = len(f"{weighing.division:f}".partition(".")[2])
        if self._decimals > _DECIMALS_MAX:
            raise ValueError(f"a frame holds {_DECIMALS_MAX} decimals at most: division {weighing.division} has more")
        self._frame_interval_ms = frame_interval_ms
        self._next_frame_ms: int | None = None

    def handle(self, message: DeviceInput, now_ms: int) -> list[DeviceSends]:
        if isinstance(message, PoweredOn):
            self.weighing.power_up()
            self._next_frame_ms = now_ms + self._frame_interval_ms
        if isinstance(message, KeyPressed):
            self.weighing.press(message.key, now_ms)
        if self._next_frame_ms is None or now_ms < self._next_frame_ms:
            return []
        self._next_frame_ms = now_ms + self._frame_interval_ms
        return self._frame(self.weighing.net(now_ms))

    def wakeup_at(self) -> int | None:
        return self._next_frame_ms

    def _frame(self, shown: Decimal) -> list[DeviceSends]:
        digits = f"{abs(int(shown.scaleb(self._decimals))):0{_DIGITS}}"
        if len(digits) > _DIGITS:
            return []
        checked = f"{'-' if shown < 0 else '+'}{digits}{self._decimals}".encode("ascii")
        check = f"{reduce(xor, checked):02X}".encode("ascii")
        return [DeviceSends(_STX + checked + check + _ETX)]


def with_wrong_checksum(frame: bytes) -> bytes:
    """For `FaultPlan.spoilers`."""
    wrong = b"00" if frame[-3:-1] != b"00" else b"11"
    return frame[:-3] + wrong + _ETX
