"""The zones of this warehouse with the probes that watch them, and what is over a limit. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from onebook_edge.console.alarms import AlarmKind, Condition
from onebook_edge.device import Measured
from onebook_schemas.reference import Limits, SiteDocument

LIMITED: Final = {"temperature_c": "temperature_c", "grain_temp_c": "temperature_c", "humidity_rh": "humidity_rh"}
"""Which limit a quantity is held to."""


@dataclass(frozen=True, slots=True)
class WatchedZone:
    """`code` is empty for probes that no zone names."""

    code: str
    name_zh: str
    name_en: str
    limits: Limits
    probes: tuple[str, ...]


def zones_of(site: SiteDocument | None, readings: Iterable[Measured]) -> list[WatchedZone]:
    zones = [
        WatchedZone(one.code, one.name_zh, one.name_en, one.limits, one.probes) for one in (site.zones if site else ())
    ]
    placed = {probe for zone in zones for probe in zone.probes}
    others = sorted({one.device_id for one in readings if one.quantity in LIMITED} - placed)
    return zones + [WatchedZone("", probe, probe, Limits(), (probe,)) for probe in others]


def limits_of(zone: WatchedZone, quantity: str) -> tuple[float | None, float | None]:
    """Lowest and highest that is right."""
    name = LIMITED[quantity]
    return getattr(zone.limits, f"{name}_min"), getattr(zone.limits, f"{name}_max")


def breaches(zone: WatchedZone, readings: Sequence[Measured]) -> Iterator[Condition]:
    """One for each probe and quantity that is over a limit now. A probe that says nothing is another kind of trouble."""
    for one in readings:
        if one.device_id not in zone.probes or one.quantity not in LIMITED or one.value is None:
            continue
        low, high = limits_of(zone, one.quantity)
        value = float(one.value)
        limit = high if high is not None and value > high else low if low is not None and value < low else None
        if limit is not None:
            subject = f"{zone.code}/{one.device_id}/{one.quantity}"
            yield Condition(AlarmKind.CLIMATE, subject, f"{value:g}", f"{limit:g}")
