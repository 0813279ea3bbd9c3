"""One RS-485 pair with many devices: every byte reaches all of them, and who speaks at the same time garbles the other.

An answer occupies the wire for the time of its characters and reaches the host, and the other devices, at its end. A second
answer that begins meanwhile collides: the wire carries the AND of both, the later one shifted by at least one character
(no two devices have exactly the same latency). So two devices with one address give no readable answer.
The host is heard at once, even while a device speaks: what that would garble is not simulated.
"""

from __future__ import annotations

from collections.abc import Sequence

from onebook_firmware_sim.device import Device, DeviceInput, DeviceSends, HostSent

_US_PER_SECOND = 1_000_000
_BITS_PER_CHARACTER = 10  # 8N1


class ModbusLine(Device):
    """A composite device. Settings inside a device (its address, a fault) are changed on the device itself."""

    def __init__(self, devices: Sequence[Device], *, baud: int = 9600) -> None:
        self._devices = tuple(devices)
        self._character_us = _US_PER_SECOND * _BITS_PER_CHARACTER // baud
        self._on_wire = bytearray()
        self._began_ms = 0
        self._speakers: list[Device] = []

    def handle(self, message: DeviceInput, now_ms: int) -> list[DeviceSends]:
        delivered = self._end_transmission(now_ms)
        for device in self._devices:
            self._carry(device, device.handle(message, now_ms), now_ms)
        return delivered

    def wakeup_at(self) -> int | None:
        times = [time for device in self._devices if (time := device.wakeup_at()) is not None]
        if self._on_wire:
            times.append(self._ends_ms())
        return min(times, default=None)

    def _ends_ms(self) -> int:
        return self._began_ms - (-len(self._on_wire) * self._character_us // 1000)

    def _end_transmission(self, now_ms: int) -> list[DeviceSends]:
        if not self._on_wire or now_ms < self._ends_ms():
            return []
        data, speakers = bytes(self._on_wire), self._speakers
        self._on_wire.clear()
        self._speakers = []
        for device in self._devices:
            if device not in speakers:
                self._carry(device, device.handle(HostSent(data), now_ms), now_ms)
        return [DeviceSends(data)]

    def _carry(self, device: Device, frames: list[DeviceSends], now_ms: int) -> None:
        for frame in frames:
            if not self._on_wire:
                self._began_ms = now_ms
                self._on_wire += frame.data
            elif self._speakers == [device]:
                self._on_wire += frame.data  # It goes on speaking.
            else:
                self._collide(frame.data, now_ms)
            if device not in self._speakers:
                self._speakers.append(device)

    def _collide(self, data: bytes, now_ms: int) -> None:
        start = max(1, (now_ms - self._began_ms) * 1000 // self._character_us)
        missing = start + len(data) - len(self._on_wire)
        self._on_wire += b"\xff" * missing  # An idle wire reads as ones.
        for offset, byte in enumerate(data, start):
            self._on_wire[offset] &= byte
