"""The uplink machine, one rule at a time. That the rules together keep the promise is what tests/simulation shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from onebook_edge.machine import Instant, Woken
from onebook_edge.outbox.store import EventDraft, StoredEvent, chained
from onebook_edge.uplink.machine import (
    AckReceived,
    Appended,
    Connected,
    Disconnected,
    Halted,
    HaltReason,
    Load,
    Loaded,
    MarkDelivered,
    Publish,
    Reconnect,
    UplinkInput,
    UplinkMachine,
    UplinkOutput,
    UplinkSettings,
)
from onebook_schemas.chain import chain_start
from onebook_schemas.uplink import Ack, Stream, Upload

EDGE, EPOCH, OTHER_EPOCH, BOOT = "edge-1", "00112233445566aa", "00112233445566bb", "0123456789abcdef"
START = chain_start(EDGE, EPOCH, Stream.JOURNAL)
SETTINGS = UplinkSettings()


def journal_of(count: int) -> list[StoredEvent]:
    drafts = [EventDraft(b'{"n":%d}' % n, Instant(n, n), BOOT, True) for n in range(1, count + 1)]
    return chained(START, 1, drafts)[0]


@dataclass
class Box:
    """A machine with its outbox: loads are answered, everything else is handed to the test."""

    journal: list[StoredEvent] = field(default_factory=list)
    telemetry: list[StoredEvent] = field(default_factory=list)
    delivered: int = 0
    settings: UplinkSettings = SETTINGS
    now_ms: int = 0
    loads: list[Load] = field(default_factory=list)
    machine: UplinkMachine = field(init=False)

    def __post_init__(self) -> None:
        positions = {
            Stream.JOURNAL: (EPOCH, _end(self.journal), self.delivered),
            Stream.TELEMETRY: (EPOCH, _end(self.telemetry), _end(self.telemetry)),
        }
        self.machine = UplinkMachine(EDGE, positions, self.settings)

    def feed(self, message: UplinkInput) -> list[UplinkOutput]:
        outputs = []
        for output in self.machine.handle(message, Instant(self.now_ms, 0)):
            if isinstance(output, Load):
                self.loads.append(output)
                outputs.extend(self.feed(self._load(output)))
            else:
                outputs.append(output)
        return outputs

    def connect(self) -> list[UplinkOutput]:
        return self.feed(Connected())

    def record(self, count: int = 1) -> list[UplinkOutput]:
        self.journal = journal_of(_end(self.journal) + count)
        return self.feed(Appended(Stream.JOURNAL, _end(self.journal)))

    def measure(self, count: int = 1) -> list[UplinkOutput]:
        last = _end(self.telemetry)
        self.telemetry += [StoredEvent(n, n, b"{}", None) for n in range(last + 1, last + count + 1)]
        return self.feed(Appended(Stream.TELEMETRY, last + count))

    def hear(self, first: int, through: int, **more: object) -> list[UplinkOutput]:
        ack = Ack.model_validate(
            {"epoch": EPOCH, "stream": "journal", "first_sequence": first, "accepted_through": through, **more}
        )
        return self.feed(AckReceived(ack))

    def pass_until_due(self) -> list[UplinkOutput]:
        due = self.machine.wakeup_at()
        assert due is not None
        self.now_ms = due
        return self.feed(Woken())

    def _load(self, load: Load) -> Loaded:
        events = self.journal if load.stream is Stream.JOURNAL else self.telemetry
        found = tuple(event for event in events if event.through > load.after)[: load.events_max]
        return Loaded(load.stream, load.after, found, self._hash(load) if load.stream is Stream.JOURNAL else None)

    def _hash(self, load: Load) -> bytes | None:
        hashes = {event.sequence: event.chain_hash for event in self.journal}
        return START if load.after == 0 else hashes.get(load.after)


def _end(events: Sequence[StoredEvent]) -> int:
    return events[-1].through if events else 0


def extents(outputs: Sequence[UplinkOutput], stream: Stream = Stream.JOURNAL) -> list[tuple[int, int]]:
    return [
        (one.first_sequence, one.last_sequence)
        for one in (output.upload.header for output in outputs if isinstance(output, Publish))
        if one.stream is stream
    ]


def marks(outputs: Sequence[UplinkOutput]) -> list[tuple[int, bool]]:
    return [(output.through, output.rewound) for output in outputs if isinstance(output, MarkDelivered)]


# Beginning ------------------------------------------------------------------------------------------------------


def test_a_box_that_connects_with_nothing_to_send_asks_where_the_collector_is() -> None:
    published = Box().connect()
    assert extents(published) == [(1, 0)]
    assert extents(published, Stream.TELEMETRY) == [(1, 0)]


def test_what_waits_is_sent_at_once_with_the_hashes_around_it() -> None:
    box = Box(journal=journal_of(3))
    (upload,) = [output.upload for output in box.connect() if isinstance(output, Publish) and output.upload.lines]
    assert (upload.header.first_sequence, upload.header.last_sequence, upload.header.waiting) == (1, 3, 0)
    assert upload.header.chain_before == START.hex()
    assert upload.header.chain_after == (box.journal[-1].chain_hash or b"").hex()
    assert upload.lines == tuple(event.body for event in box.journal)


def test_nothing_is_sent_while_there_is_no_connection() -> None:
    box = Box(journal=journal_of(3))
    assert box.record() == []
    assert box.machine.wakeup_at() is None


def test_an_upload_has_its_bound_and_says_how_much_waits_behind_it() -> None:
    box = Box(journal=journal_of(7), settings=UplinkSettings(upload_events_max=3))
    headers = [output.upload.header for output in box.connect() if isinstance(output, Publish)]
    assert (headers[0].last_sequence, headers[0].waiting) == (3, 4)


def test_real_events_overtake_a_probe_that_waits_for_its_answer() -> None:
    box = Box()
    box.connect()
    assert extents(box.record()) == [(1, 1)]


def test_only_one_upload_is_in_flight() -> None:
    box = Box(journal=journal_of(1))
    box.connect()
    assert box.record(5) == []
    assert extents(box.hear(1, 1)) == [(2, 6)]


def test_events_that_the_outbox_gives_before_it_tells_of_them_are_not_taken_for_an_old_copy() -> None:
    box = Box(journal=journal_of(1))
    box.journal = journal_of(3)  # Committed, but the machine has not been told.
    box.connect()
    assert marks(box.hear(1, 3)) == [(3, False)]


# Acks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "through", "marked", "next_upload"),
    [
        (11, 15, [(15, False)], [(16, 20)]),  # The whole upload: go on.
        (11, 17, [(17, False)], [(18, 20)]),  # Beyond it: an earlier life of this box got further.
        (11, 13, [(13, False)], [(14, 18)]),  # Inside: load anew from there.
        (11, 10, [], []),  # Just before: nothing new was stored, the timer sends it again.
        (11, 4, [(4, True)], [(5, 9)]),  # Further back: the collector was restored.
        (11, 0, [(0, True)], [(1, 5)]),
        (10, 14, [], []),  # The answer to another upload.
        (16, 20, [], []),
        (16, 4, [], []),  # Another one may not rewind either.
    ],
)
def test_an_ack_moves_the_lane(
    first: int, through: int, marked: list[tuple[int, bool]], next_upload: list[tuple[int, int]]
) -> None:
    """The outbox holds 1 to 20, of which 10 are delivered; 11 to 15 are in flight."""
    box = Box(journal=journal_of(20), delivered=10, settings=UplinkSettings(upload_events_max=5))
    assert extents(box.connect()) == [(11, 15)]
    outputs = box.hear(first, through)
    assert marks(outputs) == marked
    assert extents(outputs) == next_upload


@pytest.mark.parametrize("difference", [{"epoch": OTHER_EPOCH}, {"stream": "telemetry", "first_sequence": 9}])
def test_an_ack_for_another_log_is_ignored(difference: dict[str, object]) -> None:
    box = Box(journal=journal_of(5))
    box.connect()
    assert box.hear(1, 5, **difference) == []


def test_a_repeated_ack_changes_nothing() -> None:
    box = Box(journal=journal_of(5))
    box.connect()
    box.hear(1, 5)
    assert box.hear(1, 5) == []


def test_an_idle_box_learns_of_a_restore_by_its_probe() -> None:
    box = Box(journal=journal_of(5), delivered=5)
    assert extents(box.connect()) == [(6, 5)]
    outputs = box.hear(6, 2)
    assert marks(outputs) == [(2, True)]
    assert extents(outputs) == [(3, 5)]


def test_the_answer_to_a_probe_that_finds_all_well_leads_to_the_next_probe_only_later() -> None:
    box = Box()
    box.connect()
    assert box.hear(1, 0) == []
    box.hear(1, 0, stream="telemetry")
    due = box.machine.wakeup_at()
    assert due is not None
    assert SETTINGS.probe_ms * 3 // 4 <= due <= SETTINGS.probe_ms
    probes = box.pass_until_due()
    assert [output.upload.is_probe for output in probes if isinstance(output, Publish)] == [True]


# Halting --------------------------------------------------------------------------------------------------------


def test_a_collector_that_knows_more_than_the_outbox_makes_it_an_old_copy() -> None:
    box = Box(journal=journal_of(5), delivered=5)
    box.connect()
    assert box.hear(6, 9) == [Halted(Stream.JOURNAL, HaltReason.OUTBOX_IS_OLD_COPY, 9)]
    assert box.record() == [], "this epoch's numbers are used up"


def test_a_rewind_to_where_history_is_gone_needs_a_person() -> None:
    box = Box(journal=journal_of(9)[5:], delivered=9)
    box.connect()
    assert Halted(Stream.JOURNAL, HaltReason.HISTORY_GONE, 3) in box.hear(10, 3)


def test_a_journal_whose_hash_before_the_first_event_is_gone_is_not_sent() -> None:
    """The collector could not check it, and would never answer."""
    box = Box(journal=journal_of(9)[5:], delivered=9)
    box.connect()
    outputs = box.hear(10, 5)
    assert Halted(Stream.JOURNAL, HaltReason.HISTORY_GONE, 5) in outputs
    assert extents(outputs) == []


def test_the_other_lane_goes_on_when_one_is_halted() -> None:
    box = Box(journal=journal_of(5), delivered=5)
    box.connect()
    box.hear(6, 9)
    assert extents(box.measure(2), Stream.TELEMETRY) == [(1, 2)]


def test_a_thinned_event_that_begins_before_the_cursor_is_sent_whole() -> None:
    box = Box(telemetry=[StoredEvent(3, 9, b"{}", None)], settings=UplinkSettings(upload_events_max=5))
    box.connect()
    outputs = box.hear(10, 5, stream="telemetry")
    assert marks(outputs) == [(5, True)]
    assert extents(outputs, Stream.TELEMETRY) == [(3, 9)]
    assert marks(box.hear(3, 9, stream="telemetry")) == [(9, False)]


def test_what_was_said_of_an_epoch_that_is_put_aside_is_not_believed_against_the_outbox() -> None:
    """An Appended that waited while the epoch was renewed names a number that the new outbox has not given yet."""
    box = Box()
    box.connect()
    box.hear(1, 0)
    outputs = box.feed(Appended(Stream.JOURNAL, 40))
    assert extents(outputs) == [(1, 0)], "nothing is there: the cursor is asked for, once"
    loads = len(box.loads)
    for _ in range(3):
        box.now_ms += 1
        box.feed(Woken())
    assert len(box.loads) == loads
    assert extents(box.record()) == [(1, 1)]


# Time -----------------------------------------------------------------------------------------------------------


def test_the_same_upload_is_sent_again_later_and_later() -> None:
    box = Box(journal=journal_of(2), settings=UplinkSettings(reconnect_after_ms=10**9))
    first = next(output.upload for output in box.connect() if isinstance(output, Publish))
    pauses = []
    for _ in range(6):
        before_ms = box.now_ms
        again = [output.upload for output in _journal_resend(box)]
        assert again == [first]
        assert again[0] is first
        pauses.append(box.now_ms - before_ms)
    for pause, most in zip(pauses, (2_000, 4_000, 8_000, 8_000, 8_000, 8_000), strict=True):
        assert most * 3 // 4 <= pause <= most


def _journal_resend(box: Box) -> list[Publish]:
    while True:
        outputs = [output for output in box.pass_until_due() if isinstance(output, Publish)]
        if found := [output for output in outputs if output.upload.header.stream is Stream.JOURNAL]:
            return found


def test_edges_that_lost_the_collector_together_do_not_come_back_together() -> None:
    machines = [UplinkMachine(f"edge-{n}", {Stream.JOURNAL: (EPOCH, 0, 0)}) for n in range(50)]
    for machine in machines:
        machine.handle(Connected(), Instant(0, 0))
        machine.handle(Loaded(Stream.JOURNAL, 0, (), START), Instant(0, 0))
    assert len({machine.wakeup_at() for machine in machines}) > 25


def test_after_a_reconnect_the_same_upload_is_sent_at_once() -> None:
    box = Box(journal=journal_of(2))
    first = _uploads(box.connect())
    box.feed(Disconnected())
    assert box.machine.wakeup_at() is None
    assert box.feed(Woken()) == []
    assert _uploads(box.connect())[0] is first[0]


def _uploads(outputs: Sequence[UplinkOutput]) -> list[Upload]:
    return [output.upload for output in outputs if isinstance(output, Publish) and output.upload.lines]


def test_a_line_that_swallows_everything_is_given_up() -> None:
    box = Box(journal=journal_of(2))
    box.connect()
    outputs: list[UplinkOutput] = []
    while Reconnect() not in outputs:
        outputs = box.pass_until_due()
    assert SETTINGS.reconnect_after_ms <= box.now_ms <= SETTINGS.reconnect_after_ms + 2 * SETTINGS.resend_ms_max


def test_an_answer_proves_that_the_line_is_alive() -> None:
    box = Box(journal=journal_of(2))
    box.connect()
    for _ in range(20):
        assert Reconnect() not in box.pass_until_due()
        box.hear(1, 0)  # It has stored nothing, but it is there.
        box.hear(1, 0, stream="telemetry")


# Pace -----------------------------------------------------------------------------------------------------------


def test_the_collector_slows_the_box_down_and_asks_for_small_uploads() -> None:
    box = Box(journal=journal_of(20), settings=UplinkSettings(upload_events_max=5))
    box.connect()
    assert extents(box.hear(1, 5, pace_ms=700, upload_events_max=2)) == []
    assert extents(box.pass_until_due()) == [(6, 7)]
    assert box.now_ms == 700


def test_a_box_does_not_exceed_its_own_bound_because_the_collector_would_take_more() -> None:
    box = Box(journal=journal_of(20), settings=UplinkSettings(upload_events_max=5))
    box.connect()
    assert extents(box.hear(1, 5, upload_events_max=500)) == [(6, 10)]


def test_while_the_pace_is_slow_telemetry_gets_one_turn_in_four() -> None:
    box = Box(settings=UplinkSettings(upload_events_max=1, probe_ms=10**9))
    box.connect()
    box.hear(1, 0, pace_ms=100)
    box.hear(1, 0, stream="telemetry", pace_ms=100)
    box.record(30)
    box.measure(30)
    turns: list[Stream] = []
    while len(turns) < 12:
        for upload in _uploads(box.pass_until_due()):
            header = upload.header
            turns.append(header.stream)
            box.hear(header.first_sequence, header.last_sequence, stream=header.stream, pace_ms=100)
    assert turns.count(Stream.TELEMETRY) == 3


def test_without_a_pace_both_streams_are_on_their_way_at_once() -> None:
    box = Box(journal=journal_of(2))
    box.measure(2)
    published = box.connect()
    assert (extents(published), extents(published, Stream.TELEMETRY)) == ([(1, 2)], [(1, 2)])


# For the outbox -------------------------------------------------------------------------------------------------


def test_what_is_in_flight_is_protected_from_thinning() -> None:
    box = Box()
    box.measure(5)
    assert box.machine.protected_through(Stream.TELEMETRY) == 0
    box.connect()
    assert box.machine.protected_through(Stream.TELEMETRY) == 5
    box.hear(1, 5, stream="telemetry")
    assert box.machine.protected_through(Stream.TELEMETRY) == box.machine.delivered_through(Stream.TELEMETRY) == 5
