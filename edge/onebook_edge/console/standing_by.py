"""The home screen: facts and a language in, texts and drawings out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from onebook_edge.capture.catalogue import Catalogue, Item
from onebook_edge.capture.unit_words import unit_words
from onebook_edge.capture.view_choices import code_of
from onebook_edge.console.alarm_words import AlarmRow, alarm_row
from onebook_edge.console.alarms import Alarm
from onebook_edge.console.climate_curve import Curve, draw
from onebook_edge.console.climate_memory import ClimateMemory, SeriesKey
from onebook_edge.console.desk import Expiring
from onebook_edge.console.evidence import Evidence
from onebook_edge.console.moments import clock_time, span
from onebook_edge.console.texts import Texts
from onebook_edge.console.zones import LIMITED, WatchedZone, limits_of
from onebook_edge.device import Measured
from onebook_edge.links.device_status import Availability, DeviceState
from onebook_edge.machine import Instant
from onebook_schemas.reference import Task

MIB: Final = 1024 * 1024
TASKS_SHOWN_MAX: Final = 12
EXPIRING_SHOWN_MAX: Final = 12
_SPAN_MIN: Final = {"temperature_c": 6.0, "grain_temp_c": 6.0, "humidity_rh": 12.0}


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    device: str
    state: DeviceState | None  # None: it has not said anything yet.
    reading: str  # What it said last, "" for nothing.
    said_ms: int | None  # When, monotonic.


@dataclass(frozen=True, slots=True)
class FreePlace:
    """A work place whose sheet is empty: a task may begin there. `mark`: of that sheet."""

    name: str
    mark: str


@dataclass(frozen=True, slots=True)
class Facts:
    now: Instant
    is_connected: bool
    is_synchronised: bool
    waiting: int
    waits_since_ms: int | None  # Unix ms of the oldest record that waits.
    used_bytes: int
    budget_bytes: int
    is_full: bool
    devices: Sequence[DeviceFacts]
    zones: Sequence[WatchedZone]
    readings: Sequence[Measured]
    alarms: Sequence[Alarm]
    tasks: Sequence[Task] | None
    free: Sequence[FreePlace]
    expiring: Sequence[Expiring] | None
    expiring_days: int
    today: date
    evidence: Sequence[Evidence]


@dataclass(frozen=True, slots=True)
class Tile:
    """`tone`: good, look, bad; a word says the same."""

    name: str
    value: str
    detail: str
    tone: str


@dataclass(frozen=True, slots=True)
class DeviceRow:
    name: str
    tone: str
    word: str
    reading: str
    advice: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A quantity of a zone."""

    name: str
    now: str
    limits: str
    is_over: bool
    curve: Curve | None
    summary: str


@dataclass(frozen=True, slots=True)
class ZoneCard:
    name: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class TaskRow:
    title: str
    number: str
    detail: str
    is_urgent: bool
    code: str | None  # That begins it.


@dataclass(frozen=True, slots=True)
class ExpiryRow:
    tone: str
    name: str
    amount: str
    detail: str


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    tone: str
    name: str
    word: str
    text: str


@dataclass(frozen=True, slots=True)
class StandingBy:
    clock: str
    tiles: tuple[Tile, ...]
    alarms: tuple[AlarmRow, ...]
    devices: tuple[DeviceRow, ...]
    zones: tuple[ZoneCard, ...]
    tasks: tuple[TaskRow, ...] | None
    free: tuple[FreePlace, ...]
    expiring: tuple[ExpiryRow, ...] | None
    expiring_days: int
    evidence: tuple[EvidenceRow, ...]


def standing_by(
    facts: Facts,
    climate: ClimateMemory,
    texts: Texts,
    name_of: Callable[[str], str],
    catalogue: Catalogue,
) -> StandingBy:
    """`name_of`: a person by badge."""
    return StandingBy(
        clock=clock_time(facts.now.wall_ms),
        tiles=(_connection(facts, texts), _clock(facts, texts), _disk(facts, texts)),
        alarms=tuple(alarm_row(one, facts.zones, facts.now, texts, name_of) for one in facts.alarms),
        devices=tuple(_device(one, facts.now, texts) for one in facts.devices),
        zones=tuple(_zone(one, facts, climate, texts) for one in facts.zones),
        tasks=None if facts.tasks is None else tuple(_task(one, texts) for one in facts.tasks[:TASKS_SHOWN_MAX]),
        free=tuple(facts.free),
        expiring=None
        if facts.expiring is None
        else tuple(
            _expiring(one, facts.today, texts, catalogue.by_code(one.item))
            for one in facts.expiring[:EXPIRING_SHOWN_MAX]
        ),
        expiring_days=facts.expiring_days,
        evidence=tuple(_evidence(one, texts) for one in facts.evidence),
    )


def _connection(facts: Facts, texts: Texts) -> Tile:
    waits = texts("tile_waiting", count=f"{facts.waiting:,}") if facts.waiting else texts("tile_waiting_none")
    if facts.waiting and facts.waits_since_ms is not None:
        waits += texts("tile_waiting_since", span=span(facts.now.wall_ms - facts.waits_since_ms, texts))
    if facts.is_connected:
        return Tile(texts("tile_line"), texts("tile_line_up"), waits, "good")
    return Tile(texts("tile_line"), texts("tile_line_down"), f"{waits}{texts('tile_line_down_hint')}", "look")


