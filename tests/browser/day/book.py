"""What the centre tells of a day in its feed, in the words of the errands; and the codes that wait there for a person."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import httpx

from tests.browser.day.errands import Aside, Counted, Entry, Errand, Goods
from tests.end_to_end.plant import Plant, read

_MADE_HERE = re.compile(r"([A-Z]{2})20\d{6}33010507[0-9A-HJKMNP-TV-Z]{5}\d{5}")
"""A number that the box made: kind, day, division and maker of the site, series, running number."""
_PAPERS_OF = "papers of "
_ASIDES = "SELECT body FROM envelope WHERE event_type = 'code_set_aside' ORDER BY log_id, sequence"
_PAGE = 500


def entries_expected(day: Iterable[Errand]) -> list[Entry]:
    """What the book must hold after these errands, in this order. What an entry is about is named by its place: "#3"."""
    found: list[Entry] = []
    place = {"": ""}
    for errand in day:
        found += [replace(entry, about=place[entry.about]) for entry in errand.books]
        place[errand.name] = f"#{len(found)}"
    return found


def entries_told(plant: Plant) -> list[Entry]:
    """The whole feed."""
    told = _feed(plant)
    place = {one["movement_id"]: f"#{number}" for number, one in enumerate(told, 1)}
    return [_entry(one, place) for one in told]


def asides_expected(day: Iterable[Errand]) -> list[Aside]:
    return [aside for errand in day for aside in errand.asides]


def asides_told(plant: Plant) -> list[Aside]:
    facts = [json.loads(body)["fact"] for (body,) in read(plant.ledger_file, _ASIDES)]
    return [Aside(fact["text"], fact.get("note") or "") for fact in facts]


def _feed(plant: Plant) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"limit": _PAGE}
    while True:
        where = f"http://127.0.0.1:{plant.api_port}/api/v1/feed"
        answer = httpx.get(where, params=asked, headers=plant.key, timeout=30).raise_for_status().json()
        found += answer["items"]
        if not answer["more"]:
            return found
        asked["after"] = answer["next_after"]


def _entry(told: dict[str, Any], place: Mapping[str, str]) -> Entry:
    reason = told["reason"] or ""
    papers_of = reason.removeprefix(_PAPERS_OF) if reason.startswith(_PAPERS_OF) else None
    about = told["reverses"] or told["corrects"] or papers_of
    return Entry(
        kind=told["kind"],
        goods=tuple(_goods(line) for line in told["lines"]),
        document=_number(told["document"]["number"]) if told["document"] else "",
        actor=told["actor"],
        second=told["second_actor"] or "",
        reasons="" if papers_of else _codes(reason),
        about=place[about] if about else "",
        rotation=told["rotation"] or "",
        papers=told["papers"] or "",
        counted=_counted(told["count"]) if told["count"] else None,
    )


def _goods(line: dict[str, Any]) -> Goods:
    """A line of two legs. What the book had to explain has more, and shows here as more than one place."""
    left = [leg for leg in line["legs"] if leg["quantity"].startswith("-")]
    came = [leg for leg in line["legs"] if leg not in left]
    return Goods(
        item=line["item"]["code"],
        lot=came[0]["lot"],
        quantity=f"{came[0]['quantity']} {line['item']['unit']}",
        left=" + ".join(_place(leg["place"]) for leg in left),
        came=" + ".join(_place(leg["place"]) for leg in came),
        serials=tuple(came[0]["serials"]),
    )


def _counted(count: dict[str, Any]) -> Counted:
    unit = count["item"]["unit"]
    amounts = (f"{count['counted']} {unit}", f"{count['book']} {unit}")
    return Counted(count["item"]["code"], count["lot"], _place(count["place"]), *amounts)


def _place(place: dict[str, Any]) -> str:
    if place["kind"] == "real":
        return f"{place['bin']} {place['status']}"
    return " ".join(filter(None, (place["kind"], place["document_no"])))


def _number(number: str) -> str:
    return _MADE_HERE.sub(r"\1", number)


def _codes(reason: str) -> str:
    """A reason is kept as "CODE words; CODE words"."""
    return " ".join(one.split(" ")[0] for one in reason.split("; "))
