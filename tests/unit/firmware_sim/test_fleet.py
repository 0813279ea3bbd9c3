from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal

import pytest

from onebook_firmware_sim.fleet import StreamTimes, UsedUpError, VirtualEdge, VirtualStream
from onebook_schemas.chain import chain_heads, chain_start
from onebook_schemas.envelope import journal_event_of, telemetry_event_of
from onebook_schemas.stock_events import GoodsMoved
from onebook_schemas.uplink import Ack, Refused, Stream, Upload
from tests.unit.firmware_sim.store import ITEMS

EPOCH = "0123456789abcdef"
TIMES = StreamTimes(resend_ms=1_000, resend_ms_max=4_000, probe_ms=30_000, events_max=3)


def stream(events: int = 0) -> VirtualStream:
    made = VirtualStream("fleet-0001", EPOCH, Stream.JOURNAL, TIMES)
    for number in range(1, events + 1):
        made.append(b'{"sequence":%d}' % number)
    return made


def ack(first: int, through: int, **more: object) -> Ack:
    fields = {"epoch": EPOCH, "stream": Stream.JOURNAL, "first_sequence": first, "accepted_through": through}
    return Ack.model_validate(fields | more)


def extent(upload: Upload | None) -> tuple[int, int] | None:
    return (upload.header.first_sequence, upload.header.last_sequence) if upload else None


def test_uploads_follow_one_another_behind_the_acks() -> None:
    edge = stream(7)
    assert extent(edge.connected(0)) == (1, 3)
    assert edge.due(10) is None, "a second upload went out before the first was answered"
    edge.heard(ack(1, 3), 20)
    assert extent(edge.due(20)) == (4, 6)
    edge.heard(ack(4, 6), 30)
    assert extent(edge.due(30)) == (7, 7)
    edge.heard(ack(7, 7), 40)
    assert edge.is_drained


def test_the_chain_of_an_upload_continues_that_of_the_one_before() -> None:
    edge = stream(5)
    first = edge.connected(0)
    edge.heard(ack(1, 3), 0)
    second = edge.due(0)
    assert second is not None
    start = chain_start("fleet-0001", EPOCH, "journal")
    assert first.header.chain_before == start.hex()
    assert first.header.chain_after == chain_heads(start, first.lines)[-1].hex() == second.header.chain_before
    assert (first.header.waiting, second.header.waiting) == (2, 0)


def test_an_upload_without_an_answer_is_sent_again_as_it_was_and_less_and_less_often() -> None:
    edge = stream(2)
    first = edge.connected(0)
    edge.append(b'{"sequence":3}')
    times = [now_ms for now_ms in range(1, 12_000) if edge.due(now_ms) == first]
    gaps = [later - earlier for earlier, later in zip([0, *times], times, strict=False)]
    assert [750 <= gaps[0] <= 1_000, 1_500 <= gaps[1] <= 2_000, 3_000 <= gaps[2] <= 4_000] == [True] * 3
    assert max(gaps) <= 4_000
    assert edge.resent == len(times)


def test_after_a_reconnect_the_upload_in_flight_is_sent_again_at_once() -> None:
    edge = stream(2)
    first = edge.connected(0)
    edge.disconnected()
    assert edge.due(5_000) is None
    assert edge.connected(6_000) == first


def test_an_ack_for_another_upload_another_epoch_or_none_is_ignored() -> None:
    edge = stream(6)
    edge.connected(0)
    edge.heard(ack(1, 3), 0)
    edge.due(0)
    edge.heard(ack(1, 3), 0)
    edge.heard(ack(4, 6, epoch="f" * 16), 0)
    assert edge.delivered == 3


def test_an_ack_just_before_the_upload_waits_for_the_time_out() -> None:
    edge = stream(2)
    first = edge.connected(0)
    edge.heard(ack(1, 0), 10)
    assert edge.due(20) is None
    assert edge.due(1_000) == first


def test_a_cursor_inside_the_upload_is_gone_on_from() -> None:
    edge = stream(3)
    edge.connected(0)
    edge.heard(ack(1, 2), 0)
    assert extent(edge.due(0)) == (3, 3)


def test_a_cursor_further_back_is_stepped_back_to() -> None:
    edge = stream(6)
    edge.connected(0)
    edge.heard(ack(1, 3), 0)
    edge.due(0)
    edge.heard(ack(4, 1), 0)
    assert edge.rewound == 1
    assert extent(edge.due(0)) == (2, 4)


def test_a_cursor_beyond_all_events_is_refused_loudly() -> None:
    edge = stream(2)
    edge.connected(0)
    with pytest.raises(UsedUpError, match="9 is beyond 2"):
        edge.heard(ack(1, 9), 0)


