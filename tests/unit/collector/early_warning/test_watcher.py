from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio

from onebook_collector.early_warning.facts import ClockSeen, EdgeFact, EdgeKnown, OutboxLevel, Reading, SignOfLife
from onebook_collector.early_warning.rule import Kind, Severity, Subject
from onebook_collector.early_warning.rules.environment_breach import EnvironmentBreachLimits, EnvironmentLimit
from onebook_collector.early_warning.settings import WarningSettings
from onebook_collector.early_warning.store import EarlyWarningStore
from onebook_collector.early_warning.watcher import Watcher, rules_of
from onebook_collector.errors import RetryableError

T0 = 1_780_000_000_000
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
LIMIT = EnvironmentLimit(site="hz-01", quantity="temperature_c", high=8)
SETTINGS = WarningSettings(environment=EnvironmentBreachLimits(limits=(LIMIT,)))

Start = Callable[..., Awaitable[Watcher]]


@pytest_asyncio.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts the watcher, again and again over the same file."""
    stores: list[EarlyWarningStore] = []

    async def start_at(now_ms: int, settings: WarningSettings = SETTINGS) -> Watcher:
        stores.append(await EarlyWarningStore.open(tmp_path / "warnings.db"))
        return await Watcher.open(rules_of(settings), stores[-1], now_ms)

    yield start_at
    for store in stores:
        await store.close()


def level(at_ms: int, used: int) -> OutboxLevel:
    return OutboxLevel("edge-1", at_ms, used, 100)


def hot(at_ms: int, value: float = 9.0) -> Reading:
    return Reading("edge-1", "hz-01", "probe-1", "temperature_c", at_ms, value)


async def open_kinds(watcher: Watcher) -> list[Kind]:
    return [warning.kind for warning in await watcher.open_warnings()]


async def test_a_warning_opens_gets_worse_and_closes_as_one_instance(start: Start) -> None:
    watcher = await start(T0)
    (opened,) = await watcher.see([level(T0, 75)], T0)
    (worse,) = await watcher.see([level(T0 + 1, 95)], T0 + 1)
    (cleared,) = await watcher.see([level(T0 + 2, 5)], T0 + 2)
    assert opened.id == worse.id == cleared.id
    assert (worse.severity, worse.opened_ms, worse.last_seen_ms) == (Severity.HIGH, T0, T0 + 1)
    assert (cleared.cleared_ms, cleared.clearing_reason) == (T0 + 2, "outbox_drained")
    assert await watcher.open_warnings() == []
    assert await watcher.history(before_ms=T0 + 9) == [cleared]


async def test_what_is_seen_again_is_not_raised_again_but_was_seen_last_then(start: Start) -> None:
    watcher = await start(T0)
    await watcher.see([level(T0, 75)], T0)
    assert await watcher.see([level(T0 + 5, 75)], T0 + 5) == []
    assert await watcher.tick(T0 + 6) == []
    (kept,) = await watcher.history(before_ms=T0 + 9)
    assert (kept.opened_ms, kept.last_seen_ms) == (T0, T0 + 5)
    assert await watcher.open_warnings() == [kept]


async def test_a_restart_neither_forgets_nor_repeats(start: Start) -> None:
    before = await start(T0)
    facts: list[EdgeFact] = [level(T0, 75), SignOfLife("edge-2"), EdgeKnown("edge-1", None)]
    clock = [ClockSeen("edge-1", at_ms + HOUR_MS, at_ms, True) for at_ms in (T0, T0 + 2 * MINUTE_MS)]
    await before.see([*facts, *clock, hot(T0), hot(T0 + 10 * MINUTE_MS)], T0)
    await before.tick(T0 + 2 * HOUR_MS)
    opened = await before.open_warnings()
    assert sorted(warning.kind for warning in opened) == [
        Kind.CLOCK_DRIFT,
        Kind.EDGE_SILENT,
        Kind.EDGE_SILENT,
        Kind.ENVIRONMENT_BREACH,
        Kind.OUTBOX_FILLING,
    ]

    later = T0 + 3 * HOUR_MS
    after = await start(later)
    assert await after.open_warnings() == opened
    clock = [ClockSeen("edge-1", at_ms + HOUR_MS, at_ms, True) for at_ms in (later, later + 2 * MINUTE_MS)]
    assert await after.see([level(later, 75), *clock, hot(later), hot(later + 10 * MINUTE_MS)], later) == []
    assert await after.tick(later + 10 * MINUTE_MS) == []
    cleared = await after.see(
        [
            level(later + 1, 5),
            ClockSeen("edge-1", later, later, True),
            hot(later + 11 * MINUTE_MS, 5.0),
            SignOfLife("edge-1"),
            SignOfLife("edge-2"),
        ],
        later + 11 * MINUTE_MS,
    )
    assert {warning.id for warning in cleared} == {warning.id for warning in opened}
    assert await (await start(later)).open_warnings() == []


async def test_a_silent_edge_gets_worse_across_a_restart_by_its_whole_silence(start: Start) -> None:
    before = await start(T0)
    await before.see([SignOfLife("edge-1")], T0)
    await before.tick(T0 + 2 * HOUR_MS)
    after = await start(T0 + 5 * HOUR_MS)
    assert await after.tick(T0 + 5 * HOUR_MS) == []  # The grace.
    (dark,) = await after.tick(T0 + 5 * HOUR_MS + 10 * MINUTE_MS)
    assert dark.raised.text == "edge_dark"
    assert dark.raised.values == {"silent_since_at": T0}
    assert dark.opened_ms == T0 + 2 * HOUR_MS


async def test_a_course_of_readings_that_comes_at_once_is_judged_by_its_own_times(start: Start) -> None:
    watcher = await start(T0)
    course = [hot(T0 + n * MINUTE_MS, 9.0 if n % 30 < 15 else 5.0) for n in range(60)]
    changed = await watcher.see(course, T0 + HOUR_MS)
    assert [warning.clearing_reason for warning in changed] == [None, "back_within_limits"] * 2
    assert len(await watcher.history(before_ms=T0 + 2 * HOUR_MS)) == 2


async def test_a_limit_that_was_taken_away_closes_its_warning(start: Start) -> None:
    watcher = await start(T0)
    await watcher.see([hot(T0), hot(T0 + 10 * MINUTE_MS), level(T0, 75)], T0)
    again = await start(T0 + 1, WarningSettings())
    assert await open_kinds(again) == [Kind.OUTBOX_FILLING]
    closed = [warning for warning in await again.history(before_ms=T0 + 9) if warning.cleared_ms is not None]
    assert [(warning.kind, warning.clearing_reason) for warning in closed] == [
        (Kind.ENVIRONMENT_BREACH, "no_longer_watched")
    ]


async def test_a_retired_edge_is_forgotten(start: Start) -> None:
    watcher = await start(T0)
    await watcher.see([SignOfLife("edge-1"), SignOfLife("edge-2")], T0)
    await watcher.tick(T0 + 2 * HOUR_MS)
    (closed,) = await watcher.forget("edge-1", T0 + 2 * HOUR_MS)
    assert (closed.subject, closed.clearing_reason) == (Subject("edge-1"), "no_longer_watched")
    assert [warning.subject for warning in await watcher.tick(T0 + 5 * HOUR_MS)] == [Subject("edge-2")]


async def test_the_worst_comes_first_then_the_oldest(start: Start) -> None:
    watcher = await start(T0)
    await watcher.see([SignOfLife("edge-1"), level(T0, 75)], T0)
    await watcher.see([OutboxLevel("edge-2", T0, 75, 100)], T0 + 1)
    await watcher.tick(T0 + 5 * HOUR_MS)
    assert [(warning.kind, warning.subject.edge_id) for warning in await watcher.open_warnings()] == [
        (Kind.EDGE_SILENT, "edge-1"),
        (Kind.OUTBOX_FILLING, "edge-1"),
        (Kind.OUTBOX_FILLING, "edge-2"),
    ]


async def test_history_can_be_asked_for_one_edge_and_page_by_page(start: Start) -> None:
    watcher = await start(T0)
    for n in range(5):
        await watcher.see([OutboxLevel(f"edge-{n % 2}", T0 + n, 95 if n < 2 else 5, 100)], T0 + n)
        await watcher.see([OutboxLevel("edge-9", T0 + n, 95 * (1 - n % 2), 100)], T0 + n)
    assert [warning.opened_ms for warning in await watcher.history(before_ms=T0 + 99)] == [
        T0 + 4,
        T0 + 2,
        T0 + 1,
        T0,
        T0,
    ]
    assert [warning.opened_ms for warning in await watcher.history(before_ms=T0 + 4, limit=1)] == [T0 + 2]
    assert [warning.opened_ms for warning in await watcher.history(edge_id="edge-1", before_ms=T0 + 99)] == [T0 + 1]


async def test_what_could_not_be_kept_is_kept_with_the_next_tick(start: Start, tmp_path: Path) -> None:
    watcher = await start(T0)
    with closing(sqlite3.connect(tmp_path / "warnings.db")) as other:
        other.execute("ALTER TABLE early_warning RENAME TO away")
        with pytest.raises(RetryableError, match="no such table"):
            await watcher.see([level(T0, 75)], T0)
        other.execute("ALTER TABLE away RENAME TO early_warning")
    await watcher.tick(T0 + 1)
    assert await open_kinds(await start(T0 + 2)) == [Kind.OUTBOX_FILLING]


async def test_texts_say_in_both_languages_what_where_and_since_when(start: Start) -> None:
    watcher = await start(T0)
    (breach,) = await watcher.see([hot(T0), hot(T0 + 10 * MINUTE_MS, 9.25)], T0)
    assert breach.text_zh == "hz-01 probe-1 的 temperature_c 为 9.25，自 2026-05-29 04:26 起超过上限 8"
    assert breach.text_en == (
        "hz-01 probe-1: temperature_c is 9.25, out of limits since 2026-05-29 04:26, upper limit 8"
    )
