"""What lies in the warehouse of the day, as its labels say: GTINs of the catalogue, lots, and when they expire."""

from __future__ import annotations

from tests.browser.day.errands import label
from tests.unit.edge.capture.work_place import sgtin

TENT = label("09520000000011", "T1", "460630")  # LS01001, by the piece.
BED, BED_PACK = label("09520000000066", "B1"), label("19520000000063", "B1")  # LS01006, two to a pack.
MAT = label("09520000000073", "M1")  # LS01007
_QUILT, _QUILT_PACK = "09520000000110", "19520000000117"  # LS02001, ten to a pack.
BLANKET = label("09520000000134", "M8", "460630")  # LS02003
TOWEL = label("09520000000141", "P1")  # LS02004: 800 g each.
WATER, WATER_EXPIRED = label("09520000000226", "W2", "460131"), label("09520000000226", "W1", "250131")  # LS03001
BISCUIT = label("09520000000240", "S1", "460630")  # LS03003
SEED = label("09520000000639", "Z1", "460630")  # LS07001, by the kilogram.
_COMMAND_TENT, _TOILET = "09520000000042", "09520000000103"  # LS01004, LS01010: each with its serial.


def quilt(lot: str, expires: str) -> str:
    return label(_QUILT, lot, expires)


def quilt_pack(lot: str, expires: str) -> str:
    return label(_QUILT_PACK, lot, expires)


Q1, Q2 = quilt("Q1", "450630"), quilt("Q2", "460630")  # Q1 expires first.


def command_tent(serial: int) -> str:
    return f"01{_COMMAND_TENT}21{serial}"


def command_tent_tags(*serials: int) -> list[str]:
    return [sgtin(_COMMAND_TENT, serial) for serial in serials]


def toilet_tag(serial: int) -> str:
    return sgtin(_TOILET, serial)
