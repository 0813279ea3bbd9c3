"""The physical truth of one warehouse: what lies in which bin, how warm it is, what is on the scale and before the antenna.

All devices of the warehouse observe this one truth, and people change it. It knows nothing of books or documents.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from onebook_firmware_sim.goods import Goods, Tracking
from onebook_firmware_sim.truth import AntennaField, Climate, LoadOnScale

_WARMEST_HOUR = 15.0
_HUNDREDTH = Decimal("0.01")


class ImpossibleError(Exception):
    """Goods cannot do this: what is not there cannot be taken. The scenario is wrong."""


@dataclass(slots=True)
class Pile:
    """So much of one kind of goods in one bin, in base units; serials when each piece has one."""

    quantity: Decimal = Decimal(0)
    serials: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Part of a warehouse with air of its own, and its day: warmest and driest in the afternoon, mean plus or minus swing."""

    name: str
    bins: tuple[str, ...]
    storage_classes: frozenset[str]
    mean_c: float
    swing_c: float
    mean_rh: float
    swing_rh: float

    def climate_at(self, hour: float) -> tuple[float, float]:
        """Temperature and relative humidity at this hour of the day."""
        phase = math.cos((hour - _WARMEST_HOUR) * math.tau / 24)
        return self.mean_c + self.swing_c * phase, self.mean_rh - self.swing_rh * phase


class Warehouse:
    def __init__(self, zones: Iterable[Zone]) -> None:
        self.zones = tuple(zones)
        self.load = LoadOnScale()
        self.field = AntennaField()
        self.climates = {zone.name: Climate(Decimal(0), Decimal(0)) for zone in self.zones}
        self._heat_c = dict.fromkeys(self.climates, 0.0)
        self._piles: dict[str, dict[Goods, Pile]] = {name: {} for zone in self.zones for name in zone.bins}
        self.breathe(hour=0.0)

    # Goods ----------------------------------------------------------------------------------------------------------

    def put(self, bin_name: str, goods: Goods, quantity: Decimal, serials: Iterable[str] = ()) -> None:
        """Raises ImpossibleError for no amount, an unknown bin, a serial that lies somewhere already."""
        new = self._judged(bin_name, goods, quantity, serials)
        lying = {serial for pile in self._piles_of(goods) for serial in pile.serials}
        if lying & new:
            raise ImpossibleError(f"{goods.item.code} {sorted(lying & new)} lies in this warehouse already")
        pile = self._piles[bin_name].setdefault(goods, Pile())
        pile.quantity += quantity
        pile.serials |= new

    def take(self, bin_name: str, goods: Goods, quantity: Decimal, serials: Iterable[str] = ()) -> None:
        """Raises ImpossibleError for what is not there."""
        taken = self._judged(bin_name, goods, quantity, serials)
        pile = self._piles[bin_name].get(goods, Pile())
        if quantity > pile.quantity or taken - pile.serials:
            raise ImpossibleError(
                f"{bin_name} holds {pile.quantity} of {goods.item.code}: {quantity} {sorted(taken)} cannot be taken"
            )
        pile.quantity -= quantity
        pile.serials -= taken
        if not pile.quantity:
            del self._piles[bin_name][goods]

    def move(self, from_bin: str, to_bin: str, goods: Goods, quantity: Decimal, serials: Iterable[str] = ()) -> None:
        """All or nothing."""
        serials = tuple(serials)
        self._judged(to_bin, goods, quantity, serials)
        self.take(from_bin, goods, quantity, serials)
        self.put(to_bin, goods, quantity, serials)

    def count(self, bin_name: str) -> Mapping[Goods, Pile]:
        """What lies in the bin now, in the order in which it came."""
        return {goods: Pile(pile.quantity, set(pile.serials)) for goods, pile in self._piles[bin_name].items()}

    def zone_of(self, bin_name: str) -> Zone:
        return next(zone for zone in self.zones if bin_name in zone.bins)

    def _piles_of(self, goods: Goods) -> list[Pile]:
        return [piles[goods] for piles in self._piles.values() if goods in piles]

    def _judged(self, bin_name: str, goods: Goods, quantity: Decimal, serials: Iterable[str]) -> set[str]:
        serials = list(serials)
        if bin_name not in self._piles:
            raise ImpossibleError(f"there is no bin {bin_name}")
        if quantity <= 0:
            raise ImpossibleError(f"{quantity} of {goods.item.code} is no amount")
        if goods.item.tracking is Tracking.SERIAL and len(set(serials)) != quantity:
            raise ImpossibleError(f"{quantity} of {goods.item.code} have {quantity} serials, not {serials}")
        return set(serials)

    # Air ------------------------------------------------------------------------------------------------------------

    def breathe(self, hour: float) -> None:
        """The air follows the hour of the day, and whatever heats a zone."""
        for zone in self.zones:
            temperature_c, humidity_rh = zone.climate_at(hour)
            climate = self.climates[zone.name]
            climate.temperature_c = Decimal(temperature_c + self._heat_c[zone.name]).quantize(_HUNDREDTH)
            climate.humidity_rh = Decimal(humidity_rh).quantize(_HUNDREDTH)

    def heat(self, zone: str, by_c: float) -> None:
        """A fan fails, a door stands open: so much warmer than usual, until told 0."""
        self._heat_c[zone] = by_c
