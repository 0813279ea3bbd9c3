"""Facilities: what the register says of a warehouse beside the book, and whether it counts in the 95 %. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from onebook_collector.coverage.rule import CoverageRule


class Level(enum.StrEnum):
    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"


class Kind(enum.StrEnum):
    COMPREHENSIVE_WAREHOUSE = "comprehensive_warehouse"
    GRAIN_DEPOT = "grain_depot"
    HEALTH_BASE = "health_base"
    RESCUE_DEPOT = "rescue_depot"
    FLOOD_DEPOT = "flood_depot"
    FOREST_FIRE_DEPOT = "forest_fire_depot"
    ENTERPRISE_STORE = "enterprise_store"  # Under agreement.
    TANK_FARM = "tank_farm"
    COAL_YARD = "coal_yard"
    TRANSFER_STATION = "transfer_station"
    OTHER = "other"


class Goods(enum.StrEnum):
    """Whose goods lie there."""

    GOVERNMENT = "government"
    MEDICAL_INSTITUTION = "medical_institution"
    ENTRUSTED = "entrusted"
    COMMERCIAL = "commercial"


COUNTED_LEVELS = frozenset({Level.PROVINCE, Level.PREFECTURE, Level.COUNTY})
COUNTED_KINDS = frozenset({
    Kind.COMPREHENSIVE_WAREHOUSE, Kind.GRAIN_DEPOT, Kind.HEALTH_BASE, Kind.RESCUE_DEPOT, Kind.FLOOD_DEPOT,
    Kind.FOREST_FIRE_DEPOT,
})  # fmt: skip
COUNTED_GOODS = frozenset({Goods.GOVERNMENT, Goods.MEDICAL_INSTITUTION, Goods.ENTRUSTED})


class Outside(enum.StrEnum):
    """Why a facility does not count."""

    LEVEL = "level"
    KIND = "kind"
    GOODS = "goods"
    NOT_ACTIVE = "not_active"
    NEW = "new"  # Not active for long enough.
    SAME_PLACE = "same_place"  # Three in one: the place counts once.
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Facility:
    """`counts_with`: the facility that stands for the same physical place (3合1); empty: it stands for itself."""

    site_id: str
    level: Level
    kind: Kind
    goods: frozenset[Goods]
    department: str = ""
    storage_area_m2: Decimal = Decimal(0)
    systems: tuple[str, ...] = ()
    counts_with: str = ""
    active_since: date | None = None
    removed_on: date | None = None
    removal_approval: str = ""
    removal_reason: str = ""


def outside(facility: Facility, on: date, rule: CoverageRule) -> Outside | None:
    """Why it does not count on this day; None: it does."""
    if facility.removed_on is not None and facility.removed_on <= on:
        return Outside.REMOVED
    found = _outside_for_good(facility)
    if found is None and facility.active_since is not None:
        is_new = on - facility.active_since < timedelta(days=rule.active_days_min)
        return Outside.NEW if is_new else None
    return found


def _outside_for_good(facility: Facility) -> Outside | None:
    """Without looking at the calendar."""
    if facility.level not in COUNTED_LEVELS:
        return Outside.LEVEL
    if facility.kind not in COUNTED_KINDS:
        return Outside.KIND
    if not facility.goods & COUNTED_GOODS:
        return Outside.GOODS
    if facility.active_since is None:
        return Outside.NOT_ACTIVE
    return Outside.SAME_PLACE if facility.counts_with else None


def is_removal(before: Facility, after: Facility) -> bool:
    """Whether this change takes out of scope what was in it, or would be: by any of its columns, not only `removed_on`."""
    if before.removed_on is not None or _outside_for_good(before) is not None:
        return False
    assert before.active_since is not None
    if _outside_for_good(after) is not None or after.removed_on is not None:
        return True
    assert after.active_since is not None
    return after.active_since > before.active_since  # It would be new once more.


def change_problems(before: Facility | None, after: Facility) -> Iterator[str]:
    """What the province must say first, so that nobody raises the share by deleting warehouses."""
    is_named = bool(after.removal_approval and after.removal_reason)
    if after.removed_on is not None and not is_named:
        yield "移出须写省级批准文号和原因 / a removal names the province's approval (removal_approval) and removal_reason"
    if before is None:
        return
    if before.removed_on is not None and after.removed_on is not None and before.removed_on != after.removed_on:
        yield f"已于 {before.removed_on} 移出，日期不得改 / was removed on {before.removed_on}; that date stays"
    if before.removed_on is None and after.removed_on is None and is_removal(before, after):
        yield (
            "此改动会使仓库不再计入覆盖率，须填 removed_on、removal_approval、removal_reason / this change takes the warehouse"
            " out of scope: give removed_on, removal_approval and removal_reason"
        )


def is_listed_removal(facility: Facility, on: date, rule: CoverageRule) -> bool:
    """Whether it was removed lately enough to be shown beside the share."""
    removed_on = facility.removed_on
    return removed_on is not None and removed_on <= on < removed_on + timedelta(days=rule.removed_listed_days)
