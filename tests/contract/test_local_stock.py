"""The stock that a box keeps by itself comes to what the book will have, whenever the centre's document was taken.

Method: hypothesis makes up the journal of one edge. The memory book books all of it; the document is what the book had in its
bins after some of it. The local stock of that document, fed with the events behind it, must hold the book's final balances of
every bin, and each serial where the book has it. Left out, as the local stock's docstring says: taking back a movement from
before the document that came out of `unexplained`; and lots of pieces with serials, but when the document is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from onebook_collector.ledger.account import AccountKind
from onebook_collector.ledger.memory_book import MemoryBook
from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.capture.held_goods import Key
from onebook_edge.stock.local_stock import LocalStock
from onebook_schemas.quantities import Quantity
from onebook_schemas.reference import StockDocument, StockLine, TakenThrough
from onebook_schemas.stock_events import Holding, StockEvent, StockStatus
from tests.contract import ledger_events as events
from tests.contract.ledger_bench import take
from tests.contract.ledger_events import BULK, LOT, NOON, SERIAL, counted, line, moved, papers, reversed_

BINS = ("A", "B")
FACT: TypeAdapter[Any] = TypeAdapter(StockEvent)
CATALOGUE = Catalogue.from_csv_text(
    "code,name_zh,pinyin_initials,name_en,unit_zh,unit_code,tracking,shelf_life_days,pack_size,pack_unit_zh,gtin13_example,pack_gtin14_example\n"
    f"{BULK},稻谷,DG,Paddy,吨,TNE,bulk,,,,,\n{LOT},帐篷,ZP,Tent,顶,EA,lot,,,,,\n{SERIAL},指挥帐篷,ZHZP,Tent,顶,EA,serial,,,,,\n"
)
LOTS = {"L1": {"number": "L1", "expires_on": "2027-01-01"}, "L2": {"number": "L2", "expires_on": "2026-06-01"}}
STATUSES = ("available", "frozen")
OUT, IN = ("issue", "transfer_out", "loan", "disposal"), ("receipt", "transfer_in", "recovery", "donation")
Stock = dict[Key, Decimal]


@st.composite
def lines(draw: st.DrawFn, with_serial_lots: bool, **where: Any) -> dict[str, Any]:
    item = draw(st.sampled_from((BULK, LOT, LOT, SERIAL, SERIAL)))
    lot = draw(st.sampled_from((None, "L1", "L2")))
    named = {"lot": LOTS[lot]} if lot else {}
    if item == SERIAL:
        serials = draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True))
        amount = len(serials) + (draw(st.integers(0, 9)) == 0)  # Now and then one that the centre will not book.
        return line(item, amount, serials=serials, **(named if with_serial_lots else {}), **where)
    unit = draw(st.sampled_from(("KGM", "TNE"))) if item == BULK else "EA"
    return line(item, draw(st.integers(1, 40)), unit=unit, **named, **where)


@st.composite
def facts(draw: st.DrawFn, number: int, with_serial_lots: bool) -> dict[str, Any]:
    kind = draw(
        st.sampled_from((*OUT, *IN, "receipt", "bin_move", "status_change", "reversal", "reversal", "count", "papers"))
    )
    if kind == "reversal":
        return reversed_(number, draw(st.integers(1, max(number - 1, 1))))
    if kind == "papers":
        return papers(number, draw(st.integers(1, max(number - 1, 1))))
    if kind == "count":
        return _count(draw, number)
    where: dict[str, str] = {}
    if kind not in IN:
        where |= {"from_bin": draw(st.sampled_from(BINS)), "from_status": draw(st.sampled_from(STATUSES))}
    if kind not in OUT:
        where |= {"to_bin": draw(st.sampled_from(BINS)), "to_status": draw(st.sampled_from(STATUSES))}
    of_lines = draw(st.lists(lines(with_serial_lots, **where), min_size=1, max_size=2))
    corrects = {"corrects": events.movement_id(draw(st.integers(1, number)))} if draw(st.integers(0, 9)) == 0 else {}
    return moved(number, kind, *of_lines, **corrects)


def _count(draw: st.DrawFn, number: int) -> dict[str, Any]:
    place = draw(st.sampled_from(BINS))
    if draw(st.booleans()):
        serials = draw(st.lists(st.sampled_from("abcd"), max_size=4, unique=True))
        return counted(number, SERIAL, place, len(serials), serials=serials)
    lot = draw(st.sampled_from((None, "L1")))
    return counted(number, LOT, place, draw(st.integers(0, 60)), lot=lot)


@st.composite
def journals(draw: st.DrawFn, *, with_serial_lots: bool) -> list[dict[str, Any]]:
    """Counts often agree with nearly what is there, so that some are adjusted: large receipts come first."""
    first = [moved(n, "receipt", line(LOT, 60, lot=LOTS[lot], to_bin="A")) for n, lot in ((1, "L1"), (2, "L2"))]
    return [*first, *(draw(facts(number, with_serial_lots)) for number in range(3, draw(st.integers(3, 22)) + 1))]


def book_of(journal: Sequence[dict[str, Any]]) -> MemoryBook:
    book = MemoryBook()
    events.furnish(book)
    for sequence, fact in enumerate(journal, 1):
        body = events.body(sequence, fact, NOON + sequence * 1_000)
        take(book, events.log_of("edge-1"), sequence, (body,), NOON + sequence * 1_000)
    return book


def bins_of(book: MemoryBook) -> Stock:
    stock: Stock = {}
    for (account_id, item_id, lot_id), (units, _seq) in book.rows.balances.items():
        account = book.account_by_id(account_id).account
        if account.kind == AccountKind.REAL and units:
            stock[_key(book, account_id, item_id, lot_id)] = _amount(book.item_by_id(item_id).code, units)
    return stock


def serials_of(book: MemoryBook) -> dict[str, Key]:
    places: dict[str, Key] = {}
    for serial_id, place in book.rows.serial_places.items():
        if book.account_by_id(place.account_id).is_real:
            item_id, number = book.rows.serials[serial_id - 1][1:]
            places[number] = _key(book, place.account_id, item_id, place.lot_id)
    return places


def _key(book: MemoryBook, account_id: int, item_id: int, lot_id: int) -> Key:
    account = book.account_by_id(account_id).account
    lot = book.lot_by_id(lot_id).number or None
    return Key(account.bin, book.item_by_id(item_id).code, lot, StockStatus(account.status), Holding())


def _amount(item: str, units: int) -> Decimal:
    return Decimal(units).scaleb(-6) if item == BULK else Decimal(units)  # Grams of a tonne.


def document_of(book: MemoryBook, sequence: int) -> StockDocument:
    """What the centre would publish now."""
    at: dict[Key, list[str]] = {}
    for number, key in serials_of(book).items():
        at.setdefault(key, []).append(number)
    stock_lines = []
    for key, amount in bins_of(book).items():
        dates = LOTS.get(key.lot or "")
        stock_lines.append(
            StockLine(
                bin=key.bin,
                item=key.item,
                quantity=Quantity(amount=amount, unit="TNE" if key.item == BULK else "EA"),
                lot=key.lot,
                expires_on=date.fromisoformat(dates["expires_on"]) if dates else None,
                status=key.status,
                serials=tuple(at.get(key, ())),
            )
        )
    taken = (TakenThrough(epoch=events.EPOCH, sequence=sequence),)
    return StockDocument(version=NOON, site_id="wh-1", taken=taken, lines=tuple(stock_lines))


def local_stock(journal: Sequence[dict[str, Any]], cursor: int) -> LocalStock:
    stock = LocalStock(document_of(book_of(journal[:cursor]), cursor), CATALOGUE)
    for sequence, fact in enumerate(journal, 1):
        if stock.holds(events.EPOCH, sequence):
            stock.remember(FACT.validate_python(fact))
        else:
            stock.record(FACT.validate_python(fact))
    return stock


def must_agree(journal: Sequence[dict[str, Any]], cursor: int) -> None:
    book, stock = book_of(journal), local_stock(journal, cursor)
    held = stock.everything()
    assert {Key(one.bin, one.item, one.lot_number, one.status, one.holding): one.amount for one in held} == bins_of(
        book
    )
    places = serials_of(book)
    assert {number: stock.place_of(SERIAL, number) for number in "abcd"} == {n: places.get(n) for n in "abcd"}


def _takes_back_what_was_unexplained(journal: Sequence[dict[str, Any]], cursor: int) -> bool:
    book = book_of(journal[:cursor])
    doubtful = {book.rows.movements[row[1] - 1].movement_id for row in book.rows.discrepancies}
    known = {one.movement_id for one in book.rows.movements}
    taken_back = {fact.get("reverses") for fact in journal[cursor:]}
    counts = {fact["movement_id"] for fact in journal[:cursor] if fact["type"] == "stock_counted"}
    serial = {
        fact["movement_id"]
        for fact in journal[:cursor]
        if fact["type"] == "goods_moved" and any(one["item"] == SERIAL for one in fact["lines"])
    }
    set_aside = {fact["movement_id"] for fact in journal[:cursor]} - known
    return bool(taken_back & (doubtful | counts | serial | set_aside))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(journals(with_serial_lots=True))
def test_from_the_first_event_on_it_is_what_the_book_will_have(journal: list[dict[str, Any]]) -> None:
    must_agree(journal, 0)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(journals(with_serial_lots=False), st.data())
def test_a_document_and_the_events_behind_it_are_what_the_book_will_have(
    journal: list[dict[str, Any]], data: st.DataObject
) -> None:
    cursors = [n for n in range(len(journal) + 1) if not _takes_back_what_was_unexplained(journal, n)]
    must_agree(journal, data.draw(st.sampled_from(cursors)))
