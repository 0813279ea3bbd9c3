"""Sensors that are a table of Modbus registers: which to read, and what the words in them mean.

A driver of such a sensor is its table and a line that hands it to `RegisterTable`; asking is the bus's business.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import repeat
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from onebook_edge.device import Faulted, Measured, Observed, Quality, RegisterRange, RegistersRead
from onebook_edge.machine import Instant

RegisterType = Literal["int16", "uint16", "int32", "uint32", "float32"]
ByteOrder = Literal["ABCD", "CDAB", "BADC", "DCBA"]
BelowZero = Literal["twos_complement", "10000_plus"]

_SIGN: Mapping[RegisterType, int] = {"int16": 0x8000, "int32": 0x8000_0000}  # From here on below zero.
# What sensors send for "no value": the smallest and the largest number, and all ones (probe missing, reset, dead bus).
_MARKERS: Mapping[RegisterType, frozenset[int]] = {
    "int16": frozenset({0x8000, 0x7FFF, 0xFFFF}),
    "uint16": frozenset({0x8000, 0x7FFF, 0xFFFF}),
    "int32": frozenset({0x8000_0000, 0x7FFF_FFFF, 0xFFFF_FFFF}),
    "uint32": frozenset({0xFFFF_FFFF}),
    "float32": frozenset(),  # NaN and the infinities are "no value" by themselves.
}
_GAP_MAX = 4  # An unread register costs two characters, a transaction of its own fifteen and two gaps.


class ModbusSettings(BaseModel):
    """What every Modbus sensor is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit_id: int = Field(
        default=1,
        ge=0,
        le=255,
        description="Address of the device on its line; a Modbus TCP device alone often wants 255.",
    )
    poll_interval_ms: int = Field(
        default=10_000, ge=20, le=3_600_000, description="Time from one poll of the device to the next."
    )


class Register(BaseModel):
    """One quantity that a sensor measures. `value = raw * factor + offset`; outside minimum..maximum it is not valid."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: int = Field(ge=0, le=65_535, description="Address of the first register, from 0 (a manual's 40001 is 0).")
    function: Literal[3, 4] = Field(default=3, description="3 for holding registers, 4 for input registers.")
    type: RegisterType = Field(
        default="int16", description="What number the register, or the pair of registers, holds."
    )
    byte_order: ByteOrder = Field(
        default="ABCD", description="Order of the bytes on the line; CDAB sends the low word of a pair first."
    )
    factor: Decimal = Field(default=Decimal(1), description="What the number is multiplied by, e.g. 0.1.")
    offset: Decimal = Field(default=Decimal(0), description="What is added after the factor.")
    below_zero: BelowZero = Field(
        default="twos_complement", description="How numbers below zero are sent: 10000_plus means 10100 is -100."
    )
    quantity: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,63}$", description="What is measured, unit last, e.g. temperature_c or humidity_rh."
    )
    unit: str = Field(pattern=r"^[A-Z0-9]{2,3}$", description="UN/ECE Rec. 20 code of the unit, e.g. CEL, P1 or KGM.")
    invalid_raw: frozenset[int] | None = Field(
        default=None, description="Raw values that mean 'no value'; not given: the usual 8000h, 7FFFh and FFFFh."
    )
    minimum: Decimal | None = Field(default=None, description="Lowest value that the sensor can measure.")
    maximum: Decimal | None = Field(default=None, description="Highest value that the sensor can measure.")

    @property
    def words(self) -> int:
        return 1 if self.type in ("int16", "uint16") else 2

    @model_validator(mode="after")
    def _range_is_a_range(self) -> Register:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"{self.quantity}: minimum lies above maximum; swap them")
        return self


class RegisterTable:
    """A ModbusDriver for one table. `unit_id` and `poll_interval_ms` are for the bus that does the asking."""

    def __init__(
        self, device_id: str, settings: ModbusSettings, registers: Sequence[Register], *, registers_max: int = 124
    ) -> None:
        """`registers_max`: the most registers of one request (the standard's 125, or the device's own limit)."""
        self.unit_id, self.poll_interval_ms = settings.unit_id, settings.poll_interval_ms
        self._device_id = device_id
        self._registers = tuple(registers)
        self._places = [tuple((one.function, one.address + i) for i in range(one.words)) for one in self._registers]
        self._ranges = tuple(_grouped(self._registers, registers_max))

    def ranges(self) -> Sequence[RegisterRange]:
        return self._ranges

    def decode(self, answer: RegistersRead, now: Instant) -> list[Observed | Faulted]:
        """One reading per register of the table, also for those that gave no value. Silence is no fault but a quality."""
        faults = [Faulted(reason, _named(failed)) for failed, reason in answer.failed.items() if reason != "no-answer"]
        measured = map(self._measured, self._registers, self._places, repeat(answer), repeat(now))
        return [*faults, *map(Observed, measured)]

    def _measured(
        self, register: Register, places: Sequence[tuple[int, int]], answer: RegistersRead, now: Instant
    ) -> Measured:
        words = [answer.values[place] for place in places if place in answer.values]
        value = decode_words(register, words) if len(words) == len(places) else None
        if value is not None:
            quality = Quality.GOOD
        else:
            quality = Quality.NO_ANSWER if _was_silence(register, answer) else Quality.NOT_VALID
        at = answer.read_at.get(places[-1], now)
        return Measured(self._device_id, at, register.quantity, value, register.unit, quality)


def decode_words(register: Register, words: Sequence[int]) -> Decimal | None:
    """The value in the words; None for a marker of "no value", NaN, or a value that the sensor cannot have measured."""
    kind = register.type
    if len(words) == 1 and register.byte_order in ("ABCD", "CDAB"):
        raw = words[0]
    else:
        raw = int.from_bytes(_in_order(words, register.byte_order), "big")
    if raw in (_MARKERS[kind] if register.invalid_raw is None else register.invalid_raw):
        return None
    if kind == "float32":
        number = struct.unpack(">f", raw.to_bytes(4, "big"))[0]
        if not math.isfinite(number):
            return None
        digits = _shortest_decimal(number)
    else:
        signed = raw - 2 * _SIGN[kind] if kind in _SIGN and raw >= _SIGN[kind] else raw
        digits = Decimal(_below_zero(signed) if register.below_zero == "10000_plus" else signed)
    value = digits * register.factor + register.offset
    too_low = register.minimum is not None and value < register.minimum
    too_high = register.maximum is not None and value > register.maximum
    return None if too_low or too_high else value


def _in_order(words: Sequence[int], byte_order: ByteOrder) -> bytes:
    """The bytes of the words, most significant first. CDAB: low word first; BADC: low byte first; DCBA: both."""
    if byte_order in ("CDAB", "DCBA"):
        words = list(reversed(words))
    return b"".join(word.to_bytes(2, "little" if byte_order in ("BADC", "DCBA") else "big") for word in words)


def _below_zero(number: int) -> int:
    """KinCony's spelling of numbers below zero, 10000 + their magnitude: 10100 is -100 (KinCony SHT30 page)."""
    return 10_000 - number if number >= 10_000 else number


