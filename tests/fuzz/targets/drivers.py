"""Byte drivers: recorded cases of each, spoiled; half of the time the checksum is made right again."""

from __future__ import annotations

import functools
import operator
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

from onebook_edge.catalog import DRIVERS
from onebook_edge.device import CodeScanned, Measured, Quality, Reading, Weighed
from tests.fuzz.bombardment import Hit, Target
from tests.fuzz.mutation import spoiled_bytes
from tests.unit.edge.drivers.cases import Case, all_cases
from tests.unit.edge.drivers.playing import START, Player

QUIET_MS = 5_000
TEXT_MAX = 10_000


def targets() -> Iterator[Target]:
    for driver, entry in DRIVERS.items():
        cases = [case for case in all_cases() if case.driver == driver]
        if entry.kind == "bytes":
            yield Target(f"driver-{driver}", _forge(cases), _open(cases), _recovers)


def _forge(cases: list[Case]) -> Callable[[Random], bytes]:
    reads = [read for case in cases for read in _bytes_of(case)]
    streams = [b"".join(_bytes_of(case)) for case in cases]
    repaired = _REPAIRS.get(cases[0].driver, lambda body: body)

    def forge(dice: Random) -> bytes:
        body = spoiled_bytes(dice.choice(reads if dice.random() < 0.6 else streams), streams, dice)
        return repaired(body) if dice.random() < 0.5 else body

    return forge


def _open(cases: list[Case]) -> Callable[[Random], Hit]:
    return lambda dice: _Listening(dice.choice(cases))


class _Listening:
    """A driver on a line where nothing good comes. The bytes arrive in reads of a length that follows from them."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.player = _opened(case)

    def __call__(self, body: bytes) -> str | None:
        player, before, faults = self.player, len(self.player.readings), self.player.faults.copy()
        size = 1 + zlib.crc32(body) % (len(body) or 1)
        for at in range(0, len(body), size):
            player.receive(body[at : at + size])
        player.wait(QUIET_MS)
        for reading in player.readings[before:]:
            _check(reading)
        if player.faults != faults:
            return ", ".join(sorted(player.faults - faults))
        return None if len(player.readings) > before else "no frame begins here"


def _check(reading: Reading) -> None:
    match reading:
        case Measured() | Weighed():
            assert reading.value is None or reading.value.is_finite()
            assert reading.value is not None or reading.quality not in (Quality.GOOD, Quality.UNSTABLE), reading
        case CodeScanned():
            assert len(reading.text) <= TEXT_MAX, len(reading.text)
        case _:
            pass


def _recovers(hit: Hit) -> None:
    """After all that, the driver hears what it would hear on its first day."""
    assert isinstance(hit, _Listening)
    hit.player.wait(QUIET_MS)
    hit.player.play(["closed", "opened"])
    before = len(hit.player.readings)
    again = [replace(one, observed_at=START) for one in hit.player.play(hit.case.lines).readings[before:]]
    fresh = [replace(one, observed_at=START) for one in _opened(hit.case).play(hit.case.lines).readings]
    assert again == fresh, f"heard {again} instead of {fresh}"


def _opened(case: Case) -> Player:
    return Player(DRIVERS[case.driver].build("device-1", case.settings))  # type: ignore[arg-type]


def _bytes_of(case: Case) -> list[bytes]:
    found = []
    for line in case.lines:
        try:
            found.append(bytes.fromhex(line))
        except ValueError:
            continue  # "wait 300", "closed": no bytes.
    return found


# Checksums ----------------------------------------------------------------------------------------------------------


def _r200(body: bytes) -> bytes:
    """The sum of the first frame is made right."""
    begin = min((at for at in (body.find(b"\xbb"), body.find(b"\xaa")) if at >= 0), default=-1)
    end = begin + 5 + int.from_bytes(body[begin + 3 : begin + 5], "big")
    if begin < 0 or end + 2 > len(body):
        return body
    return body[:end] + bytes((sum(body[begin + 1 : end]) & 0xFF,)) + body[end + 1 :]


def _yaohua(body: bytes) -> bytes:
    begin = body.find(b"\x02")
    if begin < 0 or len(body) < begin + 12:
        return body
    right = b"%02X" % functools.reduce(operator.xor, body[begin + 1 : begin + 9])
    return body[: begin + 9] + right + b"\x03" + body[begin + 12 :]


_REPAIRS: dict[str, Callable[[bytes], bytes]] = {"r200": _r200, "yaohua_tf0": _yaohua}
