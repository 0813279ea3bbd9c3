from __future__ import annotations

import pytest

from onebook_collector.api.errors import GoneError
from onebook_collector.api.resources.feed import FeedCursor, FeedEpoch, parse_cursor, resume

FIRST, SECOND, THIRD = FeedEpoch("aaaa", 0), FeedEpoch("bbbb", 51), FeedEpoch("cccc", 81)


def goes_on_after(epochs: list[FeedEpoch], newest_seq: int, asked: str) -> str:
    cursor = parse_cursor(asked)
    assert cursor is not None
    with pytest.raises(GoneError) as caught:
        resume(epochs, newest_seq, cursor)
    return caught.value.restart_after


def test_a_cursor_of_the_present_feed_stays_good() -> None:
    assert resume([FIRST, SECOND], 60, FeedCursor("bbbb", 60)) == FeedCursor("bbbb", 60)


@pytest.mark.parametrize(
    ("asked", "restart"),
    [
        ("aaaa.40", "cccc.40"),  # It had not read as far as where the feeds part.
        ("aaaa.70", "cccc.50"),  # Entry 51 says that the book was restored.
        ("bbbb.70", "cccc.70"),
        ("bbbb.99", "cccc.80"),
        ("dddd.99", "cccc.0"),  # A feed of which this book knows nothing.
        ("cccc.91", "cccc.90"),  # Restored without anybody saying so.
    ],
)
def test_an_old_cursor_ends_at_the_last_entry_that_both_feeds_share(asked: str, restart: str) -> None:
    assert goes_on_after([FIRST, SECOND, THIRD], 90, asked) == restart


@pytest.mark.parametrize(
    "text", ["", "aaaa", "aaaa.", ".1", "aaaa.-1", "aaaa.9223372036854775808", "aaaa.٣", "a a.1", "aaaa.1\n"]
)
def test_what_is_no_cursor_is_none(text: str) -> None:
    assert parse_cursor(text) is None
