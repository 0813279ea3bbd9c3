"""The registers of a RS-WS-N01 / PR-3000: holding registers 0 and 1, humidity first (manual, register table)."""

from __future__ import annotations

from decimal import Decimal

from onebook_edge.drivers.renke_pr3000.settings import RenkePr3000Settings
from onebook_edge.registers import Register

_TENTH = Decimal("0.1")


def table(settings: RenkePr3000Settings) -> tuple[Register, ...]:
    low, high = settings.temperature_c_min, settings.temperature_c_max
    return (
        # A capacitive sensor in saturated air says up to 102 %: passed on as sent, because clamped it would be a lie.
        Register(
            address=0,
            function=3,
            quantity="humidity_rh",
            unit="P1",
            factor=_TENTH,
            minimum=Decimal(0),
            maximum=Decimal(102),
        ),
        Register(address=1, function=3, quantity="temperature_c", unit="CEL", factor=_TENTH, minimum=low, maximum=high),
    )
