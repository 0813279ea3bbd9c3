"""What the collector makes of an upload: one table for the journal, one for telemetry, and how an event is dated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from onebook_collector.clock import EARLIEST_CLAIM_MS
from onebook_collector.ingest.decide import (
    Decision,
    Outcome,
    Pace,
    ack_for,
    decide_journal,
    decide_telemetry,
)
from onebook_collector.ledger.cursor import Cursor, TimeQuality
from onebook_schemas.chain import HashAlgorithm, chain_heads, chain_start
from onebook_schemas.uplink import Refused, Stream, Upload, UploadHeader

EDGE, EPOCH, BOOT = "edge-1", "00112233445566aa", "0123456789abcdef"
START = chain_start(EDGE, EPOCH, Stream.JOURNAL)
NOW_MS = 1_790_000_000_000
THE_SAME, OTHER = "a", "b"  # What events say: other words are another content.


def line(sequence: int, text: str = THE_SAME, **more: object) -> bytes:
    event = {
        "sequence": sequence,
        "v": 1,
        "wall_ms": NOW_MS - 1_000 + sequence,
        "monotonic_ms": sequence,
        "boot_id": BOOT,
        "clock_synchronised": True,
        "fact": {"type": "code_set_aside", "text": text, "reason": "unknown"},
    }
    return json.dumps(event | more).encode()


def heads_of(lines: Sequence[bytes]) -> list[bytes]:
    """h(0), h(1), h(2) ..."""
    return [START, *chain_heads(START, lines)]


BOOK = [line(n) for n in range(1, 11)]  # The collector has committed 1 to 10 of these and may be sent more.
HEADS = heads_of(BOOK)
CURSOR = Cursor(10, HEADS[10])


def upload(
    lines: Sequence[bytes], first: int, *, before: bytes, after: bytes | None = None, **header: object
) -> Upload:
    algorithm = HashAlgorithm(str(header.get("hash_algorithm", HashAlgorithm.SHA256)))
    heads = [before, *chain_heads(before, lines, algorithm=algorithm)]
    fields = {
        "edge_id": EDGE,
        "epoch": EPOCH,
        "stream": Stream.JOURNAL,
        "first_sequence": first,
        "last_sequence": first + len(lines) - 1,
        "waiting": 0,
        "chain_before": before.hex(),
        "chain_after": (after or heads[-1]).hex() if lines else None,
    }
    return Upload(UploadHeader.model_validate(fields | header), tuple(lines))


def part_of(log: Sequence[bytes], first: int, last: int, **header: object) -> Upload:
    """Events `first` to `last` of a log; a probe if last is first - 1."""
    return upload(log[first - 1 : last], first, before=heads_of(log)[first - 1], **header)


def decide(sent: Upload, cursor: Cursor = CURSOR, *, received_ms: int = NOW_MS) -> Decision:
    return decide_journal(cursor, sent, received_ms, lambda sequence: dict(enumerate(HEADS)).get(sequence))


LONGER = [*BOOK, *(line(n) for n in range(11, 21))]
FORKED_AT_8 = [*BOOK[:7], *(line(n, OTHER) for n in range(8, 21))]


@pytest.mark.parametrize(
    ("sent", "outcome", "accepted_through", "fresh"),
    [
        (part_of(LONGER, 11, 14), Outcome.FRESH, 14, [11, 12, 13, 14]),
        (part_of(LONGER, 8, 13), Outcome.FRESH, 13, [11, 12, 13]),  # Overlap.
        (part_of(LONGER, 1, 20), Outcome.FRESH, 20, list(range(11, 21))),
        (part_of(LONGER, 10, 10), Outcome.DUPLICATE, 10, []),
        (part_of(LONGER, 1, 10), Outcome.DUPLICATE, 10, []),
        (part_of(LONGER, 3, 5), Outcome.DUPLICATE, 10, []),
        (part_of(LONGER, 12, 14), Outcome.GAP, 10, []),
        (part_of(LONGER, 13, 12), Outcome.GAP, 10, []),  # A probe beyond the cursor.
        (part_of(LONGER, 11, 10), Outcome.PROBE, 10, []),
        (part_of(LONGER, 4, 3), Outcome.PROBE, 10, []),
        (part_of(LONGER, 1, 0), Outcome.PROBE, 10, []),
        (part_of(FORKED_AT_8, 8, 8), Outcome.FORK, 10, []),  # Other content for what is committed.
        (part_of(FORKED_AT_8, 1, 10), Outcome.FORK, 10, []),
        (part_of(FORKED_AT_8, 6, 12), Outcome.FORK, 10, []),  # Forks below the cursor, ends beyond.
        (part_of(FORKED_AT_8, 11, 12), Outcome.FORK, 10, []),  # Continues another chain.
        (part_of(FORKED_AT_8, 9, 8), Outcome.FORK, 10, []),  # A probe that states another hash.
        (part_of(FORKED_AT_8, 11, 10), Outcome.FORK, 10, []),
        (part_of(FORKED_AT_8, 7, 7), Outcome.DUPLICATE, 10, []),  # Before the fork both are one.
        (part_of(LONGER, 11, 12, chain_after=HEADS[3].hex()), Outcome.DAMAGED, 10, []),
        (part_of(LONGER, 11, 12, chain_before=HEADS[3].hex()), Outcome.DAMAGED, 10, []),
        (part_of(LONGER, 11, 12, chain_before=None), Outcome.DAMAGED, 10, []),
        (part_of(LONGER, 11, 12, chain_after=None), Outcome.DAMAGED, 10, []),
        (part_of(LONGER, 11, 10, chain_before=None), Outcome.PROBE, 10, []),
    ],
)
def test_journal(sent: Upload, outcome: Outcome, accepted_through: int, fresh: list[int]) -> None:
    decision = decide(sent)
    assert (decision.outcome, decision.accepted_through) == (outcome, accepted_through)
    assert [event.sequence for event in decision.fresh] == fresh
    assert (decision.fork_reason is not None) == (outcome is Outcome.FORK)


def test_fresh_events_carry_their_bytes_and_the_cursor_their_last_hash() -> None:
    decision = decide(part_of(LONGER, 9, 12))
    assert [event.body for event in decision.fresh] == LONGER[10:12]
    assert [event.chain_hash for event in decision.fresh] == heads_of(LONGER)[11:13]
    assert decision.head == heads_of(LONGER)[12]


def test_the_first_upload_of_a_log_begins_at_the_start_of_its_chain() -> None:
    assert decide(part_of(LONGER, 1, 3), Cursor(0, START)).outcome is Outcome.FRESH
    foreign = upload(LONGER[:3], 1, before=chain_start(EDGE, "ffffffffffffffff", Stream.JOURNAL))
    assert decide(foreign, Cursor(0, START)).outcome is Outcome.FORK


@pytest.mark.parametrize("sent", [part_of(LONGER, 11, 12), part_of(LONGER, 11, 10), part_of(LONGER, 1, 2)])
def test_a_forked_log_is_held_whatever_comes(sent: Upload) -> None:
    assert decide(sent, replace(CURSOR, forked=True)).outcome is Outcome.FORK


@pytest.mark.parametrize(
    "bad",
    [
        b"not even JSON",
        b'{"sequence":12}',
        line(12, v=2),
        line(12, fact={"type": "drone_landed"}),
        line(99),  # Another place than the one that it has.
        line(12, surprise=1),
        b'{"sequence":12,"v":1,"fact":"\xff\xfe"}',
    ],
)
def test_an_event_that_cannot_be_read_moves_the_cursor_and_keeps_its_bytes(bad: bytes) -> None:
    sent = upload([line(11), bad, line(13)], 11, before=HEADS[10])
    decision = decide(sent)
    assert (decision.outcome, decision.accepted_through) == (Outcome.FRESH, 13)
    assert [event.event is None for event in decision.fresh] == [False, True, False]
    refused = decision.fresh[1]
    assert refused.body == bad
    assert (refused.refusal or "").startswith("unreadable: ")
    assert len(refused.refusal or "") <= 200


# Dates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "anchors", "last_event_ms", "expected"),
    [
        ({"wall_ms": 5_000}, {}, 0, (5_000, TimeQuality.SYNCED)),
        ({"wall_ms": 5_000, "clock_synchronised": False}, {BOOT: NOW_MS - 60_000}, 0, (NOW_MS - 59_989, "estimated")),
        ({"wall_ms": 5_000, "clock_synchronised": False}, {}, 0, (NOW_MS, "unknown")),  # Before any clock was right.
        ({"wall_ms": NOW_MS - 9, "clock_synchronised": False}, {}, 0, (NOW_MS - 9, "unknown")),  # It may be right.
        ({"wall_ms": NOW_MS + 9, "clock_synchronised": False}, {}, 0, (NOW_MS, "unknown")),  # It was received before.
        ({"wall_ms": NOW_MS - 9, "clock_synchronised": False}, {}, NOW_MS - 8, (NOW_MS, "unknown")),
        ({"wall_ms": EARLIEST_CLAIM_MS, "clock_synchronised": False}, {}, 0, (EARLIEST_CLAIM_MS, "unknown")),
        ({"wall_ms": EARLIEST_CLAIM_MS - 1, "clock_synchronised": False}, {}, 0, (NOW_MS, "unknown")),
    ],
)
def test_when_it_happened(
    event: dict[str, object], anchors: dict[str, int], last_event_ms: int, expected: tuple[int, str]
) -> None:
    sent = upload([line(11, **event)], 11, before=HEADS[10], boot_anchors=anchors)
    (fresh,) = decide(sent, replace(CURSOR, last_event_ms=last_event_ms)).fresh
    assert (fresh.event_time_ms, fresh.time_quality) == expected


def test_an_unknown_time_lies_behind_the_entry_before_it_in_the_same_upload() -> None:
    early = line(12, wall_ms=NOW_MS - 500, clock_synchronised=False)
    sent = upload([line(11, wall_ms=NOW_MS - 100), early], 11, before=HEADS[10])
    assert [event.event_time_ms for event in decide(sent).fresh] == [NOW_MS - 100, NOW_MS]


# Acks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [Outcome.FORK, Outcome.DAMAGED])
def test_what_is_damaged_or_forked_is_not_answered(outcome: Outcome) -> None:
    assert ack_for(part_of(LONGER, 11, 12), outcome, 10) is None


def test_an_ack_names_its_upload_the_cursor_and_what_was_refused() -> None:
    refused = Refused(sequence=12, reason="unknown_item: no such thing")
    ack = ack_for(part_of(LONGER, 11, 14), Outcome.FRESH, 14, [refused], Pace(250, 50))
    assert ack is not None
    assert (ack.epoch, ack.stream, ack.first_sequence, ack.accepted_through) == (EPOCH, Stream.JOURNAL, 11, 14)
    assert ack.refused == (refused,)
    assert (ack.pace_ms, ack.upload_events_max) == (250, 50)


# Telemetry ------------------------------------------------------------------------------------------------------


def sample(sequence: int) -> bytes:
    series = {"device": "probe", "quantity": "temperature_c", "unit": "CEL", "after_ms": [0], "values": [21.5]}
    return line(sequence, fact={"type": "samples_taken", "series": [series]})


def thinned(sequence: int, through: int) -> bytes:
    fact = {
        "type": "telemetry_thinned",
        "through": through,
        "samples_dropped": 3,
        "events_dropped": through - sequence + 1,
        "from_wall_ms": 0,
        "until_wall_ms": 1,
    }
    return line(sequence, fact=fact)


def telemetry(lines: Sequence[bytes], first: int, last: int) -> Upload:
    header = UploadHeader(
        edge_id=EDGE, epoch=EPOCH, stream=Stream.TELEMETRY, first_sequence=first, last_sequence=last, waiting=0
    )
    return Upload(header, tuple(lines))


TELEMETRY_CURSOR = Cursor(10, b"")


@pytest.mark.parametrize(
    ("sent", "outcome", "accepted_through", "fresh", "unreadable"),
    [
        (telemetry([sample(11), sample(12)], 11, 12), Outcome.FRESH, 12, [11, 12], []),
        (telemetry([sample(9), sample(10), sample(11)], 9, 11), Outcome.FRESH, 11, [11], []),
        (telemetry([sample(9), sample(10)], 9, 10), Outcome.DUPLICATE, 10, [], []),
        (telemetry([sample(12)], 12, 12), Outcome.GAP, 10, [], []),
        (telemetry([], 11, 10), Outcome.PROBE, 10, [], []),
        (telemetry([], 13, 12), Outcome.GAP, 10, [], []),
        (telemetry([thinned(11, 40)], 11, 40), Outcome.FRESH, 40, [11], []),
        (telemetry([thinned(4, 40), sample(41)], 4, 41), Outcome.FRESH, 41, [4, 41], []),  # Straddles the cursor.
        (telemetry([thinned(4, 9), sample(10), sample(11)], 4, 11), Outcome.FRESH, 11, [11], []),
        (telemetry([b"?", sample(12)], 11, 12), Outcome.FRESH, 12, [12], [11]),
        (telemetry([sample(11), b"?", sample(13)], 11, 13), Outcome.FRESH, 13, [11, 13], [12]),
        (telemetry([b"?", sample(11)], 10, 11), Outcome.FRESH, 11, [11], []),  # The bad one is known already.
        (telemetry([sample(11), sample(11)], 11, 12), Outcome.FRESH, 12, [11], [12]),  # Out of place.
        (telemetry([thinned(11, 99), sample(12)], 11, 12), Outcome.FRESH, 12, [12], [11]),  # Claims too much.
    ],
)
def test_telemetry(
    sent: Upload, outcome: Outcome, accepted_through: int, fresh: list[int], unreadable: list[int]
) -> None:
    decision = decide_telemetry(TELEMETRY_CURSOR, sent)
    assert (decision.outcome, decision.accepted_through) == (outcome, accepted_through)
    assert [event.sequence for event in decision.fresh] == fresh
    assert [sequence for sequence, _, _ in decision.unreadable] == unreadable


SM3 = HashAlgorithm.SM3
SM3_START = chain_start(EDGE, EPOCH, Stream.JOURNAL, algorithm=SM3)


def test_a_log_that_began_with_sm3_goes_on_with_it() -> None:
    first = decide(upload(BOOK[:3], 1, before=SM3_START, hash_algorithm=SM3), Cursor(0, SM3_START, algorithm=SM3))
    assert first.outcome is Outcome.FRESH
    assert first.head == chain_heads(SM3_START, BOOK[:3], algorithm=SM3)[-1]
    on = Cursor(3, first.head, algorithm=SM3)
    more = upload(BOOK[3:5], 4, before=first.head, hash_algorithm=SM3)
    assert decide(more, on).outcome is Outcome.FRESH


@pytest.mark.parametrize("lines", [BOOK[3:5], []])
def test_a_log_that_says_another_algorithm_than_it_began_with_is_a_fork(lines: list[bytes]) -> None:
    """One log, one algorithm: or one sequence would have two hashes."""
    on = Cursor(3, chain_heads(SM3_START, BOOK[:3], algorithm=SM3)[-1], algorithm=SM3)
    found = decide(upload(lines, 4, before=on.head), on)
    assert (found.outcome, found.fork_reason) == (Outcome.FORK, "this log is chained with sm3, and now says sha256")
