"""The promise, as sentences that are checked whenever something happens that could break one.

`Promise` watches every card, every message and every commit. What it knows for itself is the truth: what each card has
committed, what people were told, what was measured. Against it the book and the acks are held. A broken promise raises
`BrokenError` at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from onebook_collector.ingest.book_uploads import Booked
from onebook_collector.ingest.decide import Outcome
from onebook_collector.ledger.book import VerdictKind
from onebook_collector.ledger.cursor import LogKey, TimeQuality
from onebook_edge.outbox.store import StoredEvent
from onebook_edge.uplink.machine import Halted, HaltReason, MarkDelivered
from onebook_schemas.envelope import TelemetryEvent, TelemetryFact, telemetry_event_of
from onebook_schemas.sensor_events import SamplesTaken, TelemetryThinned
from onebook_schemas.uplink import Ack, Stream, Upload
from tests.simulation.disk import size_of
from tests.simulation.truth import UNHARMED, JournalTruth, Meaning, StockKey, extremes_of, samples_in, token_of
from tests.simulation.world import World

if TYPE_CHECKING:
    from tests.simulation.collector_node import Centre
    from tests.simulation.disk import SimulatedStore
    from tests.simulation.edge_node import EdgeNode

TURNS_AT_ONCE_MAX = 200
STOCK_CHECKED_EVERY = 6  # Commits; and at rest.


class BrokenError(AssertionError):
    """The promise is broken. Says which sentence, and what was seen."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the checkers knew of the centre when it was backed up."""

    envelopes: int
    accepted: dict[LogKey, int]
    outside: Counter[StockKey]
    held: set[LogKey]


