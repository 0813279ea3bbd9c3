"""Furnishing a warehouse over the API: who may, what is refused, what is told to nobody, what the audit log says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from onebook_collector.administration.audit import audit_entries
from onebook_collector.administration.rights import Role
from onebook_collector.furnishing import desk
from onebook_collector.ledger.registry import Site, import_sites
from onebook_collector.scope import Scope
from onebook_schemas.pins import pin_matches
from tests.contract.ledger_events import LOT, line, moved
from tests.integration.running_centre import RunningCentre, running_centre

WH_1 = "/api/v1/sites/wh-1"
SETUP = {"maker_number": 7}
COLD = {"code": "COLD", "name_zh": "冷库", "name_en": "Cold store", "probes": [{"edge_id": "edge-1", "device": "p1"}]}
ORDER = "DB20260921/1"


@pytest_asyncio.fixture
async def running(tmp_path: Path) -> AsyncIterator[RunningCentre]:
    async with running_centre(tmp_path) as found:
        await found.register()
        yield found


def client(running: RunningCentre, headers: dict[str, str]) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(running.app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://centre", headers=headers)


@pytest_asyncio.fixture
async def api(running: RunningCentre) -> AsyncIterator[httpx.AsyncClient]:
    async with client(running, await running.token(role=Role.CITY_OPS, scope=Scope("3301"))) as found:
        yield found


def task(**more: Any) -> dict[str, Any]:
    ordered = {"item": LOT, "quantity": {"amount": "20", "unit": "EA"}, "bin": "A-01"}
    head = {"document": {"kind": "DB", "number": ORDER}, "action": "ISSUE", "title_zh": "调拨", "title_en": "Dispatch"}
    return {**head, "lines": [ordered], **more}


async def done(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def entries(running: RunningCentre) -> list[tuple[str, str, str]]:
    rows = await running.centre.administration.read(lambda db: audit_entries(db))
    return [(row.action, row.outcome, row.detail) for row in rows]


async def test_a_site_is_set_up_and_read_back(api: httpx.AsyncClient, running: RunningCentre) -> None:
    await done(await api.get(f"{WH_1}/setup"), 404)
    await done(await api.put(f"{WH_1}/setup", json=SETUP))
    assert (await done(await api.get(f"{WH_1}/setup")))["maker_number"] == 7
    zones = await done(await api.put(f"{WH_1}/zones", json={"items": [COLD]}))
    assert await done(await api.get(f"{WH_1}/zones")) == zones
    bins = [{"code": f"A-{n:02d}", "name_zh": "", "zone": "COLD"} for n in range(1, 4)]
    await done(await api.put(f"{WH_1}/bins", json={"items": bins}))
    first = await done(await api.get(f"{WH_1}/bins", params={"limit": 2}))
    assert (first["items"], first["next_after"]) == (bins[:2], "A-02")
    assert await done(await api.get(f"{WH_1}/bins", params={"after": "A-02"})) == {
        "items": bins[2:],
        "next_after": None,
    }
    await done(await api.put(f"{WH_1}/bins", json={"items": bins[:1]}))
    assert (await done(await api.get(f"{WH_1}/bins")))["items"] == bins[:1]
    assert [action for action, *_ in await entries(running)] == [
        "furnishings.bins",
        "furnishings.bins",
        "furnishings.zones",
        "furnishings.set_up",
    ]


async def test_what_does_not_fit_is_refused_and_noted(api: httpx.AsyncClient, running: RunningCentre) -> None:
    nowhere = {**COLD, "probes": [{"edge_id": "edge-3", "device": "p1"}]}
    answer = await done(await api.put(f"{WH_1}/zones", json={"items": [nowhere]}), 409)
    assert "edge-3" in answer["detail"]
    await done(await api.put(f"{WH_1}/zones", json={"items": [COLD]}))
    answer = await done(await api.put(f"{WH_1}/bins", json={"items": [{"code": "A-01", "zone": "DRY"}]}), 409)
    assert "A-01: DRY" in answer["detail"]
    twice = {"items": [{"code": "A-01"}, {"code": "A-01"}]}
    assert (await done(await api.put(f"{WH_1}/bins", json=twice), 400))["type"].endswith("twice")
    await done(await api.put(f"{WH_1}/bins", json={"items": [{"code": "A-01", "zone": "COLD"}]}))
    answer = await done(await api.put(f"{WH_1}/zones", json={"items": []}), 409)
    assert answer["type"].endswith("zone_in_use")
    assert (await done(await api.get(f"{WH_1}/zones")))["items"] != []
    newest, *_ = await entries(running)
    assert newest[:2] == ("furnishings.zones", "zone_in_use")


async def test_two_sites_of_a_division_have_two_maker_numbers_whoever_sees_only_one(
    api: httpx.AsyncClient, running: RunningCentre
) -> None:
    other = Site("wh-4", "四号库", "Warehouse 4", "330102")
    await running.centre.ledger.write(lambda book: import_sites(book, [other]))
    await done(await api.put(f"{WH_1}/setup", json=SETUP))
    await done(await api.put(f"{WH_1}/setup", json=SETUP))  # Its own number is not in its way.
    narrow = await running.token(role=Role.COUNTY_OPS, scope=Scope("330102", site="wh-4"))
    async with client(running, narrow) as asked:
        answer = await done(await asked.put("/api/v1/sites/wh-4/setup", json=SETUP), 409)
        assert answer["type"].endswith("maker_number_taken")
        assert "wh-1" not in answer["detail"]
        await done(await asked.put("/api/v1/sites/wh-4/setup", json={"maker_number": 8}))
        await done(await asked.get(f"{WH_1}/setup"), 404)
    assert (await done(await api.get(f"{WH_1}/setup")))["maker_number"] == 7


async def test_a_pin_is_kept_as_scrypt_and_told_to_nobody(api: httpx.AsyncClient, running: RunningCentre) -> None:
    person = {"name": "张建国", "role": "keeper"}
    said = await done(await api.put(f"{WH_1}/people/k1", json={**person, "pin": "246810"}))
    assert said == {"badge": "k1", **person, "has_pin": True, "may_authorise": False, "until": None}
    answer = await api.put(f"{WH_1}/people/k2", json={**person, "pin": "13579"})
    assert (answer.status_code, "13579" in answer.text) == (422, False)
    await done(await api.put(f"{WH_1}/people/k1", json={**person, "until": "2027-01-31"}))
    (kept,) = await running.centre.administration.read(lambda db: desk.people_of(db, "wh-1"))
    assert kept.pin is not None
    assert pin_matches("246810", kept.pin)  # Left out: it stays what it was.
    assert "hash" not in (await api.get(f"{WH_1}/people")).text
    assert all("246810" not in detail and kept.pin.hash not in detail for *_, detail in await entries(running))
    gone = await done(await api.put(f"{WH_1}/people/k1", json={**person, "pin": None}))
    assert gone["has_pin"] is False
    await done(await api.delete(f"{WH_1}/people/k1"), 204)
    await done(await api.delete(f"{WH_1}/people/k1"), 404)
    assert (await done(await api.get(f"{WH_1}/people")))["items"] == []


async def test_a_task_is_given_shows_what_is_done_and_is_closed(api: httpx.AsyncClient, running: RunningCentre) -> None:
    given = await done(await api.post(f"{WH_1}/tasks", json=task()))
    assert (given["task"]["lines"][0]["done"], given["closed_at"]) == (None, None)
    paper = {"document": {"kind": "DB", "number": ORDER}}
    await running.book("edge-1", moved(1, "receipt", line(LOT, 40, to_bin="A-01")))
    await running.book("edge-1", moved(2, "issue", line(LOT, 5, from_bin="A-01"), **paper))
    (listed,) = (await done(await api.get(f"{WH_1}/tasks")))["items"]
    assert listed["task"]["lines"][0]["done"] == {"amount": "5", "unit": "EA"}
    closed = await done(await api.post(f"{WH_1}/task-closings", json={"number": ORDER, "reason": "取消"}))
    assert (closed["closing_reason"], closed["closed_by"][:6]) == ("取消", "token:")
    await done(await api.post(f"{WH_1}/task-closings", json={"number": ORDER, "reason": "again"}), 409)
    await done(await api.post(f"{WH_1}/task-closings", json={"number": "RW-1", "reason": "no"}), 404)
    assert (await done(await api.get(f"{WH_1}/tasks")))["items"] == []
    assert len((await done(await api.get(f"{WH_1}/tasks", params={"open": False})))["items"]) == 1
    again = await done(await api.post(f"{WH_1}/tasks", json=task()))
    assert again["closed_at"] is None


async def test_a_task_that_cannot_be_carried_out_is_refused(api: httpx.AsyncClient) -> None:
    await done(await api.put(f"{WH_1}/bins", json={"items": [{"code": "A-02"}]}))
    lines = [
        {"item": "ZZ99999", "quantity": {"amount": "1", "unit": "EA"}},
        {"item": LOT, "quantity": {"amount": "1", "unit": "KGM"}},
        {"item": LOT, "quantity": {"amount": "0", "unit": "EA"}},
        {"item": LOT, "quantity": {"amount": "0.5", "unit": "EA"}},
        {"item": LOT, "quantity": {"amount": "1", "unit": "EA"}, "bin": "A-01"},
    ]
    answer = await done(await api.post(f"{WH_1}/tasks", json=task(lines=lines)), 409)
    for n, problem in enumerate(("no such item", "no such unit", "above zero", "no whole number", "no such bin"), 1):
        assert f"line {n}:" in answer["detail"]
        assert problem in answer["detail"]
    counting = task(action="COUNT", lines=[{**lines[2], "bin": "A-02"}])
    await done(await api.post(f"{WH_1}/tasks", json=counting))


async def test_what_the_boxes_were_given_and_hold(api: httpx.AsyncClient, running: RunningCentre) -> None:
    running.centre.live.presence("edge-1").documents_held["site"] = 17
    items = (await done(await api.get(f"{WH_1}/documents")))["items"]
    assert {(one["edge_id"], one["name"]) for one in items} == {
        (edge_id, name)
        for edge_id in ("edge-1", "edge-2")
        for name in ("catalogue", "site", "people", "tasks", "stock")
    }
    assert [one["held"] for one in items if one["held"] is not None] == [17]


async def test_an_address_with_two_methods_names_both(api: httpx.AsyncClient) -> None:
    answer = await api.post(f"{WH_1}/setup")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PUT")


async def test_only_who_may_and_only_where(api: httpx.AsyncClient, running: RunningCentre) -> None:
    elsewhere = WH_1.replace("wh-1", "wh-2")
    for path, body in (("setup", SETUP), ("zones", {"items": []}), ("bins", {"items": []})):
        await done(await api.put(f"{elsewhere}/{path}", json=body), 404)
    await done(await api.post(f"{elsewhere}/tasks", json=task()), 404)
    await done(await api.get(f"{elsewhere}/people"), 404)
    keeper = await running.token(role=Role.KEEPER)
    async with client(running, keeper) as asked:
        assert (await asked.get(f"{WH_1}/tasks")).status_code == 200
        assert (await asked.get(f"{WH_1}/people")).status_code == 403
        assert (await asked.put(f"{WH_1}/setup", json=SETUP)).status_code == 403
        assert (await asked.post(f"{WH_1}/tasks", json=task())).status_code == 403
    narrow = await running.token(role=Role.CITY_OPS, scope=Scope("33", department="health"))
    async with client(running, narrow) as asked:
        assert (await asked.get(f"{WH_1}/people")).status_code == 403
        assert (await asked.put(f"{WH_1}/setup", json=SETUP)).status_code == 403
    assert await running.centre.administration.read(desk.generations) == {}
