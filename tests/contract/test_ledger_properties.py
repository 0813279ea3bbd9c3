"""Whatever happens in whatever order, every invariant holds, and both stores keep the same book.

Method: hypothesis makes up a province of two sites, three edges and a handful of goods, lets them receive, issue, move, dispatch,
count and reverse with event times in any order, in transactions of any size of which some fail and are tried again. The memory
book and the SQLite store book the same uploads. Then both must agree in balances, verdicts and hashes; `verify` must hold; and
balances as of, and as known at, any moment must equal a sum that knows nothing of day nets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from onebook_collector.ledger import queries
from onebook_collector.ledger import tables as t
from onebook_collector.ledger.book import Verdict
from onebook_collector.ledger.desk import Desk
from onebook_collector.ledger.memory_book import MemoryBook
from onebook_collector.ledger.queries import BalanceFilter
from onebook_collector.ledger.rebuild import differences
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_collector.ledger.verify import verify
from tests.contract import ledger_events as events
from tests.contract.ledger_bench import empty_store, open_store, read_stock, take
from tests.contract.ledger_events import BULK, LOT, NOON, SERIAL, counted, line, moved, papers, reversed_

EDGES = ("edge-1", "edge-2", "edge-3")
BINS = ("A", "B")
KINDS = (
    *("receipt", "issue", "bin_move", "transfer_out", "transfer_in", "loan", "recovery", "rotation_out", "rotation_in"),
    *("provisional", "papers", "reversal", "count", "lost"),
)
HOUR = 3_600_000
MOMENTS = st.integers(0, 80).map(lambda hours: NOON + hours * HOUR)  # Several business days.


class Happening(NamedTuple):
    edge_id: str
    fact: dict[str, Any]
    event_ms: int
    synchronised: bool


@st.composite
def lines(draw: st.DrawFn, **where: Any) -> dict[str, Any]:
    item = draw(st.sampled_from((BULK, LOT, LOT, SERIAL, SERIAL)))
    lot = draw(st.sampled_from((None, "L1", "L2")))
    if item == SERIAL:
        serials = draw(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3, unique=True))
        return line(item, len(serials), serials=serials, lot=lot, **where)
    unit = "KGM" if item == BULK else "EA"
    return line(item, draw(st.integers(1, 40)), unit=unit, lot=lot, **where)


@st.composite
def facts(draw: st.DrawFn, number: int) -> dict[str, Any]:
    kind = draw(st.sampled_from(KINDS))
    if kind == "papers":
        return papers(number, draw(st.integers(1, max(number - 1, 1))))
    if kind == "provisional":
        return moved(number, "donation", *draw(st.lists(lines(to_bin="A"), min_size=1, max_size=2)), papers="follow")
    if kind == "reversal":
        return reversed_(number, draw(st.integers(1, max(number - 1, 1))))
    if kind == "count":
        return _count(draw, number)
    if kind == "lost":
        return moved(number, "receipt", line("LS99999", 1, to_bin="A"))
    from_bin, to_bin = draw(st.sampled_from(BINS)), draw(st.sampled_from(BINS))
    where = {} if kind in ("receipt", "transfer_in", "recovery", "rotation_in") else {"from_bin": from_bin}
    if kind not in ("issue", "transfer_out", "loan", "rotation_out"):
        where["to_bin"] = to_bin
    if kind == "recovery":
        where["from_status"] = draw(st.sampled_from(("available", "on_loan")))
    named = {"document": {"kind": "DB", "number": draw(st.sampled_from(("DB1", "DB2")))}} if "transfer" in kind else {}
    if "rotation" in kind:
        named["rotation"] = "factory_return"
    return moved(number, kind, *draw(st.lists(lines(**where), min_size=1, max_size=3)), **named)


def _count(draw: st.DrawFn, number: int) -> dict[str, Any]:
    place, lot = draw(st.sampled_from(BINS)), draw(st.sampled_from((None, "L1")))
    if draw(st.booleans()):
        serials = draw(st.lists(st.sampled_from("abcdef"), max_size=6, unique=True))
        return counted(number, SERIAL, place, len(serials), serials=serials, lot=lot)
    return counted(number, LOT, place, draw(st.integers(0, 60)), lot=lot)


@st.composite
def happenings(draw: st.DrawFn) -> list[Happening]:
    count = draw(st.integers(1, 25))
    return [
        Happening(draw(st.sampled_from(EDGES)), draw(facts(number)), draw(MOMENTS), draw(st.integers(0, 9)) > 0)
        for number in range(1, count + 1)
    ]


class Batch(NamedTuple):
    """What one transaction books; `fails`: it is rolled back at its end and tried again."""

    happenings: Sequence[Happening]
    fails: bool


@st.composite
def batches(draw: st.DrawFn) -> list[Batch]:
    all_, found = draw(happenings()), []
    while all_:
        size = draw(st.integers(1, 8))
        found.append(Batch(all_[:size], draw(st.integers(0, 5)) == 0))
        all_ = all_[size:]
    return found


class FailedError(Exception):
    pass


def test_any_history_keeps_every_invariant_in_both_stores(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    store = asyncio.run(open_store(path))

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(batches(), MOMENTS, st.integers(0, 26))
    def check(history: list[Batch], as_of_ms: int, known: int) -> None:
        empty_store(store, path)
        asyncio.run(_check(store, history, as_of_ms, NOON + known))

    try:
        check()
    finally:
        asyncio.run(store.close())


async def _check(store: SqlLedgerStore, history: list[Batch], as_of_ms: int, known_at_ms: int) -> None:
    memory = MemoryBook()
    events.furnish(memory)
    await store.write(events.furnish)
    for batch in history:
        snapshot = memory.snapshot()
        expected = _book(memory, batch)
        if batch.fails:
            memory.restore(snapshot)
            assert _book(memory, batch) == expected
            await _fail(store, batch)
        assert await store.write(lambda book, batch=batch: _book(book, batch)) == expected
    _approve_all(memory)
    await store.write(_approve_all)
    await store.read(lambda connection: _agree(connection, memory))
    await store.read(lambda connection: _balances_agree(connection, as_of_ms, known_at_ms))


async def _fail(store: SqlLedgerStore, batch: Batch) -> None:
    def work(book: Desk) -> None:
        _book(book, batch)
        raise FailedError

    try:
        await store.write(work)
    except FailedError:
        return


def _book(book: Desk, batch: Batch) -> list[Verdict]:
    """Each happening is received a millisecond after the one before."""
    verdicts = []
    for one in batch.happenings:
        key = events.log_of(one.edge_id)
        sequence = book.cursor(key).accepted_through + 1
        body = events.body(sequence, one.fact, one.event_ms, synchronised=one.synchronised)
        number = int(one.fact["movement_id"][-6:], 16)
        verdicts += take(book, key, sequence, (body,), NOON + number)
    return verdicts


def _approve_all(book: Desk) -> None:
    """Every count that waits for a person is approved."""
    for number in range(1, 26):
        movement = book.known_movement(events.movement_id(number))
        waits = movement and book.lookup.open_discrepancy(movement.ledger_seq, "count_to_review")
        if movement and waits and not book.is_reversed(movement.movement_id):
            book.approve_count(movement.movement_id, "Li", NOON + 1_000)


def _agree(connection: Connection, memory: MemoryBook) -> None:
    report = verify(connection)
    assert report.holds, [finding for check in report.checks for finding in check.findings]
    assert list(differences(connection)) == []
    assert queries.head(connection) == (memory.ledger_seq, memory.head)
    assert read_stock(connection) == memory.stock()
    kinds = [
        (one.ledger_seq, one.kind, one.quantity)
        for one in reversed(queries.discrepancies(connection, still_open=False))
    ]
    assert kinds == [(row[1], row[2], row[7]) for row in memory.rows.discrepancies]


def _balances_agree(connection: Connection, as_of_ms: int, known_at_ms: int) -> None:
    for as_of in (None, as_of_ms):
        for known_at in (None, known_at_ms):
            asked = BalanceFilter(as_of_ms=as_of, known_at_ms=known_at, kinds=None)
            found = {
                (one.place.code, one.item.code, one.lot.number or ""): one.quantity
                for one in queries.balances(connection, asked)
            }
            assert found == _summed_naively(connection, as_of, known_at)


def _summed_naively(connection: Connection, as_of: int | None, known_at: int | None) -> dict[tuple[str, str, str], int]:
    query = (
        select(t.account.c.code, t.item.c.code, t.lot.c.number, t.posting.c.quantity)
        .add_columns(t.movement.c.event_time, t.movement.c.recorded_at)
        .select_from(t.posting)
        .join(t.account)
        .join(t.item, t.item.c.item_id == t.posting.c.item_id)
        .join(t.lot, t.lot.c.lot_id == t.posting.c.lot_id)
        .join(t.movement, t.movement.c.ledger_seq == t.posting.c.ledger_seq)
    )
    sums: dict[tuple[str, str, str], int] = {}
    for account, item, lot, quantity, event_time, recorded_at in connection.execute(query):
        if (as_of is None or event_time <= as_of) and (known_at is None or recorded_at <= known_at):
            sums[account, item, lot] = sums.get((account, item, lot), 0) + quantity
    return {key: quantity for key, quantity in sums.items() if quantity}
