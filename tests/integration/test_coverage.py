"""Goal: the coverage that the API tells follows from what the centre holds, day by day, and stays what it was.

Method: a real centre in process; a clock that is moved from midnight to midnight; a warehouse that does everything right until
something is broken.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from onebook_collector.administration.rights import Role
from onebook_collector.certificates.authority import Profile, new_key
from onebook_collector.clock import business_date, business_day
from onebook_collector.coverage import registers
from onebook_collector.coverage.attendance import Attendance
from onebook_collector.coverage.days import DAY_MS, day_ends_ms
from onebook_collector.coverage.facility import Facility, Goods, Kind, Level
from onebook_collector.coverage.registers import Outage, Price
from onebook_collector.coverage.rule import CoverageRule
from onebook_collector.coverage.runner import SETTLE_MS, CoverageRunner
from onebook_collector.coverage.survey import Sources
from onebook_collector.errors import ConfigurationError
from onebook_collector.furnishing import desk
from onebook_collector.furnishing.desk import Act, Probe, SiteZone
from onebook_collector.scope import Scope
from onebook_schemas.reference import Bin, PersonOnSite
from tests.contract.ledger_events import LOT, NOON, counted, line, moved
from tests.integration.running_centre import PROVINCE, RunningCentre, running_centre

HOUR_MS = 3_600_000
RULE = CoverageRule(version="test", heartbeat_minutes=720, alive_days=8, telemetry_days=4, reconciled_days=8)
"""Shorter windows; and a few looks a day make one span."""
FIRST_DAY = business_day(NOON) + 1
STORE = Facility(
    "wh-1",
    Level.COUNTY,
    Kind.COMPREHENSIVE_WAREHOUSE,
    frozenset({Goods.GOVERNMENT}),
    department="县应急管理局",
    active_since=date(2026, 1, 1),
)


@dataclass
class Province:
    """Two warehouses; `days` lets days pass at the first one, whose people do everything right unless they are told otherwise."""

    running: RunningCentre
    attendance: Attendance
    runner: CoverageRunner
    day: int = FIRST_DAY
    number: int = 0
    is_listening: bool = True
    habits: dict[str, bool] = field(
        default_factory=lambda: dict.fromkeys(("heard", "scanned", "measured", "uploading"), True)
    )

    async def days(self, count: int, work: Callable[[], Awaitable[Any]] | None = None) -> None:
        for _ in range(count):
            for hour in (0, 11, 22):
                self.running.clock.at_ms = day_ends_ms(self.day - 1) + SETTLE_MS + hour * HOUR_MS
                if self.habits["heard"]:
                    self.running.live("edge-1", journal_waiting=0 if self.habits["uploading"] else 7)
                await self.attendance.look()
            await self._work()
            if work is not None:
                await work()
            await self.running.centre.verifier.check_all()
            self.day += 1
            self.running.clock.at_ms = day_ends_ms(self.day - 1) + SETTLE_MS
            await self.runner.look()

    async def _work(self) -> None:
        self.number += 1
        source = "barcode" if self.habits["scanned"] else "manual"
        goods = line(LOT, 1, to_bin="A-01", lot="L1", source=source)
        if self.habits["uploading"]:
            await self.running.book("edge-1", moved(self.number, "receipt", goods, device="scanner-1"))
        if self.habits["measured"]:
            began_ms = day_ends_ms(self.day - 1)
            for quantity in ("temperature_c", "humidity_rh"):
                samples = [(began_ms + slot * 30 * 60_000, 20.0) for slot in range(48)]
                await self.running.measure("edge-1", "probe-1", quantity, samples)

    async def count(self, amount: int | None = None, **more: Any) -> None:
        self.number += 1
        lying = self.number - 1 if amount is None else amount
        await self.running.book("edge-1", counted(900_000 + self.number, LOT, "A-01", lying, lot="L1", **more))


@pytest_asyncio.fixture
async def province(tmp_path: Path) -> AsyncIterator[Province]:
    async with running_centre(tmp_path, has_authority=True) as running:
        await running.register()
        centre = running.centre
        office = centre.certificates
        assert office is not None
        key, _ = new_key()
        await office.invite("edge-1", "wh-1", valid_hours=900, actor="test")
        await office.issue("edge-1", Profile.EDGE, key, days=900, actor="test")
        await centre.administration.write(_furnish)
        sources = Sources(centre.ledger, centre.administration, centre.metrics, centre.watcher, centre.verifier)
        found = Province(running, None, CoverageRunner(sources, RULE, running.clock))  # type: ignore[arg-type]
        beat_ms = RULE.heartbeat_minutes * 60_000
        found.attendance = Attendance(
            centre.administration, centre.live, lambda: found.is_listening, running.clock, beat_ms
        )
        yield found


def _furnish(db: Any) -> None:
    act = Act("person:liwei", 1)
    desk.put_person(db, "wh-1", PersonOnSite(badge="k1", name="张建国", role="keeper"), act, keep_pin=False)
    zone = SiteZone(code="Z1", name_zh="一区", name_en="One", probes=(Probe(edge_id="edge-1", device="probe-1"),))
    desk.put_zones(db, "wh-1", [zone], act)
    desk.put_bins(db, "wh-1", [Bin(code="A-01", name_zh="一排", zone="Z1")], act)
    registers.put_facilities(db, [STORE, replace(STORE, site_id="wh-2")], by="test", now_ms=1)
    registers.put_prices(db, [Price("LS01001", date(2026, 1, 1), "100", "test")], by="test", now_ms=1)  # type: ignore[arg-type]


@pytest_asyncio.fixture
async def api(province: Province) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(province) as client:
        yield client


def client_of(province: Province) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(province.running.app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://centre")


async def ask(province: Province, path: str, *, scope: Scope = PROVINCE, **query: Any) -> Any:
    key = await province.running.token(role=Role.PROVINCIAL_OPS, scope=scope)
    async with client_of(province) as client:
        answer = await client.get(f"/api/v1{path}", params=query, headers=key)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def bars(province: Province, site_id: str = "wh-1") -> dict[str, str]:
    """Evidence -> its verdict, or the reason where it fails."""
    site = await ask(province, f"/coverage/sites/{site_id}")
    return {one["key"][:2]: one["verdict"] for one in site["evidence"]}


def _verdicts(six: str) -> dict[str, str]:
    return {f"e{number}": verdict for number, verdict in enumerate(six.split(), 1)}


async def test_a_warehouse_that_does_everything_becomes_informatized_and_falls_when_it_does_not(
    province: Province,
) -> None:
    """Until a window is full nothing is known of it, which is no pass."""
    await province.days(2)
    assert await bars(province) == _verdicts("pass unknown fail fail fail unknown"), "two lines say nothing yet"
    await province.days(1, province.count)
    await province.days(6)
    assert await bars(province) == _verdicts("pass pass pass pass pass pass")
    await province.days(5)
    site = await ask(province, "/coverage/sites/wh-1")
    assert (site["grade"], site["standing"]) == ("informatized", "connected")
    await province.days(1)
    assert (await ask(province, "/coverage/sites/wh-1"))["standing"] == "informatized"
    whole = await ask(province, "/coverage")
    total = whole["total"]
    assert (total["words"], total["in_scope"], total["still_needed"], total["percent"]) == ("1/2", 2, 1, "50")
    # Seven bad days in a row, and it falls; the day when it still stood stays what it was.
    stood = str(business_date(province.day - 1))
    province.habits["scanned"] = False
    await province.days(6)
    assert (await bars(province))["e3"] == "fail"
    near = (await ask(province, "/coverage"))["nearest"]
    assert near == [], "it still stands"
    await province.days(1)
    site = await ask(province, "/coverage/sites/wh-1")
    assert (site["standing"], [one["standing"] for one in site["days"]][-2:]) == (
        "partial",
        ["informatized", "partial"],
    )
    assert (await ask(province, "/coverage", date=stood))["total"]["words"] == "1/2"
    near = (await ask(province, "/coverage"))["nearest"]
    assert [(one["site_id"], one["missing"]) for one in near] == [("wh-1", "e3_captured")]
    assert "手工" in near[0]["reasons"][0]["zh"]


async def test_silence_is_seen_at_once_but_not_what_was_declared_or_what_the_centre_slept_through(
    province: Province,
) -> None:
    await province.days(9, province.count)
    assert (await bars(province))["e2"] == "pass"
    province.is_listening = False  # The centre is down for a day, and so hears nobody.
    province.habits |= {"heard": False, "uploading": False}
    await province.days(1)
    assert (await bars(province))["e2"] == "pass"
    province.is_listening = True
    province.habits |= {"heard": True, "uploading": True}
    await province.days(1)
    province.habits |= {"heard": False, "uploading": False}
    declared_ms = day_ends_ms(province.day - 1)
    outage = Outage("wh-1", declared_ms, declared_ms + DAY_MS, "线路检修", "市应急局")
    await province.running.centre.administration.write(
        lambda db: registers.put_outages(db, [outage], by="test", now_ms=1)
    )
    await province.days(1)
    assert (await bars(province))["e2"] == "pass"
    await province.days(2)
    site = await ask(province, "/coverage/sites/wh-1")
    (alive,) = (one for one in site["evidence"] if one["key"] == "e2_alive")
    assert (alive["verdict"], alive["reasons"][-1]["zh"][:3]) == ("fail", "曾连续")
    assert (await ask(province, "/coverage"))["total"]["dark_now"] == 1


async def test_what_does_not_come_through_is_missed(province: Province) -> None:
    """Records that wait on the edge, a probe that died, things in quarantine."""
    await province.days(2, province.count)
    province.habits |= {"uploading": False, "measured": False}
    await province.days(2)
    site = await ask(province, "/coverage/sites/wh-1")
    reasons = {one["key"][:2]: one["reasons"][0]["en"] for one in site["evidence"]}
    assert reasons["e6"].startswith("records older than 24 hours")
    assert "zone Z1 only 50" in reasons["e5"]
    province.habits["uploading"] = True
    await province.running.book("edge-1", moved(7_000, "receipt", line("XX99999", 1, to_bin="A-01")))
    await province.days(1)
    assert (await bars(province))["e1"] == "fail", "one of two lines is in the catalogue"
    await province.days(8)
    site = await ask(province, "/coverage/sites/wh-1")
    assert "quarantine for more than 7 days" in str(site["evidence"][5]["reasons"])


async def test_figures_of_the_past_are_never_changed(province: Province) -> None:
    await province.days(1)
    administration = province.running.centre.administration
    for table in ("coverage_snapshot", "coverage_site"):
        for change in (f"UPDATE {table} SET day = 1", f"DELETE FROM {table}"):
            with pytest.raises(IntegrityError, match="never changed"):
                await administration.write(lambda db, change=change: db.execute(text(change)))
    before = await ask(province, "/coverage")
    await province.runner.look()
    await administration.write(
        lambda db: registers.put_facilities(db, [replace(STORE, department="别的")], by="test", now_ms=2)
    )
    assert await ask(province, "/coverage") == before


async def test_a_changed_rule_needs_a_new_version(province: Province) -> None:
    await province.days(1)
    parts = province.runner._sources, province.running.clock
    changed = RULE.model_copy(update={"captured_pct_min": 50})
    with pytest.raises(ConfigurationError, match="captured_pct_min"):
        await CoverageRunner(parts[0], changed, parts[1]).check_rule()
    await CoverageRunner(parts[0], changed.model_copy(update={"version": "test-2"}), parts[1]).check_rule()
    await CoverageRunner(parts[0], RULE, parts[1]).check_rule()


async def test_days_on_which_the_centre_was_down_stay_missing(province: Province) -> None:
    await province.days(1)
    province.day += 3
    await province.days(1)
    days = (await ask(province, "/coverage/sites/wh-1"))["days"]
    assert [date.fromisoformat(one["date"]) for one in days] == [
        business_date(FIRST_DAY),
        business_date(FIRST_DAY + 4),
    ]


async def test_each_sees_their_own_division_and_department(province: Province) -> None:
    await province.running.centre.administration.write(
        lambda db: registers.put_facilities(
            db, [replace(STORE, site_id="wh-2", department="市卫生健康委")], by="test", now_ms=2
        )
    )
    await province.days(1)
    whole = await ask(province, "/coverage")
    assert (len(whole["cities"]), len(whole["counties"]), whole["total"]["in_scope"]) == (11, 90, 2)
    assert {one["division"]: one["share"]["in_scope"] for one in whole["cities"] if one["share"]["in_scope"]} == {
        "3301": 1,
        "3302": 1,
    }
    assert [one["department"] for one in whole["departments"]] == ["县应急管理局", "市卫生健康委"]
    city = await ask(province, "/coverage", scope=Scope("3302"))
    assert ([one["division"] for one in city["cities"]], city["total"]["in_scope"]) == (["3302"], 1)
    health = await ask(province, "/coverage", scope=Scope("33", department="市卫生健康委"))
    assert (health["total"]["in_scope"], len(health["departments"])) == (1, 1)
    key = await province.running.token(role=Role.CITY_OPS, scope=Scope("3302"))
    narrow = await province.running.token(role=Role.CITY_OPS, scope=Scope("33", categories=frozenset({"energy"})))
    async with client_of(province) as client:
        foreign = await client.get("/api/v1/coverage/sites/wh-1", headers=key)
        assert foreign.status_code == 404
        assert (await client.get("/api/v1/coverage", headers=narrow)).status_code == 403
        for on, status in (("2020-01-01", 404), ("0", 422), ("2026-13-01", 422)):
            never = await client.get("/api/v1/coverage", params={"date": on}, headers=key)
            assert never.status_code == status, on
