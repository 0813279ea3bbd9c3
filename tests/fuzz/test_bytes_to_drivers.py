"""Goal: no bytes on a wire crash a driver, are taken for a reading, or pass unnoticed. 250 spoiled frames.

Method: each driver of the catalogue hears a good frame, a spoiled one and good ones again. A frame is spoiled in ways that its
format can notice: one without a checksum cannot tell a "3" that became a "7", and a frame without its head was never begun.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import cast

import pytest

from onebook_edge.catalog import DRIVERS
from onebook_edge.device import Faulted, ModbusDriver, Observed, Quality, RegisterRange, RegistersRead
from onebook_edge.links.modbus_frames import Fault, Framing, RtuFraming, TcpFraming, crc
from tests.unit.edge.drivers.cases import sample_settings
from tests.unit.edge.drivers.playing import START, Player

INPUTS = 250
SEED = 20261123
_UNIT = 1
_GIVES_UP_MS = 5_000

_BYTES = sorted(name for name, entry in DRIVERS.items() if entry.kind == "bytes")
_MODBUS = sorted(name for name, entry in DRIVERS.items() if entry.kind == "modbus")
_EACH = -(-INPUTS // len(DRIVERS))  # Rounded up.

Spoiler = Callable[[bytes, random.Random], bytes]


def _cut(frame: bytes, dice: random.Random) -> bytes:
    """The tail is missing: a power dip, a plug pulled."""
    return frame[: dice.randrange(2, len(frame) - 4)]


def _flipped(frame: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(2, len(frame))
    return frame[:at] + bytes([frame[at] ^ 1 << dice.randrange(8)]) + frame[at + 1 :]


def _lost_byte(frame: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(2, len(frame))
    return frame[:at] + frame[at + 1 :]


def _wrong_parity(frame: bytes, dice: random.Random) -> bytes:
    """Some eighth bits are set, the first of the number certainly; the end of the line is whole."""
    first = next(at for at, byte in enumerate(frame) if chr(byte).isdigit())
    spoiled = bytes(byte | 0x80 if at == first or dice.random() < 0.3 else byte for at, byte in enumerate(frame[:-2]))
    return spoiled + frame[-2:]


def _no_text(frame: bytes, dice: random.Random) -> bytes:
    return b"\xff" + dice.randbytes(dice.randrange(30)).translate(None, b"\r\n") + b"\r"


def _endless(frame: bytes, dice: random.Random) -> bytes:
    return b"7" * dice.randrange(9_000, 20_000) + b"\r"


@dataclass(frozen=True, slots=True)
class Wire:
    """A driver's good frame, how it can be spoiled, what must come before, and the silence between two frames."""

    good: bytes
    spoilers: tuple[Spoiler, ...]
    before: tuple[str, ...] = ()
    pause_ms: int = 0


_WIRES: Mapping[str, Wire] = {
    "mt_sics": Wire(b"S S      1.250 kg\r\n", (_cut, _wrong_parity)),
    "r200": Wire(
        bytes.fromhex("bb02220011c73000e28068900000500e88c6a4a7119b297e"),
        (_cut, _flipped, _lost_byte),
        before=("bb01280001002a7e", "bb01b6000100b87e"),  # Stopped; power set: now it polls.
    ),
    "serial_scanner": Wire(b"]C10109520000000011\r", (_cut, _no_text, _endless), pause_ms=1_500),
    "yaohua_tf0": Wire(b"\x02+0032600" + b"1C" + b"\x03", (_cut, _flipped, _lost_byte)),
}


