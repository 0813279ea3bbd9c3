"""A bench for one simulated device: virtual time, and a note of everything that it sent and when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from onebook_firmware_sim.device import Device, DeviceInput, HostSent, PoweredOn, Woken

_VECTORS = Path(__file__).parents[2] / "testdata" / "vectors"


class Bench:
    """Powers the device on at 0 ms; `sent` begins after that."""

    def __init__(self, device: Device) -> None:
        self.now_ms = 0
        self.sent: list[tuple[int, bytes]] = []
        self._device = device
        self.at_power_on = [output.data for output in device.handle(PoweredOn(), 0)]

    def tell(self, message: DeviceInput) -> None:
        self.sent += [(self.now_ms, output.data) for output in self._device.handle(message, self.now_ms)]

    def run(self, for_ms: int) -> None:
        until_ms = self.now_ms + for_ms
        while (wakeup_ms := self._device.wakeup_at()) is not None and wakeup_ms <= until_ms:
            assert wakeup_ms >= self.now_ms, "the device asks to be woken in the past"
            self.now_ms = wakeup_ms
            self.tell(Woken())
        self.now_ms = until_ms

    def ask(self, request: bytes, *, wait_ms: int = 1000) -> bytes:
        """What comes back within `wait_ms`, as one run of bytes."""
        before = len(self.sent)
        self.tell(HostSent(request))
        self.run(wait_ms)
        return b"".join(data for _, data in self.sent[before:])


def vectors(file: str) -> dict[str, dict[str, Any]]:
    """The device vectors of one file, by id."""
    content = json.loads((_VECTORS / file).read_text(encoding="utf-8"))
    return {vector["id"]: vector for vector in content["vectors"]}
