"""Two collectors that share a subscription: each decided on telemetry before the other one committed."""

from __future__ import annotations

from onebook_collector.ingest.book_uploads import Booked, ReceivedUpload, book_telemetry_cursor
from onebook_collector.ingest.decide import Pace, decide_telemetry
from onebook_collector.ledger.cursor import Cursor, LogKey
from onebook_collector.ledger.memory_book import MemoryBook
from onebook_schemas.uplink import Stream, Upload, UploadHeader

KEY = LogKey("edge-1", "00112233445566aa", Stream.TELEMETRY)
NOW = 1_790_000_000_000


def received(*lines: bytes) -> ReceivedUpload:
    header = UploadHeader(
        edge_id=KEY.edge_id, epoch=KEY.epoch, stream=KEY.stream, first_sequence=1, last_sequence=len(lines), waiting=0
    )
    return ReceivedUpload(Upload(header, lines), b"", NOW)


def book_late(book: MemoryBook, upload: ReceivedUpload) -> Booked:
    """Booked by a collector that had read the cursor when nothing was committed yet."""
    decision = decide_telemetry(Cursor(0, b""), upload.upload)
    return book_telemetry_cursor(book, upload, decision, Pace())


def test_the_cursor_never_goes_back_behind_what_another_collector_committed() -> None:
    book = MemoryBook()
    book_late(book, received(b"{1", b"{2", b"{3"))
    late = book_late(book, received(b"{1", b"{2"))
    assert book.cursor(KEY).accepted_through == 3
    assert late.ack is not None
    assert late.ack.accepted_through == 3


def test_what_another_collector_set_aside_is_not_set_aside_again() -> None:
    book = MemoryBook()
    book_late(book, received(b"{1", b"{2"))
    late = book_late(book, received(b"{1", b"{2", b"{3"))
    assert [row[1] for row in book.rows.envelopes] == [1, 2, 3]
    assert [verdict.sequence for verdict in late.verdicts] == [3]
    assert book.cursor(KEY).accepted_through == 3
