"""Facts to show: movements, sites and warnings as the API hands them to the page."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from onebook_collector.api.goods import ItemOut, LegOut, LineOut, MovementOut, Name, PlaceOut
from onebook_collector.api.picture import picture_of
from onebook_collector.dashboard.view import OverviewFacts, SiteFacts
from onebook_collector.early_warning.rule import EarlyWarning, Kind, Raised, Severity, Subject
from onebook_collector.live_board import EdgePresence
from onebook_schemas.uplink import LiveReading

NOW_MS = 1_790_000_000_000  # 2026-09-21 22:13:20 in China.
MINUTE_MS, HOUR_MS = 60_000, 3_600_000

TENT = ItemOut(code="LS01001", name=Name(zh="12平方米单帐篷", en="Tent, single layer"), unit="EA", unit_zh="顶")
RICE = ItemOut(code="LS05001", name=Name(zh="大米", en="Rice"), unit="TNE", unit_zh="吨")
SUPPLIER, UNEXPLAINED = PlaceOut(kind="supplier", site_id="wh-1"), PlaceOut(kind="unexplained", site_id="wh-1")


def shelf(code: str, status: str = "available") -> PlaceOut:
    return PlaceOut(kind="real", site_id="wh-1", bin=code, status=status, reserve_mode="government_reserve")


def line(item: ItemOut, *legs: tuple[PlaceOut, str], lot: str | None = None, serials: Iterable[str] = ()) -> LineOut:
    names = list(serials)
    return LineOut(
        line=1,
        item=item,
        legs=[LegOut(place=place, lot=lot, quantity=Decimal(quantity), serials=names) for place, quantity in legs],
    )


def movement(kind: str, *lines: LineOut, **more: Any) -> MovementOut:
    values = {
        "ledger_seq": 7,
        "movement_id": "00000000-0000-4000-8000-000000000007",
        "kind": kind,
        "site_id": "wh-1",
        "event_time": NOW_MS - MINUTE_MS,
        "time_quality": "synced",
        "recorded_at": NOW_MS,
        "actor": "张建国",
        "device": None,
        "source": "barcode",
        "reason": None,
        "document": None,
        "reverses": None,
        "reversed_by": None,
        "second_actor": None,
        "rotation": None,
        "papers": None,
        "corrects": None,
        "captured": None,
        "lines": list(lines),
        "count": None,
        "hash": "00" * 32,
    }
    return MovementOut(**(values | more))


def site(site_id: str, silent_ms: int | None, *, waiting: int = 0, readings: tuple[LiveReading, ...] = ()) -> SiteFacts:
    """A site with one edge that was heard so long ago."""
    edge_id = f"edge-of-{site_id}"
    last_seen_ms = None if silent_ms is None else NOW_MS - silent_ms
    presence = EdgePresence(edge_id, last_seen_ms, readings=readings, journal_waiting=waiting)
    edge = picture_of(site_id, [], presence, NOW_MS)
    return SiteFacts(
        site_id, Name(zh="一号库", en="Warehouse 1"), "330102", Name(zh="上城区", en="Shangcheng"), (edge,)
    )


def reading(quantity: str, value: float | None) -> LiveReading:
    return LiveReading(device="zone-a", quantity=quantity, unit="CEL", value=value)


def warning(severity: Severity = Severity.WARNING, site_id: str = "wh-1") -> EarlyWarning:
    values = {"value": 27.4, "limit": 25.0, "outside_since_at": NOW_MS - HOUR_MS}
    raised = Raised(Kind.ENVIRONMENT_BREACH, severity, "above_limit", values)
    return EarlyWarning("w-1", Subject("edge-1", site_id, "zone-a", "temperature_c"), raised, NOW_MS - HOUR_MS, NOW_MS)


def overview_facts(**more: Any) -> OverviewFacts:
    values: dict[str, Any] = {
        "now_ms": NOW_MS,
        "sites": [],
        "movements": [],
        "movements_today": 0,
        "movements_total": 0,
        "warnings": [],
        "quarantined": 0,
    }
    return OverviewFacts(**(values | more))