def test_an_idle_stream_probes_now_and_then_and_so_learns_of_a_restore() -> None:
    edge = stream(2)
    edge.connected(0)
    edge.heard(ack(1, 2), 0)
    assert edge.due(20_000) is None
    probe = edge.due(30_000)
    assert extent(probe) == (3, 2)
    edge.heard(ack(3, 0), 30_010)
    assert extent(edge.due(30_010)) == (1, 2)


def test_a_probe_that_waits_for_its_answer_is_overtaken_by_events() -> None:
    edge = stream()
    assert extent(edge.connected(0)) == (1, 0)
    edge.append(b'{"sequence":1}')
    assert extent(edge.due(10)) == (1, 1)


def test_the_pace_of_the_collector_is_kept_and_refusals_are_counted() -> None:
    edge = stream(5)
    edge.connected(0)
    refused = (Refused(sequence=2, reason="unknown_item"),)
    edge.heard(ack(1, 3, refused=refused, pace_ms=500, upload_events_max=1), 0)
    assert edge.due(499) is None
    assert extent(edge.due(500)) == (4, 4)
    assert edge.refused == 1


def test_whatever_the_network_drops_doubles_or_delays_all_arrives_once_and_in_order() -> None:
    for seed in range(60):
        dice = random.Random(seed)
        edge, held, cursor, now_ms = stream(40), [], 0, 0
        acks: list[Ack] = []
        first = edge.connected(0)
        uploads: list[Upload] = [first]
        while not edge.is_drained and now_ms < 1_000_000:
            now_ms += 100
            uploads += [upload for upload in [edge.due(now_ms)] if upload]
            if uploads and dice.random() < 0.7:
                upload = uploads.pop(dice.randrange(len(uploads)))
                uploads += [upload] * (dice.random() < 0.2)
                if dice.random() < 0.02:
                    cursor = max(0, cursor - 2)  # The collector is restored from a backup.
                    del held[cursor:]
                header = upload.header
                if header.first_sequence <= cursor + 1:
                    held += upload.lines[cursor + 1 - header.first_sequence :]
                    cursor = len(held)
                acks += [ack(header.first_sequence, cursor)] * dice.choice((0, 1, 1, 2))
            if acks and dice.random() < 0.7:
                edge.heard(acks.pop(dice.randrange(len(acks))), now_ms)
        assert edge.is_drained, f"seed {seed} is stuck"
        assert held == [b'{"sequence":%d}' % number for number in range(1, len(held) + 1)], f"seed {seed}"


# An edge ----------------------------------------------------------------------------------------------------------


def made(seed: int = 1, movements: int = 200) -> tuple[VirtualEdge, list[bytes], list[bytes]]:
    """An edge, and the lines of all that it would upload."""
    edge = VirtualEdge("fleet-0001", ITEMS, seed)
    for number in range(movements):
        edge.move_goods(1_000 + number, number)
    lines = {}
    for name, one in edge.streams.items():
        upload = one.connected(0)
        assert upload.header.last_sequence == one.last
        lines[name] = list(upload.lines)
    return edge, lines[Stream.JOURNAL], lines[Stream.TELEMETRY]


def test_what_an_edge_uploads_adds_up_to_its_truth() -> None:
    edge, journal, telemetry = made()
    lying: defaultdict[tuple[str, str, str | None], Decimal] = defaultdict(Decimal)
    for sequence, line in enumerate(journal, 1):
        event = journal_event_of(line)
        assert event.sequence == sequence
        assert isinstance(event.fact, GoodsMoved)
        (moved,) = event.fact.lines
        lot = moved.lot.number if moved.lot else None
        for bin_name, sign in ((moved.from_bin, -1), (moved.to_bin, 1)):
            if bin_name:
                lying[bin_name, moved.item, lot] += sign * moved.quantity.amount
                assert lying[bin_name, moved.item, lot] >= 0
    truth = edge.truth()
    assert {(one.bin, one.item, one.lot): one.quantity for one in truth.stock} == {k: v for k, v in lying.items() if v}
    assert sum(truth.movements.values()) == truth.journal_events == 200
    assert [telemetry_event_of(line).sequence for line in telemetry] == list(range(1, 21))


def test_the_same_seed_gives_the_same_bytes_and_other_seeds_and_edges_other_ids() -> None:
    assert made(1)[1] == made(1)[1]
    epochs = {VirtualEdge(name, ITEMS, seed).truth().epoch for name in ("fleet-0001", "fleet-0002") for seed in (1, 2)}
    assert len(epochs) == 4
