"""What a driver is, and what it says: readings.

A byte driver is a machine: bytes in, readings and bytes out. A Modbus driver only describes which registers it wants and
what they mean; the bus (`links/modbus_bus.py`) does the asking, because several devices share one line.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol, TypeAlias

from onebook_edge.machine import Instant, Woken


class Quality(enum.StrEnum):
    """How far a measured value can be trusted. Anything but `good` and `unstable` carries no value."""

    GOOD = "good"
    UNSTABLE = "unstable"  # The device says that the value is still moving.
    NOT_VALID = "not_valid"  # The device answered with a marker for "no value", or outside its range.
    OVERLOAD = "overload"
    UNDERLOAD = "underload"
    NO_ANSWER = "no_answer"  # Silence: a state of its own, never a zero.


@dataclass(frozen=True, slots=True)
class Measured:
    """A probe said: this quantity has this value now."""

    device_id: str
    observed_at: Instant
    quantity: str  # e.g. "temperature_c", "humidity_rh", "grain_temp_c": unit is the suffix, see `unit`
    value: Decimal | None  # None unless quality is good; digits as sent
    unit: str  # UN/ECE Rec. 20 code or "%": CEL, P1, KGM ...
    quality: Quality


@dataclass(frozen=True, slots=True)
class Weighed:
    """A scale said what lies on it. `stable` and `net` are None when the format does not tell."""

    device_id: str
    observed_at: Instant
    value: Decimal | None
    unit: str | None  # "kg", "g", "t", "lb"; None when neither frame nor settings tell
    stable: bool | None
    net: bool | None
    quality: Quality
    tare: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CodeScanned:
    """A scanner read one whole code. `text` still carries the AIM identifier if the scanner sends it; GS (1D) is kept."""

    device_id: str
    observed_at: Instant
    text: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class NothingRead:
    """A fixed-mount scanner triggered and saw no code."""

    device_id: str
    observed_at: Instant


@dataclass(frozen=True, slots=True)
class TagRead:
    """An RFID reader saw one tag once. `epc` is the EPC bank in upper-case hex, as long as the PC word says."""

    device_id: str
    observed_at: Instant
    epc: str
    rssi_dbm: int | None
    antenna: int | None = None


@dataclass(frozen=True, slots=True)
class CommandAnswered:
    """A device confirmed or refused a command of a person (tare, zero ...)."""

    device_id: str
    observed_at: Instant
    command: str
    accepted: bool
    reason: str | None = None


Reading: TypeAlias = Measured | Weighed | CodeScanned | NothingRead | TagRead | CommandAnswered


# What a byte driver takes -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opened:
    """The port is open; nothing is known of what lies in its buffers."""


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes of one read: half a frame, or three."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """The port is gone (unplugged, connection lost). A half frame dies with it."""


@dataclass(frozen=True, slots=True)
class CommandGiven:
    """A person asks the device for something: "tare", "zero", "clear_tare", "reread"."""

    command: str


DriverInput: TypeAlias = Opened | Received | Closed | CommandGiven | Woken


# What a byte driver gives -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes for the device."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Observed:
    """One reading."""

    reading: Reading


@dataclass(frozen=True, slots=True)
class Faulted:
    """A frame was begun and rejected, or the device reported a fault. Counted by reason; carries no value.

    Reasons are the class names of the device vectors: "bad-checksum", "bad-length", "truncated", "overrun" ...
    """

    reason: str
    detail: str = ""


DriverOutput: TypeAlias = Send | Observed | Faulted


class ByteDriver(Protocol):
    """A machine for one device on one byte stream. Built from its settings alone; holds no port and no clock."""

    def handle(self, message: DriverInput, now: Instant) -> list[DriverOutput]: ...

    def wakeup_at(self) -> int | None: ...


# Modbus -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RegisterRange:
    """One request: `count` registers of `function` (3 holding, 4 input) from the 0-based `address`."""

    function: int
    address: int
    count: int


@dataclass(frozen=True, slots=True)
class RegistersRead:
    """The answers to the ranges of one poll, by (function, address). A range that failed is absent and named in `failed`."""

    values: Mapping[tuple[int, int], int]
    failed: Mapping[RegisterRange, str]  # reason: "no-answer", "exception-2", "bad-length" ...
    read_at: Mapping[tuple[int, int], Instant] = field(default_factory=dict, compare=False)
    """When the answer with this register came; what is not named has the moment of the poll."""


class ModbusDriver(Protocol):
    """Describes a Modbus device. Decoding is pure; the bus asks, groups and keeps the line quiet after a failure."""

    def ranges(self) -> Sequence[RegisterRange]:
        """What to read in one poll, already grouped (gaps of at most four registers are closed)."""
        ...

    def decode(self, answer: RegistersRead, now: Instant) -> list[Observed | Faulted]: ...
