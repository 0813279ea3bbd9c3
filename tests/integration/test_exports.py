"""Goal: exports hold all that is in scope, as a spreadsheet and a program can read it, and nothing in them is a formula.

Method: a centre with real databases; what comes out is read with a CSV reader. The text fields are taken from the schemas of the
messages, so that a new one is missed here.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from pydantic import TypeAdapter
from sqlalchemy import select

from onebook_collector.administration.rights import Role
from onebook_collector.administration.tables import audit_entry
from onebook_collector.api.resources import exports
from onebook_collector.csv_text import read_back
from onebook_collector.ledger import queries
from onebook_collector.ledger.registry import Site, import_items, import_sites, register_edge
from onebook_collector.scope import Scope
from onebook_schemas.stock_events import StockEvent
from tests.contract.ledger_events import CATALOGUE, LOT, NOON, SERIAL, counted, line, moved, papers, reversed_
from tests.integration.running_centre import RunningCentre, running_centre

V1 = "/api/v1/exports"
BEGINNINGS = ["=", "+", "-", "@", "\t", "\r", "'"]
FORMULA = "1+cmd|' /C calc'!A0"
IN_NO_EXPORT = {"MovedLine.scanned", "StockCounted.serials"}
"""Kept with the event only."""


@pytest_asyncio.fixture
async def running(tmp_path: Path) -> AsyncIterator[RunningCentre]:
    async with running_centre(tmp_path) as found:
        await found.register()
        yield found


@pytest_asyncio.fixture
async def api(running: RunningCentre) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(running.app, raise_app_exceptions=False)
    key = await running.token(role=Role.ADMINISTRATOR)
    async with httpx.AsyncClient(transport=transport, base_url="http://centre", headers=key) as client:
        yield client


async def rows_of(api: httpx.AsyncClient, name: str, **query: str) -> list[dict[str, str]]:
    answer = await api.get(f"{V1}/{name}", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="onebook-{name}-2026')
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), strict=True))


def free_texts(schema: dict[str, Any]) -> set[str]:
    """Fields whose text may begin with "=": Model.field."""
    return {
        f"{name}.{field}"
        for name, model in schema["$defs"].items()
        for field, described in model.get("properties", {}).items()
        if any(is_free(one) for one in (described, *described.get("anyOf", ())))
    }


def is_free(described: dict[str, Any]) -> bool:
    text = described.get("items", described)
    is_text = text.get("type") == "string" and not {"enum", "const", "format"} & text.keys()
    return is_text and re.search(text.get("pattern", ""), "=1+1") is not None


def evil_facts(beginning: str, number: int) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Events with a formula in every free text, and the formula of each field."""
    texts = {name: f"{beginning}{FORMULA} {n}" for n, name in enumerate(sorted(free_texts(_SCHEMA)))}
    texts["Document.number"] = f"=1+{number}"  # It is printed as a bar code: no blanks, no control characters.
    for name in ("Lot.number", "MovedLine.serials", "StockCounted.serials"):
        texts[name] = texts[name][:40]
    holding = {"owner_org": texts["Holding.owner_org"], "custodian_org": texts["Holding.custodian_org"]}
    holding["reserve_mode"] = "government_reserve"
    lot = {"number": texts["Lot.number"]}
    document = {"kind": "RK", "number": texts["Document.number"]}
    named = {"holding": holding, "scanned": texts["MovedLine.scanned"]}
    receipt = moved(
        number, "receipt", line(LOT, 5, to_bin="A-01", lot=lot, **named), actor=texts["GoodsMoved.actor"],
        reason=texts["GoodsMoved.reason"], document=document, second_actor=texts["GoodsMoved.second_actor"],
    )  # fmt: skip
    pieces = line(SERIAL, 1, to_bin="A-02", serials=[texts["MovedLine.serials"]], **named)
    facts = [
        receipt,
        moved(number + 1, "receipt", pieces, actor=texts["GoodsMoved.actor"], papers="follow"),
        papers(number + 4, number + 1, actor=texts["PapersFollowed.actor"]),
        reversed_(
            number + 2,
            number,
            reason=texts["MovementReversed.reason"],
            actor=texts["MovementReversed.actor"],
            second_actor=texts["MovementReversed.second_actor"],
        ),
        counted(
            number + 3, SERIAL, "A-02", 1, serials=[texts["StockCounted.serials"]], actor=texts["StockCounted.actor"]
        ),
    ]
    return facts, texts


_SCHEMA = TypeAdapter(StockEvent).json_schema()


@pytest.mark.parametrize("beginning", BEGINNINGS)
async def test_no_text_of_a_device_or_a_person_is_a_formula_and_each_can_be_read_back(
    running: RunningCentre, api: httpx.AsyncClient, beginning: str
) -> None:
    facts, texts = evil_facts(beginning, 100)
    booked = await running.book("edge-1", *facts)
    assert [verdict.kind.value for verdict in booked.verdicts] == ["posted"] * len(facts), booked.verdicts
    rows = await rows_of(api, "movements")
    cells = [cell for row in rows for cell in row.values()]
    assert [cell for cell in cells if not is_harmless(cell)] == []
    serials = [json.loads(read_back(row["serials"])) for row in rows if row["serials"]]
    found = {read_back(cell) for cell in cells}.union(*serials)
    assert {text for name, text in texts.items() if name not in IN_NO_EXPORT} - found == set()