def _shortest_decimal(number: float) -> Decimal:
    """The fewest digits that name this 32-bit float: 41 45 70 A4 is 12.34, not 12.340000152587890625."""
    wanted = struct.pack(">f", number)
    for digits in range(6, 9):  # Six digits or fewer always survive the way through 32 bits.
        text = f"{number:.{digits}g}"
        if struct.pack(">f", float(text)) == wanted:
            return Decimal(text)
    return Decimal(f"{number:.9g}")  # Nine digits always tell two of them apart.


def _grouped(registers: Sequence[Register], registers_max: int) -> list[RegisterRange]:
    """As few requests as possible: neighbours up to four registers apart share one."""
    ranges: list[RegisterRange] = []
    for register in sorted(registers, key=lambda register: (register.function, register.address)):
        joined = _joined(ranges[-1], register, registers_max) if ranges else None
        if joined is not None:
            ranges[-1] = joined
        else:
            ranges.append(RegisterRange(register.function, register.address, register.words))
    return ranges


def _joined(last: RegisterRange, register: Register, registers_max: int) -> RegisterRange | None:
    count = max(last.count, register.address + register.words - last.address)
    near = register.address - (last.address + last.count) <= _GAP_MAX
    if register.function != last.function or not near or count > registers_max:
        return None
    return RegisterRange(last.function, last.address, count)


def _was_silence(register: Register, answer: RegistersRead) -> bool:
    reasons = [reason for failed, reason in answer.failed.items() if _covers(failed, register)]
    return bool(reasons) and all(reason == "no-answer" for reason in reasons)


def _covers(failed: RegisterRange, register: Register) -> bool:
    overlap = failed.address < register.address + register.words and register.address < failed.address + failed.count
    return failed.function == register.function and overlap


def _named(failed: RegisterRange) -> str:
    return f"function {failed.function}, registers {failed.address} to {failed.address + failed.count - 1}"
