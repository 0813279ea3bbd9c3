"""Plays what a device sent to its driver, and compares what the driver says with what was expected."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from onebook_edge.device import (
    ByteDriver,
    Closed,
    CommandGiven,
    DriverInput,
    DriverOutput,
    Faulted,
    Observed,
    Opened,
    Reading,
    Received,
    RegisterRange,
    RegistersRead,
    Send,
)
from onebook_edge.machine import Instant, Woken

START = Instant(monotonic_ms=1_000, wall_ms=1_780_000_000_000)


@dataclass
class Player:
    """A driver and all it said so far. Opened at once; time passes only in `wait`."""

    driver: ByteDriver
    now: Instant = START
    readings: list[Reading] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    sent: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.feed(Opened())

    def feed(self, message: DriverInput) -> None:
        self._note(self.driver.handle(message, self.now))

    def receive(self, data: bytes) -> None:
        self.feed(Received(data))

    def wait(self, milliseconds: int) -> None:
        end = self.now.monotonic_ms + milliseconds
        while (due := self.driver.wakeup_at()) is not None and due <= end:
            self.set_time(max(due, self.now.monotonic_ms))
            self.feed(Woken())
        self.set_time(end)

    def play(self, lines: Iterable[str]) -> Player:
        for line in lines:
            match line.split():
                case ["wait", milliseconds]:
                    self.wait(int(milliseconds))
                case ["command", command]:
                    self.feed(CommandGiven(command))
                case ["opened"]:
                    self.feed(Opened())
                case ["closed"]:
                    self.feed(Closed())
                case _:
                    self.receive(bytes.fromhex(line))
        return self

    def set_time(self, monotonic_ms: int) -> None:
        self.now = Instant(monotonic_ms, START.wall_ms + monotonic_ms - START.monotonic_ms)

    def _note(self, outputs: Iterable[DriverOutput]) -> None:
        for output in outputs:
            match output:
                case Observed(reading):
                    self.readings.append(reading)
                case Faulted(reason):
                    self.faults[reason] += 1
                case Send(data):
                    self.sent.append(data)


def assert_readings(readings: list[Any], expected: list[dict[str, Any]]) -> None:
    """Compare only what is named; decimals by value."""
    assert len(readings) == len(expected), readings
    for reading, named in zip(readings, expected, strict=True):
        said = {"is": type(reading).__name__, **dataclasses.asdict(reading)}
        for key, value in named.items():
            if isinstance(said[key], Decimal):
                assert said[key] == Decimal(value), (key, reading)
            else:
                assert said[key] == value, (key, reading)


# Modbus -------------------------------------------------------------------------------------------------------------


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS, low byte first on the wire."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def frame(hexadecimal: str) -> bytes:
    """A Modbus RTU frame without its CRC, which must be right."""
    data = bytes.fromhex(hexadecimal)
    assert crc16(data[:-2]) == int.from_bytes(data[-2:], "little"), hexadecimal
    return data[:-2]


def answers(transactions: Iterable[str]) -> RegistersRead:
    """What the bus makes of `request -> answer` lines."""
    values: dict[tuple[int, int], int] = {}
    failed: dict[RegisterRange, str] = {}
    for transaction in transactions:
        request_text, answer_text = transaction.split(" -> ")
        request = frame(request_text)
        asked = RegisterRange(request[1], int.from_bytes(request[2:4], "big"), int.from_bytes(request[4:6], "big"))
        if answer_text == "no-answer":
            failed[asked] = "no-answer"
            continue
        answer = frame(answer_text)
        if answer[1] & 0x80:
            failed[asked] = f"exception-{answer[2]}"
            continue
        assert answer[2] == len(answer) - 3 == 2 * asked.count
        for index in range(asked.count):
            word = answer[3 + 2 * index : 5 + 2 * index]
            values[asked.function, asked.address + index] = int.from_bytes(word, "big")
    return RegistersRead(values, failed)