class Promise:
    """One for each world. Boxes, cards and collectors report to it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.meanings: dict[bytes, Meaning] = {}  # By the bytes of the fact.
        self.copied: set[LogKey] = set()  # Two cards have, or had, a file of this name: its log may fork.
        self.restores = 0
        self.seen: Counter[str] = Counter()  # What has happened: a case that no trial meets is not proved.
        self._journals: dict[LogKey, JournalTruth] = {}
        self._telemetry: dict[LogKey, dict[int, TelemetryEvent | None]] = {}  # None: it cannot be read.
        self._last: dict[tuple[str, LogKey], int] = {}  # What a box's card had committed.
        self._unsaid: Counter[str] = Counter()  # Samples measured and neither stored nor told as refused, by box.
        self._carried: set[bytes] = set()
        self._turns: tuple[str, int, int] = ("", 0, 0)
        self._flying: dict[tuple[str, Stream], tuple[Upload, bytes]] = {}
        # What the centre ought to hold.
        self._highest: dict[LogKey, int] = {}  # Cursor that the durable book once had, restored or not.
        self._booked: set[bytes] = set()  # Chain hashes of all that it ever held.
        self._accepted: dict[LogKey, int] = {}
        self._envelopes = self._commits = 0
        self._outside: Counter[StockKey] = Counter()
        self._held: set[LogKey] = set()  # Forked: nobody is answered until a person has decided.

    # Cards ------------------------------------------------------------------------------------------------------

    def committed(self, store: SimulatedStore, events: Sequence[StoredEvent], free_bytes: int) -> None:
        if free_bytes < 0:
            self._break("a card has its bound", box=store.box, free_bytes=free_bytes)
        self._learn(store, events)
        if store.key.stream is Stream.TELEMETRY:
            truth = self._telemetry[store.key]
            self._unsaid[store.box] -= sum(samples_in(truth[event.sequence]) for event in events)
            if self._unsaid[store.box] and truth[events[-1].sequence] is not None:
                self._break("samples that were refused are told", box=store.box, samples=self._unsaid[store.box])

    def _learn(self, store: SimulatedStore, events: Sequence[StoredEvent]) -> None:
        key = store.key
        self._last[store.box, key] = events[-1].through
        if key.stream is Stream.JOURNAL:
            truth = self._journals.setdefault(key, JournalTruth())
            for event in events:
                contents = truth.contents.setdefault(event.sequence, {})
                assert event.chain_hash is not None
                contents[event.chain_hash] = event.body
                truth.forked |= len(contents) > 1
            if truth.forked and key not in self.copied:
                self._break("a sequence has one content", key=key, sequences=[event.sequence for event in events])
        else:
            self._telemetry.setdefault(key, {}).update((event.sequence, self._read(event)) for event in events)

    def _read(self, event: StoredEvent) -> TelemetryEvent | None:
        damaged = self.meanings.get(token_of(event.body), UNHARMED).damaged
        return None if damaged else telemetry_event_of(event.body)

    def dropped(self, store: SimulatedStore, events: Sequence[StoredEvent], keep_bytes: int) -> None:
        if store.usage.used_bytes + size_of(events[-1]) <= keep_bytes:  # No story is as long as `retain_days`.
            self._break("what was delivered stays while there is room", key=store.key, through=events[-1].through)
        if events[-1].through > self._highest.get(store.key, 0) and store.key not in self.copied:
            self._break("an event leaves a card after the book has it", key=store.key, through=events[-1].through)

    def renewed(self, old: SimulatedStore, new: SimulatedStore, carried: Sequence[StoredEvent]) -> None:
        tokens = {token_of(event.body) for event in carried}
        self._carried |= tokens
        if carried:
            self._learn(new, carried)
        if old.key.stream is Stream.JOURNAL:
            for event in old.kept():
                if event.chain_hash not in self._booked and token_of(event.body) not in tokens:
                    self._break("a new epoch leaves nothing behind", key=old.key, sequence=event.sequence)

    # Boxes ------------------------------------------------------------------------------------------------------

    def box_started(self, node: EdgeNode) -> None:
        """A power cut may cost what was not synced: no journal event, and no telemetry that anybody has seen."""
        self._unsaid[node.name] = 0
        for stream in Stream:
            store = node.store(stream)
            key, last = store.key, store.position.last_sequence
            before = self._last.get((node.name, key), last)
            if stream is Stream.JOURNAL and last != before:
                self._break("what is recorded survives", box=node.name, recorded_through=before, found_through=last)
            if last < self._highest.get(key, 0) and key not in self.copied:
                self._break("what was sent survives", box=node.name, accepted=self._highest[key], found_through=last)
            for sequence in range(last + 1, before + 1):
                self._telemetry[key].pop(sequence, None)
            self._last[node.name, key] = last

    def card_changed(self, node: EdgeNode) -> None:
        """Another card is in the box: what is on it is what the box now knows."""
        for stream in Stream:
            key = LogKey(node.edge_id, node.card.files[stream].synced.epoch, stream)
            self._last.pop((node.name, key), None)

    def box_turns(self, node: EdgeNode) -> None:
        name, at_ms, count = self._turns
        now_ms = self._world.now_ms
        self._turns = (node.name, now_ms, count + 1 if (name, at_ms) == (node.name, now_ms) else 1)
        if count > TURNS_AT_ONCE_MAX:
            self._break("a box has nothing to do again and again", box=node.name)

    def told_recorded(self, node: EdgeNode, sequences: range) -> None:
        if node.card.files[Stream.JOURNAL].synced.last < sequences[-1]:
            self._break("people are told after the disk has it", box=node.name, sequence=sequences[-1])

    def measured(self, node: EdgeNode, facts: Iterable[TelemetryFact]) -> None:
        for fact in facts:
            if isinstance(fact, SamplesTaken):
                self._unsaid[node.name] += sum(len(series.values) for series in fact.series)

    def published(self, node: EdgeNode, upload: Upload, body: bytes) -> None:
        header = upload.header
        flying = self._flying.get((node.name, header.stream))
        if flying is not None and flying[0] is upload and flying[1] != body:
            self._break("an upload is the same bytes when it is sent again", box=node.name, first=header.first_sequence)
        self._flying[node.name, header.stream] = (upload, body)
        self.seen["sent again"] += flying is not None and flying[0] is upload
        expected = node.store(header.stream).position.delivered_through + 1
        straddles = header.stream is Stream.TELEMETRY and header.first_sequence < expected <= header.last_sequence
        if header.first_sequence != expected and not straddles:
            self._break("one upload is in flight", box=node.name, first=header.first_sequence, expected=expected)
        self.seen["telemetry began before the cursor"] += straddles
        if len(upload.lines) > node.settings.upload_events_max + 1:  # A stand-in comes on top.
            self._break("an upload has its bound", box=node.name, events=len(upload.lines))

    def marked_delivered(self, node: EdgeNode, mark: MarkDelivered) -> None:
        key = node.store(mark.stream).key
        if mark.rewound:
            self.seen[f"{mark.stream} stepped back"] += 1
        if key in self.copied:
            return
        if mark.through > self._highest.get(key, 0):
            self._break("delivered means that the book has it", box=node.name, stream=mark.stream, through=mark.through)
        if mark.rewound and not self.restores:
            self._break("an edge steps back only after a restore", box=node.name, through=mark.through)

    def halted(self, node: EdgeNode, halted: Halted) -> None:
        store = node.store(halted.stream)
        self.seen[f"{halted.stream} {halted.reason}"] += 1
        if halted.reason is HaltReason.OUTBOX_IS_OLD_COPY:
            expected = store.key in self.copied
        else:
            kept = {event.sequence for event in store.kept()}
            needed = {halted.accepted_through, halted.accepted_through + 1} - {0}  # The hash of one, and the next.
            expected = halted.stream is Stream.JOURNAL and self.restores > 0 and not needed <= kept
        if not expected:
            self._break("a stream halts for a reason", box=node.name, stream=halted.stream, reason=halted.reason)

    # The centre -------------------------------------------------------------------------------------------------

    def ingested(self, centre: Centre, key: LogKey, event: TelemetryEvent) -> None:
        """Telemetry is what was measured, or says how much of it is missing."""
        if key in self.copied:
            return
        truth, fact = self._telemetry.get(key, {}), event.fact
        if truth.get(event.sequence) == event:
            self.seen["samples told as refused"] += isinstance(fact, TelemetryThinned)
            return
        if not isinstance(fact, TelemetryThinned):
            self._break("telemetry is what was measured", key=key, sequence=event.sequence)
        replaced = [truth[sequence] for sequence in range(event.sequence, fact.through + 1) if sequence in truth]
        if len(replaced) != fact.events_dropped or fact.through != event.sequence + fact.events_dropped - 1:
            self._break("thinning counts its events", key=key, sequence=event.sequence, fact=fact)
        self.seen["telemetry stood for" if fact.samples_dropped is None else "telemetry thinned"] += 1
        if fact.samples_dropped is None:
            if fact.through > self._highest.get(key, 0):
                self._break("only what was delivered once is stood for", key=key, through=fact.through)
        elif fact.samples_dropped != sum(map(samples_in, replaced)) or extremes_of([event]) != extremes_of(replaced):
            self._break("thinning keeps count and extremes", key=key, sequence=event.sequence, fact=fact)

    def committed_at_centre(self, centre: Centre, booked: Sequence[Booked]) -> None:
        """The book has changed: look at every new envelope, every cursor that could have moved, and every balance."""
        rows = centre.book.rows
        for row in rows.envelopes[self._envelopes :]:
            key = rows.logs[row[0]].key
            if key.stream is Stream.JOURNAL:
                self._check_envelope(key, *row[1:10])
            elif self._telemetry[key].get(row[1]) is not None and key not in self.copied:
                self._break("quarantine is what is damaged", key=key, sequence=row[1], reason=row[9])
        self._envelopes = len(rows.envelopes)
        for one in booked:
            self.seen[f"{one.received.key.stream} {one.outcome}"] += 1
            self._check_cursor(centre, one)
        self._commits += 1
        if self._commits % STOCK_CHECKED_EVERY == 0:
            self._check_stock(centre)

    def _check_envelope(
        self, key: LogKey, sequence: int, _kind: str, body: bytes, chain_hash: bytes, event_ms: int,
        quality: str, received_ms: int, verdict: str, reason: str | None,
    ) -> None:  # fmt: skip
        if sequence != self._accepted.get(key, 0) + 1:
            self._break("the book is a gap-free prefix", key=key, sequence=sequence)
        self._accepted[key] = sequence
        self._booked.add(chain_hash)
        self.seen[verdict] += 1
        self.seen[f"time {quality}"] += 1
        truth = self._journals.get(key, JournalTruth())
        if truth.contents.get(sequence, {}).get(chain_hash) != body:
            self._break("the book holds the bytes that were captured", key=key, sequence=sequence)
        meaning = self.meanings.get(token_of(body), UNHARMED)
        quarantined = verdict == VerdictKind.QUARANTINED
        if quarantined != meaning.damaged and key not in self.copied:
            self._break("quarantine is what is damaged", key=key, sequence=sequence, verdict=verdict, reason=reason)
        if verdict == VerdictKind.POSTED:
            self._outside.update(meaning.legs)
        wrong_ms = event_ms - meaning.happened_at_ms
        if meaning.happened_at_ms and (event_ms > received_ms or (quality != TimeQuality.UNKNOWN and wrong_ms != 0)):
            self._break("time is what it was, or unknown", key=key, sequence=sequence, quality=quality, off_by=wrong_ms)

    def _check_cursor(self, centre: Centre, one: Booked) -> None:
        key = one.received.key
        cursor = centre.book.cursor(key)
        if key.stream is Stream.JOURNAL and cursor.accepted_through != self._accepted.get(key, 0):
            self._break("the cursor is where the book ends", key=key, cursor=cursor, book=self._accepted.get(key, 0))
        self._accepted[key] = cursor.accepted_through
        self._highest[key] = max(self._highest.get(key, 0), cursor.accepted_through)
        if key in self._held and one.ack is not None:
            self._break("a forked log is not answered", key=key, ack=one.ack)
        if one.outcome is Outcome.FORK:
            self._held.add(key)
            if not self._journals.get(key, JournalTruth()).forked:
                self._break("a fork is real", key=key, reason=one.fork_reason)
            evidence = [row[3] for row in centre.book.rows.forks]
            if not cursor.forked or one.received.message not in evidence:
                self._break("a fork is held, and both contents are kept", key=key)

    def _check_stock(self, centre: Centre) -> None:
        """Every balance of the world outside is the fold of what was booked, and all balances together are nothing."""
        stock = centre.book.stock()
        sums: Counter[tuple[str, str]] = Counter()
        for (_account, item, lot), quantity in stock.items():
            sums[item, lot] += quantity
        if any(sums.values()):
            self._break("goods come from somewhere and go somewhere", sums=dict(sums))
        for stock_key, quantity in self._outside.items():
            if stock.get(stock_key, 0) != quantity:
                self._break("a balance is the fold of the truth", of=stock_key, expected=quantity, stock=stock)

    def answered(self, centre: Centre, key: LogKey, ack: Ack) -> None:
        cursor = centre.book.cursor(key)
        if ack.accepted_through > cursor.accepted_through:
            self._break("an ack follows the commit", key=key, ack=ack, cursor=cursor)

    @property
    def held(self) -> list[LogKey]:
        return sorted(self._held)

    def released(self, key: LogKey) -> None:
        self._held.discard(key)

    def remember(self) -> Remembered:
        return Remembered(self._envelopes, dict(self._accepted), Counter(self._outside), set(self._held))

    def restored(self, remembered: Remembered) -> None:
        self.restores += 1
        self._envelopes, self._accepted = remembered.envelopes, dict(remembered.accepted)
        self._outside, self._held = Counter(remembered.outside), set(remembered.held)

    # At rest ----------------------------------------------------------------------------------------------------

    def check_settled(self, centre: Centre, nodes: Iterable[EdgeNode]) -> None:
        """Liveness: everything has arrived, but for logs that wait for a person."""
        for node in nodes:
            for stream in Stream:
                if stream not in node.halted:
                    self._check_arrived(centre, node, stream)
        self._check_once(centre)
        self._check_stock(centre)

    def check_fresh(self, centre: Centre, node: EdgeNode, *, taken: bool) -> None:
        waits_for_a_person = node.halted or centre.book.cursor(node.store(Stream.JOURNAL).key).forked
        if not taken and not waits_for_a_person:
            self._break("work is taken again when the faults are over", box=node.name)

    def _check_arrived(self, centre: Centre, node: EdgeNode, stream: Stream) -> None:
        store = node.store(stream)
        key, position = store.key, store.position
        cursor = centre.book.cursor(key, store.algorithm)  # One that was never kept has none of its own yet.
        if cursor.forked:
            return
        if (cursor.accepted_through, position.delivered_through) != (position.last_sequence,) * 2:
            self._break("everything arrives", box=node.name, stream=stream, position=position, cursor=cursor)
        if stream is Stream.JOURNAL:
            if cursor.head != store.head:
                self._break("everything arrives as it was", box=node.name, cursor=cursor)
        elif key not in self.copied:
            self._check_covered(centre, key, position.last_sequence)

    def _check_covered(self, centre: Centre, key: LogKey, last: int) -> None:
        truth = self._telemetry.get(key, {})
        known = {sequence for sequence in range(1, last + 1) if truth.get(sequence) is not None}
        for (edge_id, epoch, through), event in centre.metrics.items():
            if (edge_id, epoch) == key[:2]:
                known.difference_update(range(event.sequence, through + 1))
        if known:
            self._break("all telemetry arrives, or says that it was thinned", key=key, missing=sorted(known)[:10])

    def _check_once(self, centre: Centre) -> None:
        rows = centre.book.rows
        seen = Counter(token_of(row[3]) for row in rows.envelopes if rows.logs[row[0]].key.stream is Stream.JOURNAL)
        doubled = [token for token, count in seen.items() if count > 1 and token not in self._carried]
        if doubled:
            self._break("everything is booked once", doubled=doubled[:3])

    def _break(self, sentence: str, **seen: object) -> NoReturn:
        words = ", ".join(f"{name}={value!r}" for name, value in seen.items())
        raise BrokenError(f"{sentence}: {words} (at {self._world.now_ms} ms)")
