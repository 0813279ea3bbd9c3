"""The API over real databases: what it answers, and that bad requests never become its problem."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import structlog

from onebook_collector.administration.rights import Role
from onebook_collector.api.app import openapi_document
from onebook_collector.api.body_limit import BODY_BYTES_MAX
from onebook_collector.early_warning.facts import SignOfLife
from onebook_collector.errors import RetryableError
from onebook_collector.ingest.book_uploads import ReceivedUpload, book_journal_upload
from onebook_collector.ingest.decide import Pace
from onebook_collector.ledger import queries
from onebook_collector.ledger.registry import import_items
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_collector.metrics.sample import EventSamples, ThinnedRange
from tests.contract.ledger_events import (
    BULK,
    CATALOGUE,
    EPOCH,
    LOT,
    NOON,
    SERIAL,
    counted,
    line,
    log_of,
    moved,
    movement_id,
    reversed_,
    upload,
)
from tests.integration.running_centre import RunningCentre, running_centre, serving

HOUR_MS = 3_600_000
V1 = "/api/v1"


@pytest_asyncio.fixture
async def running(tmp_path: Path) -> AsyncIterator[RunningCentre]:
    async with running_centre(tmp_path) as found:
        await found.register()
        yield found


@pytest_asyncio.fixture
async def api(running: RunningCentre) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(running.app, raise_app_exceptions=False)
    key = await running.token(role=Role.PROVINCIAL_OPS)
    async with httpx.AsyncClient(transport=transport, base_url="http://centre", headers=key) as client:
        yield client


async def get(api: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await api.get(V1 + path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def stock_up(running: RunningCentre) -> None:
    """Two sites: tents by lot, one command tent by serial, rice; one issue; one count."""
    await running.book(
        "edge-1",
        moved(1, "receipt", line(LOT, 40, to_bin="A-01", lot={"number": "L1", "expires_on": "2030-06-30"})),
        moved(2, "receipt", line(SERIAL, 2, to_bin="A-02", serials=["S1", "S2"])),
        moved(3, "issue", line(LOT, 5, from_bin="A-01", lot="L1")),
        counted(4, LOT, "A-01", 35, lot="L1"),
    )
    await running.book("edge-3", moved(5, "receipt", line(BULK, "12.5", unit="TNE", to_bin="G-01")))


# Stock and movements ---------------------------------------------------------------------------------------------


async def test_balances_are_exact_text_with_unit_lot_and_civil_date(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    await stock_up(running)
    found = await get(api, "/balances")
    said = {(one["item"]["code"], one["lot"], one["quantity"], one["item"]["unit"]) for one in found["items"]}
    assert said == {(LOT, "L1", "35", "EA"), (SERIAL, None, "2", "EA"), (BULK, None, "12.5", "TNE")}
    assert {one["expires_on"] for one in found["items"]} == {"2030-06-30", None}
    assert found["complete"] is True
    assert [age["site_id"] for age in found["data_ages"]] == ["wh-1", "wh-2"]
    assert {age["freshness"] for age in found["data_ages"]} == {"never", "fresh"}  # edge-2 of wh-1 never spoke.


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ({"site_id": "wh-2"}, {BULK}),
        ({"division": "3301"}, {LOT, SERIAL}),
        ({"division": "33"}, {LOT, SERIAL, BULK}),
        ({"item": LOT}, {LOT}),
        ({"lot": "L1"}, {LOT}),
        ({"serial": "S2"}, {SERIAL}),
        ({"item": "ZZ99999"}, set()),
    ],
)
async def test_balances_are_narrowed(
    running: RunningCentre, api: httpx.AsyncClient, query: dict[str, str], codes: set[str]
) -> None:
    await stock_up(running)
    assert {one["item"]["code"] for one in (await get(api, "/balances", **query))["items"]} == codes


async def test_both_times_of_a_balance_are_asked_for_and_echoed(running: RunningCentre, api: httpx.AsyncClient) -> None:
    await running.book("edge-1", moved(1, "receipt", line(LOT, 40, to_bin="A-01")), age_ms=0)
    running.clock.at_ms += 10 * HOUR_MS
    # An issue that happened two hours after the receipt, and came in only now.
    await running.book("edge-1", moved(2, "issue", line(LOT, 5, from_bin="A-01")), age_ms=8 * HOUR_MS)

    async def quantities(**times: str) -> list[str]:
        answer = await get(api, "/balances", **times)
        assert {name: answer[name] for name in times} == times
        return [one["quantity"] for one in answer["items"]]

    at = "2026-09-21T{:02d}:13:20.000Z"  # Noon of these tests is 14:13:20 UTC.
    assert await quantities() == ["35"]
    assert await quantities(as_of=at.format(15)) == ["40"]
    assert await quantities(as_of=at.format(17)) == ["35"]
    assert await quantities(known_at=at.format(17)) == ["40"]
    assert await quantities(as_of=at.format(13)) == []


async def test_a_balance_that_does_not_fit_says_so(running: RunningCentre, api: httpx.AsyncClient) -> None:
    await stock_up(running)
    found = await get(api, "/balances", limit=1)
    assert (len(found["items"]), found["complete"]) == (1, False)


async def test_a_movement_names_its_legs_its_source_and_what_took_it_back(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    await running.book(
        "edge-1",
        moved(1, "receipt", line(LOT, 40, to_bin="A-01"), document={"kind": "RK", "number": "RK-7"}),
        reversed_(2, 1),
    )
    one = await get(api, f"/movements/{movement_id(1)}")
    assert one["event_time"] == "2026-09-21T14:13:19.000Z"
    assert [(leg["place"]["kind"], leg["place"]["bin"], leg["quantity"]) for leg in one["lines"][0]["legs"]] == [
        ("supplier", None, "-40"),
        ("real", "A-01", "40"),
    ]
    assert one["captured"] == {"edge_id": "edge-1", "epoch": EPOCH, "stream": "journal", "sequence": 1}
    assert (one["document"], one["reversed_by"]) == ({"kind": "RK", "number": "RK-7"}, movement_id(2))
    assert (await get(api, f"/movements/{movement_id(2)}"))["reverses"] == movement_id(1)
    assert len(one["hash"]) == 64


async def test_a_count_stands_beside_the_book(running: RunningCentre, api: httpx.AsyncClient) -> None:
    await stock_up(running)
    count = (await get(api, "/movements", kind="stocktake"))["items"][0]["count"]
    assert (count["counted"], count["book"], count["difference"]) == ("35", "35", "0")


async def test_a_movement_tells_what_its_fact_says_beside_the_book(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    stock = line(LOT, 40, to_bin="A-01", lot="L1")
    out = line(LOT, 4, from_bin="A-01", lot="L1")
    await running.book(
        "edge-1",
        moved(1, "receipt", stock, papers="follow"),
        moved(2, "rotation_out", out, rotation="market_sale", second_actor="Wang"),
        reversed_(3, 2, second_actor="Li"),
    )
    told = (await get(api, "/movements"))["items"]
    assert [(one["second_actor"], one["rotation"], one["papers"]) for one in reversed(told)] == [
        (None, None, "follow"),
        ("Wang", "market_sale", None),
        ("Li", None, None),
    ]


async def test_movements_are_paged_newest_first_without_a_hole(running: RunningCentre, api: httpx.AsyncClient) -> None:
    await stock_up(running)
    seen, before = [], None
    while True:
        page = await get(api, "/movements", limit=2, **({"before": before} if before else {}))
        seen += [one["ledger_seq"] for one in page["items"]]
        before = page["next_before"]
        if before is None:
            break
    assert seen == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("query", "seqs"),
    [
        ({"kind": "issue"}, [3]),
        ({"site_id": "wh-2"}, [5]),
        ({"item": SERIAL}, [2]),
        ({"serial": "S1"}, [2]),
        ({"actor": "P2"}, [4]),
        ({"division": "3302"}, [5]),
        ({"from": "2026-09-21T14:13:20Z"}, []),
        ({"until": "2026-09-21T14:13:20Z", "kind": "issue"}, [3]),
    ],
)
async def test_movements_are_narrowed(
    running: RunningCentre, api: httpx.AsyncClient, query: dict[str, str], seqs: list[int]
) -> None:
    await stock_up(running)
    assert [one["ledger_seq"] for one in (await get(api, "/movements", **query))["items"]] == seqs


async def test_a_parameter_that_is_given_twice_is_refused(api: httpx.AsyncClient) -> None:
    """Somebody in the middle and we might each take another of the two."""
    answer = await api.get(V1 + "/movements?site_id=wh-1&limit=5&site_id=wh-2")
    assert (answer.status_code, answer.json()["mistakes"]) == (
        422,
        [{"where": "query.site_id", "detail": "given more than once"}],
    )


async def test_an_address_says_all_its_methods(api: httpx.AsyncClient) -> None:
    answer = await api.delete(V1 + "/edges/edge-1/configuration")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PUT")
    assert answer.json()["type"] == "urn:onebook:problem:method_not_allowed"


async def test_a_moment_that_utc_cannot_say_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.get(V1 + "/balances", params={"as_of": "9999-12-31T23:59:59-12:00"})
    assert answer.status_code == 422


async def test_the_life_of_a_serial_and_of_a_lot(running: RunningCentre, api: httpx.AsyncClient) -> None:
    await stock_up(running)
    await running.book("edge-1", moved(6, "bin_move", line(SERIAL, 1, from_bin="A-02", to_bin="B-01", serials=["S1"])))
    serial = await get(api, f"/serials/{SERIAL}/S1")
    assert (serial["place"]["bin"], [one["kind"] for one in serial["movements"]]) == ("B-01", ["receipt", "bin_move"])
    lot = await get(api, f"/lots/{LOT}/L1")
    assert [one["kind"] for one in lot["movements"]] == ["receipt", "issue", "stocktake"]
    for path in (f"/serials/{SERIAL}/S9", f"/lots/{LOT}/L9"):
        assert (await api.get(V1 + path)).status_code == 404


# The feed -------------------------------------------------------------------------------------------------------


async def test_a_copy_made_by_the_feed_while_others_write_has_no_hole(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    total = 120

    async def write(edge_id: str, numbers: range) -> None:
        for number in numbers:
            await running.book(edge_id, moved(number, "receipt", line(LOT, 1, to_bin="A-01")))

    async def copy() -> list[int]:
        seqs: list[int] = []
        query: dict[str, Any] = {"limit": 7, "wait_s": 1}
        while len(seqs) < total:
            page = await get(api, "/feed", **query)
            seqs += [one["ledger_seq"] for one in page["items"]]
            query["after"] = page["next_after"]
        return seqs

    writers = [
        write(edge_id, range(start, total + 1, 3)) for start, edge_id in enumerate(("edge-1", "edge-2", "edge-3"), 1)
    ]
    copied, *_ = await asyncio.gather(copy(), *writers)
    assert copied == list(range(1, total + 1))


async def test_a_cursor_at_the_end_stays_good(running: RunningCentre, api: httpx.AsyncClient) -> None:
    empty = await get(api, "/feed")
    assert (empty["items"], empty["more"]) == ([], False)
    await running.book("edge-1", moved(1, "receipt", line(LOT, 1, to_bin="A-01")))
    page = await get(api, "/feed", after=empty["next_after"])
    assert [one["ledger_seq"] for one in page["items"]] == [1]
    assert (await get(api, "/feed", after=page["next_after"]))["next_after"] == page["next_after"]


async def test_whoever_waits_at_the_feed_is_answered_as_soon_as_something_is_booked(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    end = (await get(api, "/feed"))["next_after"]
    waiting = asyncio.create_task(get(api, "/feed", after=end, wait_s=30))
    await asyncio.sleep(0.1)
    await running.book("edge-1", moved(1, "receipt", line(LOT, 1, to_bin="A-01")))
    assert [one["ledger_seq"] for one in (await asyncio.wait_for(waiting, 10))["items"]] == [1]


async def test_after_a_restore_old_cursors_end_and_say_where_to_go_on(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    await running.book("edge-1", *(moved(n, "receipt", line(LOT, 1, to_bin="A-01")) for n in (1, 2, 3)))
    old = (await get(api, "/feed"))["next_after"]
    beyond = old.replace(".3", ".9")
    assert (await api.get(V1 + "/feed", params={"after": beyond})).json()["restart_after"] == old
    await running.centre.ledger.write(lambda book: book.new_feed_epoch("a drill", NOON))
    answer = await api.get(V1 + "/feed", params={"after": old})
    assert answer.status_code == 410
    problem = answer.json()
    assert problem["type"] == "urn:onebook:problem:feed_began_anew"
    assert "forget what you have beyond" in problem["detail"]
    page = await get(api, "/feed", after=problem["restart_after"])
    assert [(one["ledger_seq"], one["kind"]) for one in page["items"]] == [(4, "restored")]


async def test_a_cursor_of_a_feed_that_nobody_knows_starts_from_nothing(api: httpx.AsyncClient) -> None:
    answer = await api.get(V1 + "/feed", params={"after": "00000000-0000-0000-0000-000000000000.5"})
    assert (answer.status_code, answer.json()["restart_after"].split(".")[1]) == (410, "0")


# Edges, sites, measurements -------------------------------------------------------------------------------------


async def test_an_edge_says_its_state_backlog_clock_and_logs(running: RunningCentre, api: httpx.AsyncClient) -> None:
    await running.book("edge-1", moved(1, "receipt", line(LOT, 1, to_bin="A-01")))
    running.clock.at_ms += 3 * HOUR_MS
    running.live("edge-2", ("zone-a", "temperature_c", 18.5), journal_waiting=4)
    edges = {one["edge_id"]: one for one in (await get(api, "/edges"))["items"]}
    assert {name: one["freshness"] for name, one in edges.items()} == {
        "edge-1": "stale",
        "edge-2": "fresh",
        "edge-3": "never",
    }
    assert edges["edge-2"]["backlog"] == {"journal": 4, "telemetry": 0}
    assert (edges["edge-2"]["clock_synchronised"], edges["edge-2"]["clock_offset_ms"]) == (True, 0)
    log = edges["edge-1"]["logs"][0]
    assert (log["epoch"], log["stream"], log["accepted_through"], log["held"]) == (EPOCH, "journal", 1, False)
    assert [one["edge_id"] for one in (await get(api, "/edges", freshness="stale"))["items"]] == ["edge-1"]
    assert (await get(api, "/edges/edge-3"))["last_seen_at"] is None
    assert (await api.get(V1 + "/edges/nobody")).status_code == 404


async def test_an_edge_that_is_not_registered_is_shown_all_the_same(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    await running.book("stranger", moved(1, "receipt", line(LOT, 1, to_bin="A-01")))
    assert (await get(api, "/edges/stranger"))["site_id"] is None


async def test_sites_are_paged_and_as_old_as_their_worst_edge(running: RunningCentre, api: httpx.AsyncClient) -> None:
    running.live("edge-1")
    running.live("edge-3")
    first = await get(api, "/sites", limit=1)
    second = await get(api, "/sites", limit=1, after=first["next_after"])
    assert [page["items"][0]["site_id"] for page in (first, second)] == ["wh-1", "wh-2"]
    assert second["next_after"] is None
    assert first["items"][0]["data_age"]["freshness"] == "never"
    assert (await get(api, "/sites/wh-2"))["data_age"] == {
        "freshness": "fresh",
        "last_seen_at": "2026-09-21T14:13:20.000Z",
    }
    assert [one["site_id"] for one in (await get(api, "/sites", division="3302"))["items"]] == ["wh-2"]


async def test_samples_come_raw_for_hours_and_in_buckets_for_days(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    samples = [(NOON + n * 10_000, 18.0 + n / 10) for n in range(12)]
    await running.measure("edge-1", "zone-a", "temperature_c", [*samples, (NOON + 200_000, None)])
    asked = {"edge_id": "edge-1", "device": "zone-a", "quantity": "temperature_c", "from": "2026-09-21T14:00:00Z"}
    raw = await get(api, "/samples", **asked, until="2026-09-21T15:00:00Z")
    assert (raw["resolution"], raw["unit"], len(raw["samples"]), raw["buckets"]) == ("raw", "CEL", 13, None)
    assert raw["samples"][-1] == {"at": "2026-09-21T14:16:40.000Z", "value": None, "quality": "sensor_fault"}
    day = await get(api, "/samples", **asked, until="2026-09-22T14:00:00Z")
    assert day["resolution"] == "60s"
    assert sum(one["samples"] for one in day["buckets"]) == 12
    assert day["buckets"][0]["from"] == "2026-09-21T14:13:00.000Z"
    month = await get(api, "/samples", **asked, until="2026-10-20T14:00:00Z")
    assert (month["resolution"], month["buckets"][0]["low"], month["buckets"][0]["high"]) == ("1h", 18.0, 19.1)
    assert (
        await api.get(V1 + "/samples", params=asked | {"until": "2026-09-22T14:00:00Z", "device": "x"})
    ).status_code == 404
    assert (await get(api, "/series", edge_id="edge-1"))["items"][0]["quality"] == "sensor_fault"


async def test_samples_that_were_delivered_once_and_are_gone_are_shown_without_a_count(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    await running.measure("edge-1", "zone-a", "temperature_c", [(NOON, 18.0)])
    gone = ThinnedRange("edge-1", "0123456789abcdef", 2, 4, NOON, NOON, None, 3)
    await running.centre.metrics.write([EventSamples("edge-1", gone.epoch, 4, NOON, (), gone)])
    asked = {"edge_id": "edge-1", "device": "zone-a", "quantity": "temperature_c", "from": "2026-09-21T14:00:00Z"}
    found = await get(api, "/samples", **asked, until="2026-09-21T15:00:00Z")
    assert [(one["events_dropped"], one["samples_dropped"]) for one in found["thinned"]] == [(3, None)]


# What waits for a person ----------------------------------------------------------------------------------------


async def test_an_event_in_quarantine_is_shown_with_its_bytes_mended_and_released(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    await running.book("edge-1", moved(1, "receipt", line("LS01003", 3, to_bin="A-01")))
    waiting = (await get(api, "/quarantine"))["items"][0]
    assert waiting["reason"].startswith("unknown_item")
    name = f"{V1}/quarantine/edge-1/{EPOCH}/journal/1"
    one = (await api.get(name)).json()
    assert json.loads(one["text"])["fact"]["lines"][0]["item"] == "LS01003"
    refused = await api.post(name + "/release", json={})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:onebook:problem:unknown_item")

    await running.register(lambda book: import_items(book, [row for row in CATALOGUE if row["code"] == "LS01003"]))
    released = await api.post(name + "/release", json={})
    assert released.status_code == 200, released.text
    assert released.json()["decision"] | {"decided_at": ""} == {
        "decision": "released",
        "actor": "token:test-1",
        "reason": "",
        "decided_at": "",
        "ledger_seq": 1,
    }
    assert (await get(api, "/quarantine"))["items"] == []
    assert len((await get(api, "/quarantine", decided=True))["items"]) == 1
    again = await api.post(name + "/release", json={})
    assert (again.status_code, again.json()["type"]) == (409, "urn:onebook:problem:decided_already")


async def test_an_event_is_booked_as_something_else_or_left_out(running: RunningCentre, api: httpx.AsyncClient) -> None:
    await running.book("edge-1", *(moved(n, "receipt", line("LS01003", 3, to_bin="A-01")) for n in (1, 2)))
    name = f"{V1}/quarantine/edge-1/{EPOCH}/journal/"
    instead = moved(1, "receipt", line(LOT, 3, to_bin="A-01"), second_actor="Wang")
    released = await api.post(name + "1/release", json={"replacement": instead})
    assert released.status_code == 200, released.text
    assert (await get(api, "/balances"))["items"][0]["item"]["code"] == LOT
    assert (await get(api, "/movements"))["items"][0][
        "second_actor"
    ] == "Wang"  # Of what was booked, not of what was sent.
    rejected = await api.post(name + "2/reject", json={"reason": "演练"})
    assert rejected.json()["decision"]["reason"] == "演练"
    assert (await api.post(name + "2/reject", json={"reason": " "})).status_code == 422
    assert (await api.post(name + "7/reject", json={"reason": "x"})).status_code == 404


async def test_bytes_that_are_no_text_are_given_as_base64(running: RunningCentre, api: httpx.AsyncClient) -> None:
    def work(book: Any) -> None:
        sent = upload(log_of("edge-1"), 1, book.cursor(log_of("edge-1")).head, [b"\xff\xfe"])
        book_journal_upload(book, ReceivedUpload(sent, b"", NOON), Pace())

    await running.centre.ledger.write(work)
    one = (await api.get(f"{V1}/quarantine/edge-1/{EPOCH}/journal/1")).json()
    assert (one["text"], one["base64"]) == (None, "//4=")


async def test_pages_of_quarantine_never_lose_events_of_one_millisecond(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    for group in range(3):
        running.clock.at_ms += 1
        await running.book(
            "edge-1", *(moved(group * 4 + n, "receipt", line("LS01003", 3, to_bin="A-01")) for n in range(1, 5))
        )
    seen, query = [], {"limit": 3}
    while True:
        page = await get(api, "/quarantine", **query)
        seen += [one["sequence"] for one in page["items"]]
        if page["next_before"] is None:
            break
        query["before"] = page["next_before"]
    assert sorted(seen) == list(range(1, 13))


async def test_discrepancies_say_what_the_book_lacked(running: RunningCentre, api: httpx.AsyncClient) -> None:
    await running.book("edge-1", moved(1, "issue", line(BULK, "2.5", unit="TNE", from_bin="G-01")))
    found = await get(api, "/discrepancies")
    assert [(one["kind"], one["quantity"], one["item"]["unit"]) for one in found["items"]] == [
        ("book_too_small", "2.5", "TNE")
    ]
    assert (await get(api, "/discrepancies", site_id="wh-2"))["items"] == []


async def test_a_log_that_says_two_things_is_listed_and_its_edge_is_held(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    await running.centre.ledger.write(
        lambda book: book.record_fork(log_of("edge-1"), b"upload", "another content", NOON)
    )
    fork = (await get(api, "/forks"))["items"][0]
    assert (fork["edge_id"], fork["upload_bytes"], fork["released_at"]) == ("edge-1", 6, None)
    assert (await get(api, "/edges/edge-1"))["logs"][0]["held"] is True


async def test_warnings_are_open_until_they_are_history(running: RunningCentre, api: httpx.AsyncClient) -> None:
    await running.onlooker.know({"edge-1": "wh-1", "edge-2": "wh-1"}, {"edge-1": NOON - 9 * HOUR_MS})
    running.clock.at_ms += HOUR_MS
    await running.centre.watcher.tick(running.clock.at_ms)
    one = next(w for w in (await get(api, "/warnings"))["items"] if w["edge_id"] == "edge-1")
    assert (one["kind"], one["severity"], one["cleared_at"]) == ("edge_silent", "high", None)
    assert "失联" in one["text"]["zh"]
    running.live("edge-1")
    await running.centre.watcher.see([SignOfLife("edge-1")], running.clock.at_ms)
    assert "edge-1" not in {w["edge_id"] for w in (await get(api, "/warnings"))["items"]}
    past = (await get(api, "/warnings/history", edge_id="edge-1"))["items"][0]
    assert past["clearing_reason"]["en"] == "The edge is heard again"


# Operations -----------------------------------------------------------------------------------------------------


async def test_not_ready_says_which_part_and_why(api: httpx.AsyncClient) -> None:
    assert (await api.get("/health/live")).json() == {"alive": True}
    answer = await api.get("/health/ready")
    assert answer.status_code == 503
    assert {part["part"]: part["works"] for part in answer.json()["parts"]} == {
        "ledger": True,
        "metrics": True,
        "broker": False,
    }


async def test_metrics_are_numbers_that_prometheus_can_read(running: RunningCentre, api: httpx.AsyncClient) -> None:
    await stock_up(running)
    await running.book("edge-1", moved(9, "receipt", line("LS01003", 3, to_bin="A-01")))
    running.centre.ingest.counters.rejected['no "JSON"\n'] += 2
    answer = await api.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    for expected in (
        "onebook_ledger_seq 5",
        "onebook_quarantine_events 1",
        'onebook_edges{freshness="never"} 1',
        'onebook_edges{freshness="fresh"} 2',
        'onebook_backlog_events{stream="journal"} 0',
        r'onebook_ingest_rejected_total{reason="no \"JSON\"\n"} 2',
        "onebook_broker_connected 0",
    ):
        assert expected in lines, expected


# Problems -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/api/v1/nothing", 404, "not_found"),
        ("/api/v1/movements/x", 404, "not_found"),
        ("/api/v1/movements?limit=0", 422, "malformed_request"),
        ("/api/v1/movements?limit=501", 422, "malformed_request"),
        ("/api/v1/movements?before=9223372036854775808", 422, "malformed_request"),
        ("/api/v1/balances?as_of=2026-09-21T10:00:00", 422, "malformed_request"),
        ("/api/v1/balances?division=33x", 422, "malformed_request"),
        ("/api/v1/feed?after=x", 400, "no_cursor"),
        ("/api/v1/feed?wait_s=31", 422, "malformed_request"),
        (
            "/api/v1/samples?edge_id=a&device=b&quantity=c&from=2026-01-01T00:00:00Z&until=2026-01-01T00:00:00Z",
            400,
            "empty_range",
        ),
        ("/docs", 404, "not_found"),
    ],
)
async def test_every_refusal_is_a_problem_document(api: httpx.AsyncClient, path: str, status: int, kind: str) -> None:
    answer = await api.get(path)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == status
    problem = answer.json()
    assert (problem["status"], problem["type"]) == (status, f"urn:onebook:problem:{kind}")
    assert problem["detail"]


async def test_a_malformed_request_says_where_and_does_not_echo_values(api: httpx.AsyncClient) -> None:
    secret = "x" * 300
    problem = (await api.get(f"{V1}/balances", params={"item": secret, "limit": "many"})).json()
    assert [one["where"] for one in problem["mistakes"]] == ["query.item", "query.limit"]
    assert secret not in json.dumps(problem)


async def test_a_wrong_method_names_the_right_one(api: httpx.AsyncClient) -> None:
    answer = await api.delete(V1 + "/movements")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("says_its_length", [True, False])
async def test_a_body_beyond_the_limit_is_refused(api: httpx.AsyncClient, says_its_length: bool) -> None:
    body = json.dumps({"reason": "x" * BODY_BYTES_MAX}).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    content = body if says_its_length else pieces()
    answer = await api.post(f"{V1}/quarantine/edge-1/{EPOCH}/journal/1/reject", content=content)
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:onebook:problem:request_entity_too_large")


async def test_our_own_failure_says_nothing_of_our_insides(
    running: RunningCentre, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(self: SqlLedgerStore, query: Any) -> Any:
        raise ZeroDivisionError("secret path /var/lib")

    monkeypatch.setattr(SqlLedgerStore, "read", fail)
    with structlog.testing.capture_logs() as logged:
        answer = await api.get(V1 + "/movements")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in answer.text
    assert logged[0]["event"] == "request_raised"


async def test_a_database_that_does_not_answer_means_try_again(
    running: RunningCentre, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def locked(self: SqlLedgerStore, query: Any) -> Any:
        raise RetryableError("database is locked")

    monkeypatch.setattr(SqlLedgerStore, "read", locked)
    answer = await api.get(V1 + "/movements")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_250_bad_requests_are_refused_and_none_is_our_failure(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    """Seeded nonsense in every parameter of every operation; each must be answered with 2xx or a 4xx problem."""
    await stock_up(running)
    chance = random.Random(20_260_921)
    operations = [
        (path, method, operation)
        for path, methods in openapi_document()["paths"].items()
        for method, operation in methods.items()
        if path != f"{V1}/stream" and not path.startswith("/health")
    ]
    refused = 0
    for number in range(250):
        path, method, operation = chance.choice(operations)
        query: dict[str, str] = {}
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                path = path.replace("{" + parameter["name"] + "}", _nonsense_segment(chance))
            elif parameter["in"] == "query" and chance.random() < 0.7 and parameter["name"] != "wait_s":
                query[parameter["name"]] = chance.choice(_NONSENSE)
        body = chance.choice(_BODIES) if method == "post" else None
        answer = await api.request(method.upper(), path, params=query, content=body)
        seen = f"request {number}: {method} {answer.request.url} {body!r}: {answer.status_code} {answer.text[:300]}"
        assert answer.status_code < 500, seen
        if answer.status_code >= 400:
            refused += 1
            assert answer.headers["content-type"] == "application/problem+json", seen
    assert refused > 150


_NONSENSE = (
    "",
    " ",
    "-1",
    "0",
    "1e309",
    "99999999999999999999999999",
    "-9223372036854775809",
    "NaN",
    "null",
    "true",
    "' OR 1=1 --",
    "%",
    "_",
    "\\",
    "\x00",
    "帐篷\u202e",
    "\U0001f4e6" * 60,
    "a" * 5_000,
    "2026-02-30T00:00:00Z",
    "9999-12-31T23:59:59.999999-23:59",
    "0000-00-00T00:00:00Z",
    "2026-09-21T14:13:20Z",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "٣٣",
)
_BODIES: tuple[bytes, ...] = (
    b"",
    b"{",
    b"[]",
    b"null",
    b'{"actor": 5}',
    b'{"reason": "x", "extra": 1}',
    b'{"actor": "\\ud800", "reason": "\\udfff"}',
    b'{"actor": "a", "reason": "b"}',
    b"\xff\xfe\x00",
    b'{"actor": "x", "replacement": {"type": "goods_moved"}}',
    b'{"actor": "x", "replacement": ' + b"[" * 3_000,
    b'{"actor": ' + b"9" * 5_000 + b"}",
)


def _nonsense_segment(chance: random.Random) -> str:
    text = chance.choice(_NONSENSE) or "x"
    return httpx.URL("http://x/", params={"a": text}).query.decode()[2:].replace("+", "%20") or "x"


# The live stream, over a real socket ------------------------------------------------------------------------------


async def events(answer: httpx.Response) -> AsyncIterator[dict[str, str]]:
    event: dict[str, str] = {}
    async for text in answer.aiter_lines():
        if text.startswith(":"):
            continue
        if text:
            name, _, value = text.partition(": ")
            event[name] = value
        elif event:
            yield event
            event = {}


async def test_the_stream_tells_what_happens_and_goes_on_where_a_client_left_off(running: RunningCentre) -> None:
    async with (
        serving(running) as address,
        httpx.AsyncClient(
            base_url=address, timeout=20, headers=await running.token(role=Role.PROVINCIAL_OPS)
        ) as client,
    ):
        async with client.stream("GET", V1 + "/stream") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            told = events(answer)
            await _until_listened(running)
            await running.book("edge-1", moved(1, "receipt", line(LOT, 4, to_bin="A-01")))
            running.live("edge-1", ("zone-a", "temperature_c", 18.5))
            found: dict[str, dict[str, str]] = {}
            while not {"movement", "presence", "readings"} <= found.keys():
                one = await anext(told)
                found[one["event"]] = one
        assert json.loads(found["movement"]["data"])["lines"][0]["legs"][1]["quantity"] == "4"
        assert json.loads(found["readings"]["data"])["readings"][0]["value"] == 18.5
        assert json.loads(found["presence"]["data"])["freshness"] == "fresh"
        await running.book("edge-1", *(moved(n, "receipt", line(LOT, 4, to_bin="A-01")) for n in (2, 3)))
        async with client.stream("GET", V1 + "/stream", headers={"Last-Event-ID": found["movement"]["id"]}) as answer:
            told = events(answer)
            await _until_listened(running)
            await running.book("edge-1", moved(4, "receipt", line(LOT, 4, to_bin="A-01")))
            seqs = [json.loads((await anext(told))["data"])["ledger_seq"] for _ in range(3)]
        assert seqs == [2, 3, 4]


async def test_a_listener_that_is_too_far_behind_is_told_to_reload(running: RunningCentre) -> None:
    start = f"{await running.centre.ledger.read(queries.feed_epoch)}.0"
    for first in range(1, 302, 100):
        await running.book(
            "edge-1", *(moved(n, "receipt", line(LOT, 1, to_bin="A-01")) for n in range(first, first + 100))
        )
    async with (
        serving(running) as address,
        httpx.AsyncClient(
            base_url=address, timeout=20, headers={"Last-Event-ID": start} | await running.token()
        ) as client,
        client.stream("GET", V1 + "/stream") as answer,
    ):
        told = events(answer)
        await _until_listened(running)
        await running.book("edge-1", moved(500, "receipt", line(LOT, 1, to_bin="A-01")))
        one = await anext(told)
        assert (one["event"], one["id"].split(".")[1]) == ("reload", "401")


async def test_streams_end_with_the_client_and_with_the_server(running: RunningCentre) -> None:
    listeners = running.centre.live._listeners
    async with httpx.AsyncClient(timeout=20, headers=await running.token()) as client:
        async with serving(running) as address:
            async with client.stream("GET", address + V1 + "/stream"):
                await _until_listened(running)
            async with asyncio.timeout(10):
                while listeners:
                    await asyncio.sleep(0.01)
            staying = await client.send(client.build_request("GET", address + V1 + "/stream"), stream=True)
            await _until_listened(running)
        async with asyncio.timeout(10):
            rest = [text async for text in staying.aiter_lines()]
        assert not any(text.startswith("data") for text in rest)
        assert not listeners


async def _until_listened(running: RunningCentre) -> None:
    async with asyncio.timeout(10):
        while not running.centre.live._listeners:
            await asyncio.sleep(0.01)


# The description ------------------------------------------------------------------------------------------------


def test_the_description_is_complete() -> None:
    document = openapi_document()
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "query":
                    assert parameter.get("description") or parameter["schema"].get("description"), (
                        path,
                        parameter["name"],
                    )
    assert "application/problem+json" in json.dumps(document)
    assert "HTTPValidationError" not in json.dumps(document)
