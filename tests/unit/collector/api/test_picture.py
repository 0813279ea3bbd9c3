from __future__ import annotations

from onebook_collector.api.picture import EdgePicture, picture_of, worst
from onebook_collector.ledger.cursor import Cursor, LogKey
from onebook_collector.ledger.lookup import BookedLog
from onebook_collector.live_board import EdgePresence, Freshness
from onebook_schemas.uplink import Stream

NOW_MS = 1_790_000_000_000


def log(epoch: str, stream: Stream, waiting: int, heard_ms: int) -> BookedLog:
    return BookedLog(1, LogKey("hz-1", epoch, stream), Cursor(5, b""), waiting, heard_ms, heard_ms)


def picture(heard_ms: int | None, presence: EdgePresence | None = None) -> EdgePicture:
    logs = [] if heard_ms is None else [log("a", Stream.JOURNAL, 7, heard_ms)]
    return picture_of("wh-1", logs, presence or EdgePresence("hz-1"), NOW_MS)


def test_the_newer_of_book_and_board_says_when_an_edge_was_heard() -> None:
    board = EdgePresence("hz-1", last_seen_ms=NOW_MS - 1_000)
    assert picture(NOW_MS - 9_000_000, board).last_seen_ms == NOW_MS - 1_000
    assert picture(NOW_MS - 500, board).last_seen_ms == NOW_MS - 500


def test_an_edge_that_was_never_heard_is_never_not_dark() -> None:
    assert picture(None).freshness is Freshness.NEVER


def test_what_the_board_heard_of_the_backlog_is_newer_than_the_book() -> None:
    board = EdgePresence("hz-1", journal_waiting=0)
    assert picture(NOW_MS).waiting == {Stream.JOURNAL: 7, Stream.TELEMETRY: 0}
    assert picture(NOW_MS, board).waiting == {Stream.JOURNAL: 0, Stream.TELEMETRY: 0}


def test_nothing_waits_any_more_on_an_earlier_storage_card() -> None:
    logs = [log("a", Stream.JOURNAL, 900, NOW_MS - 9_000), log("b", Stream.JOURNAL, 2, NOW_MS)]
    assert picture_of("wh-1", logs, EdgePresence("hz-1"), NOW_MS).waiting[Stream.JOURNAL] == 2


def test_a_site_is_as_old_as_its_worst_edge() -> None:
    assert worst([picture(NOW_MS), picture(NOW_MS - 5 * 3_600_000)]) is Freshness.DARK
    assert worst([picture(NOW_MS), picture(None)]) is Freshness.NEVER
    assert worst([]) is Freshness.NEVER
