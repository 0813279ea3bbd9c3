"""Makes what a device sends go wrong, at stated rates, the same way for the same seed, and counts what it did.

A frame suffers at most one fault; one draw per frame decides which. Bytes never overtake one another: a late frame delays
what follows, as on a wire. What a device observes wrongly (drift, a frozen element) is in `truth.py` and in the devices.
"""

from __future__ import annotations

import enum
import random
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from onebook_firmware_sim.device import Device, DeviceInput, DeviceSends, Physical, PoweredOn


class Fault(enum.StrEnum):
    """What can befall a frame."""

    BIT_FLIPPED = "bit_flipped"  # One bit, anywhere.
    CUT = "cut"  # Only its beginning arrives.
    GARBAGE_BEFORE = "garbage_before"  # Some bytes of noise come first.
    LATE = "late"
    TRICKLED = "trickled"  # Byte by byte, with gaps.
    JOINED = "joined"  # Held back, then sent in one write with the next frame.
    SILENCE = "silence"  # It and all that follows for a time are not sent.
    SPOILED = "spoiled"  # One of the plan's spoilers makes it wrong in the device's own way.


Spoiler: TypeAlias = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """`rates`: share of frames that suffer each fault; together at most 1. Ranges are (least, most), drawn evenly.

    `spoilers`: e.g. `with_wrong_checksum` of the device; one is drawn for each spoiled frame.
    """

    rates: Mapping[Fault, float] = field(default_factory=dict)
    late_ms: tuple[int, int] = (200, 1500)
    silence_ms: tuple[int, int] = (1_000, 10_000)
    byte_gap_ms: tuple[int, int] = (2, 30)
    garbage_bytes: tuple[int, int] = (1, 12)
    joined_within_ms: int = 1_000  # A frame held back goes alone when no other follows in time.
    spoilers: tuple[Spoiler, ...] = ()

    def __post_init__(self) -> None:
        if any(rate < 0 for rate in self.rates.values()) or sum(self.rates.values()) > 1:
            raise ValueError(f"fault rates must be 0 or more and together at most 1: {dict(self.rates)}")
        if self.rates.get(Fault.SPOILED) and not self.spoilers:
            raise ValueError("a rate for spoiled frames needs at least one spoiler")


@dataclass(frozen=True, slots=True)
class Silenced(Physical):
    """From now on the device says nothing for so long: a loose plug, a dead supply behind a live adapter."""

    for_ms: int


class FaultyDevice(Device):
    """A device with faults. `plan` may be exchanged at any time; `counts` tells by fault, and by spoiler, what it did.

    `counts["swallowed"]` are the frames lost to silences.
    """

    def __init__(self, device: Device, plan: FaultPlan, dice: random.Random) -> None:
        self.device = device
        self.plan = plan
        self.counts: Counter[str] = Counter()
        self._dice = dice
        self._line: deque[tuple[int, bytes]] = deque()  # due, bytes of one write
        self._held = b""
        self._held_until_ms = 0
        self._silent_until_ms: int | None = None

    def handle(self, message: DeviceInput, now_ms: int) -> list[DeviceSends]:
        if isinstance(message, Silenced):
            self._silent_until_ms = now_ms + message.for_ms
        if isinstance(message, PoweredOn):
            self._line.clear()
            self._held = b""
        for frame in self.device.handle(message, now_ms):
            self._send(frame.data, now_ms)
        if self._held and now_ms >= self._held_until_ms:
            self._queue(self._take_held(), now_ms)
        return self._due(now_ms)

    def wakeup_at(self) -> int | None:
        times = [self.device.wakeup_at(), self._held_until_ms if self._held else None]
        times += [self._line[0][0]] if self._line else []
        return min((time for time in times if time is not None), default=None)

    def _send(self, frame: bytes, now_ms: int) -> None:
        fault = self._draw()
        if self._silent_until_ms is not None and now_ms < self._silent_until_ms:
            self.counts["swallowed"] += 1
            return
        if fault is None:
            self._queue(self._take_held() + frame, now_ms)
            return
        self.counts[fault] += 1
        self._suffer(fault, frame, now_ms)

    def _draw(self) -> Fault | None:
        point = self._dice.random()
        for fault, rate in self.plan.rates.items():
            if point < rate:
                return fault
            point -= rate
        return None

    def _suffer(self, fault: Fault, frame: bytes, now_ms: int) -> None:
        held = self._take_held()
        match fault:
            case Fault.SILENCE:
                self._queue(held, now_ms)
                self._silent_until_ms = now_ms + self._dice.randint(*self.plan.silence_ms)
                self.counts["swallowed"] += 1
            case Fault.JOINED:
                self._held = held + frame
                self._held_until_ms = now_ms + self.plan.joined_within_ms
            case Fault.LATE:
                self._queue(held + frame, now_ms + self._dice.randint(*self.plan.late_ms))
            case Fault.TRICKLED:
                self._queue(held, now_ms)
                for offset in range(len(frame)):
                    self._queue(frame[offset : offset + 1], now_ms)
                    now_ms += self._dice.randint(*self.plan.byte_gap_ms)
            case _:
                self._queue(held + self._changed(fault, frame), now_ms)

    def _changed(self, fault: Fault, frame: bytes) -> bytes:
        if fault is Fault.BIT_FLIPPED:
            changed = bytearray(frame)
            changed[self._dice.randrange(len(frame))] ^= 1 << self._dice.randrange(8)
            return bytes(changed)
        if fault is Fault.CUT:
            return frame[: self._dice.randrange(1, max(2, len(frame)))]
        if fault is Fault.GARBAGE_BEFORE:
            return self._dice.randbytes(self._dice.randint(*self.plan.garbage_bytes)) + frame
        spoiler = self._dice.choice(self.plan.spoilers)
        self.counts[spoiler.__name__] += 1
        return spoiler(frame)

    def _take_held(self) -> bytes:
        held, self._held = self._held, b""
        return held

    def _queue(self, data: bytes, due_ms: int) -> None:
        if data:
            last_ms = self._line[-1][0] if self._line else due_ms
            self._line.append((max(due_ms, last_ms), data))

    def _due(self, now_ms: int) -> list[DeviceSends]:
        sent = []
        while self._line and self._line[0][0] <= now_ms:
            sent.append(DeviceSends(self._line.popleft()[1]))
        return sent


def as_7e1_seen_through_8n1(frame: bytes) -> bytes:
    """A spoiler for text protocols: each character's even parity shows as bit 7."""
    return bytes(byte | (byte.bit_count() % 2) << 7 for byte in frame)
