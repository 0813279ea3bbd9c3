"""What the book says of each warehouse, from real bookings in a real file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from onebook_collector.clock import business_day
from onebook_collector.coverage.counted_lines import fen
from onebook_collector.coverage.days import DAY_MS, day_ends_ms
from onebook_collector.coverage.evidence import Counted, Lines
from onebook_collector.coverage.gathering import EdgeBook, SiteBook, look_into_book
from onebook_collector.coverage.rule import CoverageRule
from onebook_collector.ingest.book_uploads import ReceivedUpload, book_journal_upload
from onebook_collector.ingest.decide import Pace
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_schemas.encoding import encode_upload
from tests.contract.ledger_events import (
    BULK,
    LOT,
    NOON,
    SERIAL,
    body,
    counted,
    furnish,
    line,
    log_of,
    moved,
    reversed_,
    upload,
)

RULE = CoverageRule()
TODAY = business_day(NOON)
PRICES = {LOT: Decimal("12.50"), SERIAL: Decimal(1_000), BULK: Decimal(3_000)}


class Bench:
    """Books what edges send, so many days before the evening of today."""

    def __init__(self, ledger: SqlLedgerStore) -> None:
        self.ledger = ledger

    async def book(
        self, *facts: dict[str, Any], edge: str = "edge-1", days: int = 0, late_minutes: int = 0, clocked: bool = True
    ) -> None:
        at_ms = NOON - days * DAY_MS
        received_ms, key = at_ms + late_minutes * 60_000, log_of(edge)

        def work(book: Any) -> None:
            cursor = book.cursor(key)
            first = cursor.accepted_through + 1
            lines = [body(first + n, fact, at_ms, synchronised=clocked) for n, fact in enumerate(facts)]
            sent = upload(key, first, cursor.head, lines)
            book_journal_upload(book, ReceivedUpload(sent, encode_upload(sent), received_ms), Pace())

        await self.ledger.write(work)

    async def look(self) -> tuple[dict[str, SiteBook], dict[str, EdgeBook]]:
        return await self.ledger.read(lambda db: look_into_book(db, TODAY, RULE, PRICES))

    async def site(self) -> SiteBook:
        return (await self.look())[0]["wh-1"]


@pytest_asyncio.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    ledger = await SqlLedgerStore.open(tmp_path / "ledger.db")
    await ledger.write(furnish)
    yield Bench(ledger)
    await ledger.close()


def test_a_business_day_ends_at_midnight_in_china() -> None:
    assert business_day(day_ends_ms(TODAY) - 1) == TODAY
    assert business_day(day_ends_ms(TODAY)) == TODAY + 1


async def test_a_site_without_anything_is_there(bench: Bench) -> None:
    sites, edges = await bench.look()
    assert sites["wh-2"] == SiteBook()
    assert edges["edge-3"] == EdgeBook("wh-2")


async def test_lines_are_captured_by_hand_or_late(bench: Bench) -> None:
    captured, by_hand = line(LOT, 10, to_bin="A"), line(LOT, 10, to_bin="A", source="manual")
    await bench.book(moved(1, "receipt", captured, captured, by_hand))  # Mixed: each line tells.
    await bench.book(moved(2, "receipt", by_hand))
    await bench.book(moved(3, "receipt", captured), late_minutes=30)
    await bench.book(moved(4, "receipt", captured, captured, by_hand), late_minutes=31)
    await bench.book(moved(5, "receipt", captured), clocked=False)  # Nobody can tell when.
    await bench.book(reversed_(6, 3))
    await bench.book(moved(7, "receipt", captured), days=90)
    await bench.book(moved(8, "receipt", captured), days=364)
    await bench.book(moved(9, "receipt", captured), days=366)
    await bench.book(moved(10, "receipt", captured), edge="edge-3")
    site = await bench.site()
    assert site.captured.lines == Lines(10, by_hand=4, late=3)
    assert site.captured.lines.captured == 3
    assert site.captured.quiet_lines == Lines(12, by_hand=4, late=3)


async def test_a_count_is_no_movement_but_what_it_adjusts_is_one_by_hand(bench: Bench) -> None:
    await bench.book(moved(1, "receipt", line(LOT, 100, to_bin="A", lot="L1")), days=2)
    await bench.book(counted(2, LOT, "A", 100, lot="L1", source="barcode"), days=1)
    site = await bench.site()
    assert (site.captured.lines, site.captured.scan_checked) == (Lines(1), 1)
    await bench.book(counted(3, LOT, "A", 99, lot="L1", source="barcode"))
    site = await bench.site()
    assert (site.captured.lines, site.captured.scan_checked) == (Lines(2, by_hand=1), 2)


async def test_devices_that_wrote_something_are_tested(bench: Bench) -> None:
    goods = line(LOT, 1, to_bin="A")
    await bench.book(moved(1, "receipt", goods, device="scanner-1"), moved(2, "receipt", goods, device="scanner-1"))
    await bench.book(moved(3, "receipt", goods, device="scanner-2"))
    await bench.book(moved(4, "receipt", goods | {"source": "manual"}, device="keyboard-1"))
    assert (await bench.site()).devices_tested == 2


async def test_what_waits_for_an_item_is_unmapped_and_what_waits_long_is_noted(bench: Bench) -> None:
    await bench.book(moved(1, "receipt", line(LOT, 1, to_bin="A")), moved(2, "receipt", line("XX00001", 1, to_bin="A")))
    sites, edges = await bench.look()
    assert (sites["wh-1"].stock_lines, sites["wh-1"].unmapped, edges["edge-1"].quarantined) == (1, 1, 0)
    await bench.book(moved(3, "receipt", line("XX00001", 1, to_bin="A")), edge="edge-2", days=8)
    assert (await bench.look())[1]["edge-2"].quarantined == 1
    await bench.ledger.write(lambda book: book.reject(log_of("edge-2"), 1, "liwei", "no goods", NOON))
    assert (await bench.look())[1]["edge-2"].quarantined == 0


async def test_the_last_full_count_is_compared_line_by_line(bench: Bench) -> None:
    await bench.book(
        moved(1, "receipt", line(LOT, 100, to_bin="A", lot="L1"), line(LOT, 50, to_bin="B")),
        moved(2, "receipt", line(SERIAL, 2, to_bin="C", serials=["S1", "S2"])),
        moved(3, "receipt", line(BULK, 100, unit="TNE", to_bin="G")),
        days=40,
    )
    assert (await bench.site()).counted == Counted(looked_back_days=366)
    await bench.book(
        counted(11, LOT, "A", 99, lot="L1"),  # One tent of 12.50 CNY is missing.
        counted(12, LOT, "B", 50),  # All lots of the bin together.
        days=30,
    )
    await bench.book(
        counted(13, SERIAL, "C", 2, serials=["S1", "S9"]),  # As many, but one is another.
        counted(14, BULK, "G", 98, unit="TNE"),  # Grain agrees within 2 %.
        days=28,
    )
    await bench.book(counted(15, LOT, "A", 99, lot="L1"), days=3)  # Again, after the book was adjusted.
    found = (await bench.site()).counted
    assert (found.age_days, found.lines_then, found.lines_counted) == (30, 4, 4)
    assert (found.compared, found.agreeing, found.unpriced) == (4, 2, 0)
    assert found.difference_fen == 1_250 + 2 * 300_000
    assert found.value_fen == 150 * 1_250 + 2 * 100_000 + 100 * 300_000


@pytest.mark.parametrize(("amount", "agreeing"), [("98", 1), ("97.9", 0), ("102", 1), ("102.1", 0)])
async def test_grain_agrees_within_its_tolerance(bench: Bench, amount: str, agreeing: int) -> None:
    await bench.book(moved(1, "receipt", line(BULK, 100, unit="TNE", to_bin="G")), days=9)
    await bench.book(counted(2, BULK, "G", amount, unit="TNE"), days=8)
    assert (await bench.site()).counted.agreeing == agreeing


async def test_one_serial_for_another_is_no_agreement_though_the_book_was_mended_at_once(bench: Bench) -> None:
    booked = [f"S{number}" for number in range(40)]
    await bench.book(moved(1, "receipt", line(SERIAL, 40, to_bin="C", serials=booked)), days=9)
    await bench.book(counted(2, SERIAL, "C", 40, serials=[*booked[1:], "S99"]), days=8)
    found = (await bench.site()).counted
    assert (found.compared, found.agreeing, found.difference_fen) == (1, 0, 0)


async def test_a_count_that_was_taken_back_is_none(bench: Bench) -> None:
    await bench.book(moved(1, "receipt", line(LOT, 100, to_bin="A", lot="L1")), days=9)
    await bench.book(counted(2, LOT, "A", 100, lot="L1"), days=8)
    assert (await bench.site()).counted.age_days == 8
    await bench.book(reversed_(3, 2), days=7)
    assert (await bench.site()).counted.age_days is None


async def test_stock_has_a_value_if_every_item_has_a_price(bench: Bench) -> None:
    await bench.book(moved(1, "receipt", line(LOT, 4, to_bin="A"), line(BULK, "0.5", unit="TNE", to_bin="G")))
    assert (await bench.site()).value_fen == 4 * 1_250 + 150_000
    await bench.book(moved(2, "receipt", line("LS01002", 1, to_bin="A")))
    assert (await bench.site()).value_fen is None


def test_a_value_is_exact() -> None:
    assert fen(333_333, (1_000_000, 1), Decimal("0.03")) == 0
    assert fen(10**14, (1_000_000, 1), Decimal("3000.0001")) == 30_000_001_000_000


async def test_limits_are_known_by_bin(bench: Bench) -> None:
    await bench.book(moved(1, "receipt", line(LOT, 1, to_bin="A", lot="L1"), line(LOT, 1, to_bin="A", lot="L2")))
    assert (await bench.site()).limited == {"A": (2, 2)}
    await bench.book(moved(2, "issue", line(LOT, 1, from_bin="A", lot="L1"), line(LOT, 1, from_bin="A", lot="L2")))
    assert (await bench.site()).limited == {}


async def test_an_edge_has_passed_what_its_cursor_has(bench: Bench) -> None:
    await bench.book(moved(1, "receipt", line(LOT, 1, to_bin="A")), days=3)
    edge = (await bench.look())[1]["edge-1"]
    assert (edge.site_id, edge.is_forked, edge.passed_ms) == ("wh-1", False, {"journal": NOON - 3 * DAY_MS})