@pytest.mark.parametrize("driver", _BYTES)
def test_a_spoiled_frame_is_counted_with_its_reason_and_the_next_good_one_is_read(driver: str) -> None:
    wire, dice = _WIRES[driver], random.Random(f"{SEED}/{driver}")
    for number in range(_EACH):
        player = Player(DRIVERS[driver].build("device-1", sample_settings(driver))).play(wire.before)
        spoiled = wire.spoilers[number % len(wire.spoilers)](wire.good, dice)
        for data in (wire.good, spoiled, wire.good, wire.good):
            player.receive(data)
            player.wait(wire.pause_ms)
        player.wait(_GIVES_UP_MS)
        # A frame without its end may swallow the one that is glued to it; never two.
        assert len(player.readings) in (2, 3), f"{number}: {spoiled.hex()} gave {player.readings}"
        assert len({replace(reading, observed_at=START) for reading in player.readings}) == 1, "a value nobody sent"
        assert player.faults, f"{number}: {spoiled.hex()} passed unnoticed"
        assert all(player.faults), "every fault has a reason"


def _rtu_answers(wanted: RegisterRange, dice: random.Random) -> bytes:
    """What may come over a serial line instead of an answer."""
    words = dice.randbytes(2 * wanted.count)
    good = bytes((_UNIT, wanted.function, len(words))) + words
    body = dice.choice(
        (
            bytes((_UNIT + 1,)) + good[1:],  # Another device.
            bytes((_UNIT, wanted.function ^ 7)) + good[2:],  # Another function.
            bytes((_UNIT, wanted.function | 0x80, dice.randrange(1, 12))),  # Declined.
            bytes((_UNIT, wanted.function, 2 * wanted.count + 2)) + words + b"\0\0",
            bytes((_UNIT, wanted.function, 0)),
        )
    )
    return dice.choice((body + crc(body), _flipped(good + crc(good), dice), _lost_byte(good + crc(good), dice), b""))


def _tcp_answers(wanted: RegisterRange, dice: random.Random) -> bytes:
    """What may come over TCP instead of an answer. The first transaction has the number 1."""
    words = dice.randbytes(2 * wanted.count)
    pdu = bytes((wanted.function, len(words))) + words
    length = (1 + len(pdu)).to_bytes(2, "big")
    unit = bytes((_UNIT,))
    return dice.choice(
        (
            b"\0\2\0\0" + length + unit + pdu,  # Another transaction.
            b"\0\1\0\0" + length + b"\7" + pdu,  # Another device.
            b"\0\1\0\1" + length + unit + pdu,  # Not Modbus.
            b"\0\1\0\0\xff\xff" + unit + pdu,  # A length that cannot be.
            b"\0\1\0\0" + length + unit + pdu[:-1],
            b"\0\1\0\0" + length + unit + bytes((pdu[0] ^ 7,)) + pdu[1:],
            b"\0\1\0\0" + length + unit + bytes((pdu[0], pdu[1] ^ 1)) + pdu[2:],
            b"\0\1\0\0\0\3" + unit + bytes((pdu[0] | 0x80, dice.randrange(1, 12))),
        )
    )


@pytest.mark.parametrize("driver", _MODBUS)
def test_a_wrong_answer_of_a_modbus_device_has_a_reason_and_gives_no_value(driver: str) -> None:
    dice = random.Random(f"{SEED}/{driver}")
    for number in range(_EACH):
        built = cast(ModbusDriver, DRIVERS[driver].build("device-1", sample_settings(driver)))
        ranges = built.ranges()
        is_rtu = number % 2 == 0
        failed = {}
        for wanted in ranges:
            answer = (_rtu_answers if is_rtu else _tcp_answers)(wanted, dice)
            fault = _ask(RtuFraming() if is_rtu else TcpFraming(), wanted, answer)
            failed[wanted] = fault.reason
            assert fault.reason, f"{number}: {answer.hex()}"
        for output in built.decode(RegistersRead({}, failed), START):
            if isinstance(output, Faulted):
                assert output.reason in failed.values()
                continue
            assert isinstance(output, Observed)
            assert output.reading.value is None and output.reading.quality is not Quality.GOOD  # type: ignore[union-attr]  # noqa: PT018


def _ask(framing: Framing, wanted: RegisterRange, answer: bytes) -> Fault:
    framing.request(_UNIT, wanted)
    heard = framing.receive(answer)
    if heard is None:
        return framing.give_up()
    assert isinstance(heard, Fault), f"{answer.hex()} was taken for {heard}"
    return heard
