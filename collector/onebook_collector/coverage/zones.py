"""Which readings are due: of every zone with goods that have limits, from each of its probes, for each limited quantity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, select

from onebook_collector.administration import furnishing_tables as t
from onebook_collector.coverage.evidence import Measured, ZoneReadings
from onebook_collector.coverage.rule import CoverageRule
from onebook_collector.furnishing.desk import SiteZone
from onebook_collector.metrics.store import FilledSlots

_NAMES = ("temperature", "grain_temp"), ("humidity",)
"""How quantities begin that measure what is limited: temperature, humidity."""


class ZonePlan(NamedTuple):
    """Of all sites: their zones, and in which of them a bin lies. Keys begin with the site."""

    zones: Mapping[tuple[str, str], SiteZone]
    zone_of_bin: Mapping[tuple[str, str], str]


def plan_zones(connection: Connection) -> ZonePlan:
    zones = connection.execute(select(t.site_zone))
    bins = connection.execute(select(*t.site_bin.c["site_id", "code", "zone"]).where(t.site_bin.c.zone.is_not(None)))
    return ZonePlan(
        {(row.site_id, row.code): SiteZone.model_validate_json(row.zone) for row in zones},
        {(row.site_id, row.code): row.zone for row in bins},
    )


def readings_of(
    site_id: str, plan: ZonePlan, limited: Mapping[str, tuple[int, int]], slots: FilledSlots, rule: CoverageRule
) -> Measured:
    """`limited`: bin -> stock lines that are limited in temperature, and in humidity."""
    lines: dict[str, Counter[int]] = {}
    outside = 0
    for bin_code, counts in limited.items():
        zone = plan.zone_of_bin.get((site_id, bin_code))
        if zone is None:
            outside += max(counts)
        else:
            lines.setdefault(zone, Counter()).update(dict(enumerate(counts)))
    each = rule.telemetry_days * 1_440 // rule.reading_minutes
    found = []
    for code, limits in sorted(lines.items()):
        received = [one for limit, names in enumerate(_NAMES) if limits[limit]
                    for one in _received(plan.zones[site_id, code], names, slots)]  # fmt: skip
        found.append(ZoneReadings(code, each * len(received), sum(min(one, each) for one in received)))
    return Measured(tuple(found), outside)


def _received(zone: SiteZone, names: tuple[str, ...], slots: FilledSlots) -> Iterator[int]:
    """Of each probe that measures it; what no probe measures is due all the same, and never comes."""
    probes = {(probe.edge_id, probe.device) for probe in zone.probes}
    measuring = [
        count
        for (edge_id, device, quantity), count in slots.items()
        if (edge_id, device) in probes and quantity.startswith(names)
    ]
    yield from measuring or [0]
