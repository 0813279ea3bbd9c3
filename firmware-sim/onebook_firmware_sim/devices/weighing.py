"""What every scale does before it says a weight: load cell, zero, tare, range, resolution and the keys on its terminal."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from onebook_firmware_sim.device import Physical
from onebook_firmware_sim.truth import Drift, LoadOnScale

KG_PER_UNIT = {"g": Decimal("0.001"), "kg": Decimal(1), "t": Decimal(1000)}

_OVER_MAX_DIVISIONS = 9  # OIML R 76: no weight is shown above Max + 9 e.
_BELOW_ZERO_DIVISIONS = 20
_ZERO_RANGE = Decimal("0.02")  # OIML R 76: zero may be set within 2 % of Max either side.
_SWAY_DIVISIONS = (0, 4, -3, 6, -5, 2, -4, 3)  # A moving load never shows one value twice running; no chance involved.
_SWAY_STEP_MS = 100


class Range(enum.Enum):
    """Where the load lies; only `WITHIN` is a weight."""

    WITHIN = "within"
    OVER = "over"
    UNDER = "under"


class Key(enum.StrEnum):
    ZERO = "zero"
    TARE = "tare"


@dataclass(frozen=True, slots=True)
class KeyPressed(Physical):
    """A person presses a key on the terminal. It does nothing while the load moves, as on the real ones."""

    key: Key


class Weighing:
    """`capacity` (Max) and `division` (d) are in the displayed unit. Methods that set something tell whether they did."""

    def __init__(
        self,
        load: LoadOnScale,
        *,
        capacity: Decimal,
        division: Decimal,
        unit: str = "kg",
        drift_kg: Drift | None = None,
    ) -> None:
        self.unit = unit
        self.tare = Decimal(0)
        self._load = load
        self._capacity_kg = capacity * KG_PER_UNIT[unit]
        self._division_kg = division * KG_PER_UNIT[unit]
        self._drift_kg = drift_kg or Drift(Decimal(0))
        self._zero_kg = Decimal(0)

    @property
    def moving(self) -> bool:
        return self._load.moving

    @property
    def division(self) -> Decimal:
        """In the displayed unit."""
        return self._division_kg / KG_PER_UNIT[self.unit]

    def gross(self, now_ms: int) -> Decimal:
        """Displayed unit, in whole divisions, with as many decimals as the division has."""
        return self.rounded(self._gross_kg(now_ms) / KG_PER_UNIT[self.unit])

    def net(self, now_ms: int) -> Decimal:
        return self.gross(now_ms) - self.tare

    def range(self, now_ms: int) -> Range:
        gross_kg = self._gross_kg(now_ms)
        if gross_kg > self._capacity_kg + _OVER_MAX_DIVISIONS * self._division_kg:
            return Range.OVER
        return Range.UNDER if gross_kg < -_BELOW_ZERO_DIVISIONS * self._division_kg else Range.WITHIN

    def rounded(self, value: Decimal) -> Decimal:
        divisions = (value / self.division).to_integral_value(ROUND_HALF_EVEN)
        return (divisions * self.division).quantize(self.division) + Decimal(0)  # Turns -0.00 into 0.00.

    def set_zero(self, now_ms: int) -> Range:
        """`WITHIN` when zero was set (which ends a tare), else on which side of the zero range the load lies."""
        measured_kg = self._measured_kg(now_ms)
        if abs(measured_kg) > _ZERO_RANGE * self._capacity_kg:
            return Range.OVER if measured_kg > 0 else Range.UNDER
        self._zero_kg = measured_kg
        self.tare = Decimal(0)
        return Range.WITHIN

    def set_tare(self, now_ms: int) -> Range:
        """`WITHIN` when the load became the tare; a load below zero cannot."""
        where = self.range(now_ms)
        gross = self.gross(now_ms)
        if where is Range.WITHIN and gross < 0:
            return Range.UNDER
        if where is Range.WITHIN:
            self.tare = gross
        return where

    def preset_tare(self, tare: Decimal) -> bool:
        """Displayed unit; False, and nothing changes, outside 0..Max."""
        if not tare.is_finite() or not 0 <= tare * KG_PER_UNIT[self.unit] <= self._capacity_kg:
            return False
        self.tare = self.rounded(tare)
        return True

    def press(self, key: Key, now_ms: int) -> None:
        if self.moving:
            return
        if key is Key.ZERO:
            self.set_zero(now_ms)
        elif self.tare:
            self.tare = Decimal(0)  # The key takes an existing tare off again.
        else:
            self.set_tare(now_ms)

    def switch_unit(self, unit: str) -> None:
        """A tare is kept as a weight, not as a number."""
        kept_kg = self.tare * KG_PER_UNIT[self.unit]
        self.unit = unit
        self.tare = self.rounded(kept_kg / KG_PER_UNIT[unit])

    def power_up(self) -> None:
        """The tare is lost; the zero of calibration counts again."""
        self.tare = Decimal(0)
        self._zero_kg = Decimal(0)

    def _gross_kg(self, now_ms: int) -> Decimal:
        return self._measured_kg(now_ms) - self._zero_kg

    def _measured_kg(self, now_ms: int) -> Decimal:
        measured_kg = self._load.kg + self._drift_kg.error(now_ms)
        if self.moving:
            measured_kg += _SWAY_DIVISIONS[now_ms // _SWAY_STEP_MS % len(_SWAY_DIVISIONS)] * self._division_kg
        return measured_kg
