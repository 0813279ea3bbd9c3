"""The registers of an XY-MD02: input registers 1 and 2, two's complement (manual, table of input registers)."""

from __future__ import annotations

from decimal import Decimal

from onebook_edge.drivers.xy_md02.settings import XyMd02Settings
from onebook_edge.registers import Register


def table(settings: XyMd02Settings) -> tuple[Register, ...]:
    factor = Decimal(settings.factor)
    low, high = settings.temperature_c_min, settings.temperature_c_max
    return (
        Register(address=1, function=4, quantity="temperature_c", unit="CEL", factor=factor, minimum=low, maximum=high),
        # A capacitive sensor in saturated air says up to 102 %: passed on as sent, because clamped it would be a lie.
        Register(
            address=2,
            function=4,
            quantity="humidity_rh",
            unit="P1",
            factor=factor,
            minimum=Decimal(0),
            maximum=Decimal(102),
        ),
    )