def is_harmless(cell: str) -> bool:
    """Nothing, a number, a moment or a date, marked as text, or plainly text."""
    is_ours = re.fullmatch(r"-?[0-9]+(\.[0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+Z)?", cell) is not None
    return is_ours or cell[:1] in ("", "'") or cell[0].isalpha()


async def test_names_of_sites_lots_and_whoever_is_refused_are_no_formulas_either(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    def register(book: Any) -> None:
        import_items(book, [row | {"name_zh": "=帐篷", "name_en": "@tent"} for row in CATALOGUE if row["code"] == LOT])
        import_sites(book, [Site("wh-9", "=九号库", "+store", "330102")])
        register_edge(book, "edge-9", "wh-9")

    await running.register(register)
    await running.book("edge-9", moved(1, "receipt", line(LOT, 40, to_bin="007", lot="0012")))
    (balance,) = await rows_of(api, "balances")
    assert (balance["name_zh"], balance["name_en"], balance["lot"], balance["bin"]) == (
        "'=帐篷",
        "'@tent",
        "'0012",
        "'007",
    )
    assert (balance["quantity"], read_back(balance["lot"])) == ("40", "0012")
    form = {"name": "=cmd|' /C calc'!A0", "password": "x"}
    await api.post("/sign-in", data=form, headers={"Origin": "http://centre"})
    entries = await rows_of(api, "audit")
    assert [entry["subject"] for entry in entries if entry["action"] == "sign_in"] == ["'=cmd|' /C calc'!A0"]


async def test_an_export_says_what_the_list_says_to_the_last_row(
    running: RunningCentre, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over many pages, whose ends fall everywhere."""
    monkeypatch.setattr(exports, "PAGE_MOVEMENTS", 7)
    monkeypatch.setattr(exports, "PAGE_ROWS", 3)
    for first in range(0, 50, 25):
        await running.book(
            "edge-1",
            *(moved(1 + first + n, "receipt", line(LOT, 1, to_bin="A-01", lot=f"L{first + n}")) for n in range(25)),
        )
    movements = await rows_of(api, "movements")
    assert [int(row["ledger_seq"]) for row in movements if row["place_kind"] == "real"] == list(range(50, 0, -1))
    balances = await rows_of(api, "balances")
    listed = (await api.get("/api/v1/balances")).json()["items"]
    assert [(row["item"], row["lot"], row["quantity"]) for row in balances] == [
        (one["item"]["code"], one["lot"], one["quantity"]) for one in listed
    ]
    assert len(await rows_of(api, "movements", item=SERIAL)) == 0
    entries = await rows_of(api, "audit")
    assert [entry["subject"] for entry in entries if entry["action"] == "export"][::-1] == [
        "movements", "balances", "movements", "audit",
    ]  # fmt: skip


async def test_an_export_is_in_the_audit_log_with_what_was_asked_and_a_refused_one_too(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    await rows_of(api, "balances", division="3301")
    keeper = await running.token(role=Role.KEEPER, scope=Scope("3301"))
    assert (await api.get(f"{V1}/audit", headers=keeper)).status_code == 403
    assert (await api.get(f"{V1}/balances", headers=keeper)).status_code == 200
    rows = await running.centre.administration.read(lambda c: c.execute(select(audit_entry)).all())
    assert [(row.action, row.subject, row.outcome) for row in rows] == [
        ("export", "balances", "done"),
        ("read:audit", "/api/v1/exports/audit", "forbidden"),
        ("export", "balances", "done"),
    ]
    assert "division=3301" in rows[0].detail


async def test_warnings_are_exported_within_the_scope(running: RunningCentre, api: httpx.AsyncClient) -> None:
    await running.onlooker.know({"edge-1": "wh-1", "edge-3": "wh-2"}, {"edge-1": NOON, "edge-3": NOON})
    running.clock.at_ms += 5 * 3_600_000  # Dark.
    await running.centre.watcher.tick(running.clock.at_ms)
    assert {row["edge_id"] for row in await rows_of(api, "warnings")} == {"edge-1", "edge-3"}
    api.headers.update(await running.token(role=Role.CITY_OPS, scope=Scope("3302")))
    assert {row["edge_id"] for row in await rows_of(api, "warnings")} == {"edge-3"}


async def test_a_large_export_takes_no_more_memory_than_a_small_one(running: RunningCentre) -> None:
    """Peak of what Python holds while the lines of a file leave; ten times the book."""

    async def peak() -> int:
        tracemalloc.start()
        try:
            async for _ in exports._movements(running.centre, queries.MovementFilter(), Scope("33")):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    async def book(numbers: range) -> None:
        for first in numbers[::100]:
            await running.book(
                "edge-1", *(moved(first + n, "receipt", line(LOT, 1, to_bin="A-01")) for n in range(100))
            )

    await book(range(1, 201))
    await peak()  # Caches fill.
    small = await peak()
    await book(range(201, 2_001))
    assert await peak() < 1.5 * small
