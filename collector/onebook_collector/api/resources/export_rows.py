"""The columns of exports, and what of an answer stands in each. Names are those of the API's fields."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from onebook_collector.csv_text import Cell, moment
from onebook_collector.early_warning.rule import EarlyWarning
from onebook_collector.early_warning.texts import TEXTS
from onebook_collector.ledger.account import Account
from onebook_collector.ledger.queries import BalanceLine, ItemName, LotName, MovementEntry

_PLACE = (
    "place_kind", "place_site_id", "bin", "status", "owner_org", "custodian_org", "reserve_mode", "consignment_no"
)  # fmt: skip
_ITEM = ("item", "name_zh", "name_en", "unit", "unit_zh")
_HEAD = (
    "ledger_seq", "movement_id", "kind", "site_id", "event_time", "time_quality", "recorded_at", "actor", "device", "source",
    "reason", "document_kind", "document_no", "reverses", "reversed_by", "corrects", "second_actor", "rotation", "papers",
)  # fmt: skip
BALANCES = (*_PLACE, *_ITEM, "lot", "expires_on", "quantity")
MOVEMENTS = (*_HEAD, "line", *_ITEM, *_PLACE, "lot", "quantity", "serials", "counted", "book")
WARNINGS = (
    "id", "kind", "severity", "edge_id", "site", "device", "quantity", "text_zh", "text_en", "opened_at", "last_seen_at",
    "cleared_at", "clearing_reason_zh", "clearing_reason_en",
)  # fmt: skip
AUDIT = ("entry_id", "at", "actor", "action", "subject", "outcome", "address", "detail")


def balance_row(line: BalanceLine) -> tuple[Cell, ...]:
    expires_on = date.fromisoformat(line.lot.expires_on) if line.lot.expires_on else None
    return *_place(line.place), *_item(line.item), line.lot.number, expires_on, line.amount


def movement_rows(entry: MovementEntry) -> Iterator[tuple[Cell, ...]]:
    """A row for each leg, and one for a count; a movement that has neither is a row all the same."""
    rows = [*_legs(entry), *_count(entry)]
    for row in rows or [(None,) * (len(MOVEMENTS) - len(_HEAD))]:
        yield *_head(entry), *row


def warning_row(warning: EarlyWarning) -> tuple[Cell, ...]:
    reason = TEXTS[warning.clearing_reason] if warning.clearing_reason else None
    return (
        warning.id,
        warning.kind.value,
        "high" if warning.severity > 1 else "warning",
        *warning.subject,
        warning.text_zh,
        warning.text_en,
        moment(warning.opened_ms),
        moment(warning.last_seen_ms),
        moment(warning.cleared_ms),
        reason.zh if reason else None,
        reason.en if reason else None,
    )


def audit_row(row: Row[Any]) -> tuple[Cell, ...]:
    return row.entry_id, moment(row.at_ms), row.actor, row.action, row.subject, row.outcome, row.address, row.detail


def _head(entry: MovementEntry) -> tuple[Cell, ...]:
    row = entry.row
    said = (row.actor, row.device, row.source, row.reason, row.document_kind, row.document_no)
    times = (moment(row.event_time), row.time_quality, moment(row.recorded_at))
    related = (row.reverses, entry.reversed_by, row.corrects)
    beside = (entry.beside.second_actor, entry.beside.rotation, entry.beside.papers)
    return row.ledger_seq, row.movement_id, row.kind, row.site_id, *times, *said, *related, *beside


def _legs(entry: MovementEntry) -> Iterator[tuple[Cell, ...]]:
    for line in entry.lines:
        for leg in line.legs:
            serials = json.dumps(leg.serials, ensure_ascii=False) if leg.serials else None
            amount = line.item.amount(leg.quantity)
            yield *_goods(line.line, line.item, leg.place, leg.lot), amount, serials, None, None


def _count(entry: MovementEntry) -> Iterator[tuple[Cell, ...]]:
    count = entry.count
    if count is not None:
        amounts: tuple[Decimal, ...] = tuple(count.item.amount(one) for one in (count.counted, count.book_at))
        yield *_goods(None, count.item, count.place, count.lot), None, None, *amounts


def _goods(line: int | None, item: ItemName, place: Account, lot: LotName | None) -> tuple[Cell, ...]:
    return line, *_item(item), *_place(place), lot.number if lot is not None else None


def _item(item: ItemName) -> tuple[Cell, ...]:
    return item.code, item.name_zh, item.name_en, item.unit_code, item.unit_zh


def _place(place: Account) -> tuple[Cell, ...]:
    holding = (place.owner_org, place.custodian_org, place.reserve_mode)
    return place.kind, place.site_id, place.bin, place.status, *holding, place.document_no
