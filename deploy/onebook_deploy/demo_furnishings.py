"""What the warehouses of the demonstration are given to work by, as the CSV files that central operations would fill in."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from onebook_deploy.demo_site import probe_id
from onebook_firmware_sim.scenario import HEADS

PIN_DIGITS = 6
Row = dict[str, str]
_ITEMS = (("LS01001", "20"), ("LS01002", "10"))


class SignIn(NamedTuple):
    """A person of the demonstration, for whoever wants to try."""

    site_id: str
    badge: str
    pin: str


def furnishings(
    descriptions: Mapping[str, Mapping[str, Any]], edge_id: Mapping[str, str], today: date
) -> tuple[dict[str, list[Row]], list[SignIn]]:
    """Rows by kind of file, and the people who head the warehouses with their PINs."""
    files: dict[str, list[Row]] = {"setup": [], "zones": [], "bins": [], "people": [], "tasks": []}
    heads = []
    for number, (site_id, about) in enumerate(descriptions.items(), 1):
        files["setup"].append(_setup(site_id, number))
        files["zones"] += [_zone(site_id, name, edge_id[site_id]) for name in about["bins"]]
        files["bins"] += [_bin(site_id, code, zone) for zone, codes in about["bins"].items() for code in codes]
        people = [_person(site_id, badge, is_head=n < HEADS) for n, badge in enumerate(about["people"])]
        files["people"] += people
        files["tasks"] += _tasks(site_id, about["division"], today)
        heads.append(SignIn(site_id, people[0]["badge"], people[0]["pin"]))
    return files, heads


def _setup(site_id: str, number: int) -> Row:
    limits = {
        "issue_without_order_max": "",
        "second_person_from": "",
        "count_difference_review_pct": "",
        "inspect_receipts": "",
    }
    return {"site_id": site_id, "maker_number": str(number), **limits}


def _zone(site_id: str, name: str, edge_id: str) -> Row:
    """As warm and as damp as relief goods may get."""
    limits = {"temp_min_c": "", "temp_max_c": "32", "rh_min_pct": "", "rh_max_pct": "75"}
    names = {"name_zh": f"{name}区", "name_en": f"Zone {name}"}
    return {"site_id": site_id, "code": name, **names, **limits, "probes": f"{edge_id}/{probe_id(name)}"}


def _bin(site_id: str, code: str, zone: str) -> Row:
    return {"site_id": site_id, "code": code, "name_zh": "", "zone": zone}


def _person(site_id: str, badge: str, *, is_head: bool) -> Row:
    pin = "".join(secrets.choice("0123456789") for _ in range(PIN_DIGITS))
    role = "warehouse_head" if is_head else "keeper"
    may = {"may_authorise": "yes" if is_head else "no", "until": ""}
    return {"site_id": site_id, "badge": badge, "name": badge, "role": role, "pin": pin, **may}


def _tasks(site_id: str, division: str, today: date) -> list[Row]:
    """An order to issue, a purchase to receive, a stocktake. Numbers that nobody in the simulated warehouse gives."""
    day = f"{today:%Y%m%d}"
    heads: Sequence[tuple[str, str, str, str, str, str]] = (
        ("DB", "ISSUE", "向灾区调拨帐篷", "Tents for the flooded county", "county relief office 县应急局", "yes"),
        ("RK", "RECEIVE", "采购到货", "Purchase due", "supplier 供应商", "no"),
        ("PD", "COUNT", "月度盘点", "Monthly stocktake", "", "no"),
    )
    return [
        {
            "site_id": site_id,
            "kind": kind,
            "number": f"{kind}{division}{day}9{n}",
            "action": action,
            "title_zh": title_zh,
            "title_en": title_en,
            "counterpart": counterpart,
            "due_on": (today + timedelta(days=1)).isoformat(),
            "is_urgent": is_urgent,
            "note": "",
            "item": item,
            "amount": amount,
            "unit": "EA",
            "lot": "",
            "bin": "",
        }
        for n, (kind, action, title_zh, title_en, counterpart, is_urgent) in enumerate(heads, 1)
        for item, amount in _ITEMS
    ]