def _clock(facts: Facts, texts: Texts) -> Tile:
    value = clock_time(facts.now.wall_ms)
    if facts.is_synchronised:
        return Tile(texts("tile_clock"), value, texts("tile_clock_good"), "good")
    return Tile(texts("tile_clock"), value, texts("tile_clock_free"), "look")


def _disk(facts: Facts, texts: Texts) -> Tile:
    percent = facts.used_bytes * 100 // max(facts.budget_bytes, 1)
    detail = texts("tile_disk_detail", used=f"{facts.used_bytes // MIB:,}", budget=f"{facts.budget_bytes // MIB:,}")
    if facts.is_full:
        return Tile(texts("tile_disk"), texts("tile_disk_full"), texts("tile_disk_full_hint"), "bad")
    return Tile(texts("tile_disk"), f"{percent} %", detail, "look" if percent >= 90 else "good")


def _device(one: DeviceFacts, now: Instant, texts: Texts) -> DeviceRow:
    said = texts("device_nothing_yet")
    if one.said_ms is not None:
        age = span(now.monotonic_ms - one.said_ms, texts)
        said = texts("device_said", reading=one.reading, span=age) if one.reading else texts("device_said_at", span=age)
    if one.state is None:
        return DeviceRow(one.device, "look", texts("device_unknown"), said, "")
    if one.state.state is Availability.AVAILABLE:
        return DeviceRow(one.device, "good", texts("device_available"), said, "")
    advice = texts.of(one.state.reason) if one.state.reason else ""
    word = texts("device_silent") if one.state.state is Availability.SILENT else texts("device_unavailable")
    return DeviceRow(one.device, "bad", word, said, advice)


def _zone(zone: WatchedZone, facts: Facts, climate: ClimateMemory, texts: Texts) -> ZoneCard:
    measured = {one.quantity for one in facts.readings if one.device_id in zone.probes and one.quantity in LIMITED}
    panels = tuple(_panel(zone, quantity, facts, climate, texts) for quantity in sorted(measured, reverse=True))
    return ZoneCard(texts.choose(zone.name_zh, zone.name_en), panels)


def _panel(zone: WatchedZone, quantity: str, facts: Facts, climate: ClimateMemory, texts: Texts) -> Panel:
    low, high = limits_of(zone, quantity)
    now_ms = facts.now.monotonic_ms
    series = [climate.of(SeriesKey(probe, quantity), now_ms) for probe in zone.probes]
    values = [float(one.value) for one in facts.readings if _is_of(one, zone, quantity) and one.value is not None]
    unit = texts(f"climate_unit_{LIMITED[quantity]}")
    over = [value for value in values if (high is not None and value > high) or (low is not None and value < low)]
    now = f"{_range(values)} {unit}" if values else texts("climate_no_reading")
    name, limits = texts(f"climate_{quantity}"), _limits(low, high, unit, texts)
    summary = f"{name} {now} {limits}" + (texts("climate_over_hint") if over else "")
    return Panel(name, now, limits, bool(over), draw(series, low, high, now_ms, span_min=_SPAN_MIN[quantity]), summary)


def _is_of(one: Measured, zone: WatchedZone, quantity: str) -> bool:
    return one.device_id in zone.probes and one.quantity == quantity


def _range(values: Sequence[float]) -> str:
    low, high = f"{min(values):.1f}", f"{max(values):.1f}"
    return low if low == high else f"{low}–{high}"


def _limits(low: float | None, high: float | None, unit: str, texts: Texts) -> str:
    if low is None and high is None:
        return texts("climate_no_limit")
    if low is None or high is None:
        return f"≤ {high:g} {unit}" if high is not None else f"≥ {low:g} {unit}"
    return f"{low:g}–{high:g} {unit}"


def _task(task: Task, texts: Texts) -> TaskRow:
    due = texts("task_due", day=task.due_on) if task.due_on else ""
    said = (task.counterpart, texts("task_lines", count=len(task.lines)), due)
    title = texts.choose(task.title_zh, task.title_en)
    return TaskRow(title, task.document.number, " · ".join(filter(None, said)), task.is_urgent, code_of(task))


def _expiring(one: Expiring, today: date, texts: Texts, item: Item | None) -> ExpiryRow:
    assert one.expires_on is not None, "only what expires is near its expiry"
    is_expired = one.expires_on < today
    when = texts("expired_on", day=one.expires_on) if is_expired else texts("expires_on", day=one.expires_on)
    lot = texts("lot", lot=one.lot_number) if one.lot_number else ""
    where = texts("in_bin_at", item=one.item, bin=one.bin)
    name = texts.choose(item.name_zh, item.name_en) if item else one.item
    amount = f"{one.amount:,f} {texts.of(unit_words(item, one.unit, one.amount))}"
    return ExpiryRow("bad" if is_expired else "look", name, amount, " · ".join(filter(None, (when, where, lot))))


def _evidence(one: Evidence, texts: Texts) -> EvidenceRow:
    tone = {"fine": "good", "missing": "bad", "unknown": "quiet"}[one.verdict]
    word = texts(f"verdict_{one.verdict}")
    return EvidenceRow(tone, texts(f"evidence_{one.key}"), word, texts(f"evidence_{one.reason}", **dict(one.values)))
