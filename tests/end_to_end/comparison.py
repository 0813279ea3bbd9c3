"""Is what the centre holds the truth? Compared movement by movement, in portions: a book of any size fits."""

from __future__ import annotations

import contextlib
import itertools
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from onebook_schemas.encoding import decode_upload
from onebook_schemas.envelope import journal_event_of
from onebook_schemas.stock_events import MovementKind, StockCounted
from onebook_schemas.uplink import Upload
from tests.end_to_end.plant import Plant, read, reading
from tests.end_to_end.readings import ReadingsLost, check_readings
from tests.end_to_end.truth import NEVER, EdgeTruth, StockFact
from tests.end_to_end.workload import is_bookable

PORTION = 2_000
_LOGS = "SELECT log_id, epoch FROM log WHERE stream = 'journal' AND edge_id = ? ORDER BY log_id"
_ENVELOPES = """
    SELECT sequence, json_extract(body, '$.fact.movement_id'), verdict, reason, ledger_seq FROM envelope WHERE log_id = ?
    ORDER BY sequence
"""
_THESE = "ledger_seq IN (SELECT value FROM json_each(?))"
_LEGS = f"""
    SELECT ledger_seq, line, account.kind, bin, item.code, lot.number, quantity
    FROM posting JOIN account USING (account_id) JOIN item ON item.item_id = posting.item_id JOIN lot USING (lot_id)
    WHERE {_THESE}
"""
_UNEXPLAINED = """
    SELECT count(*) FROM movement WHERE kind NOT IN ('adjustment', 'restored')
    AND ledger_seq NOT IN (SELECT ledger_seq FROM envelope WHERE verdict = 'posted' AND ledger_seq IS NOT NULL)
"""
_FORKS = """
    SELECT upload FROM fork JOIN log USING (log_id) WHERE edge_id = ? AND stream = 'journal'
"""
_OUTSIDE = {MovementKind.RECEIPT: "supplier", MovementKind.ISSUE: "consumed"}

Leg = tuple[str, str, str, str, int]  # Kind of account, bin, item, lot, quantity.


@dataclass(frozen=True, slots=True)
class Envelope:
    epoch: str
    sequence: int
    movement_id: str | None
    verdict: str
    reason: str | None
    ledger_seq: int | None


@dataclass(frozen=True, slots=True)
class Booked:
    """What the book holds of some entries."""

    movements: dict[int, tuple[str, str]]  # ledger_seq -> movement_id, kind
    legs: dict[int, dict[int, list[Leg]]]  # ledger_seq -> line -> legs
    counts: dict[int, int]  # ledger_seq -> counted

    @classmethod
    def of(cls, book: sqlite3.Connection, entries: Iterable[int]) -> Booked:
        these = [json.dumps(list(entries))]
        legs: dict[int, dict[int, list[Leg]]] = defaultdict(lambda: defaultdict(list))
        for ledger_seq, line, *leg in book.execute(_LEGS, these):
            legs[ledger_seq][line].append(tuple(leg))
        movements = book.execute(f"SELECT ledger_seq, movement_id, kind FROM movement WHERE {_THESE}", these)
        counts = book.execute(f"SELECT ledger_seq, counted FROM count_assertion WHERE {_THESE}", these)
        return cls({seq: (movement_id, kind) for seq, movement_id, kind in movements}, legs, dict(counts))


def check_all(plant: Plant, truths: Iterable[tuple[str, EdgeTruth]], device: str) -> tuple[Counter[str], ReadingsLost]:
    """All checks, edge by edge."""
    told: Counter[str] = Counter()
    readings = ReadingsLost(0, [])
    for edge_id, truth in truths:
        try:
            told += _Comparison(truth).run(plant, edge_id)
            found = check_readings(plant, edge_id, truth, device)
        except AssertionError as error:
            raise AssertionError(f"{edge_id}: {error}") from error
        readings += found
    ((count,),) = read(plant.ledger_file, _UNEXPLAINED)
    assert count == 0, f"the book holds {count} movements that no envelope explains"
    return told, readings


@dataclass(slots=True)
class _Comparison:
    """Everything believed is there once, as it was; nothing is there that was never attempted; quarantine is the bad ones."""

    truth: EdgeTruth
    told: Counter[str] = field(default_factory=Counter)
    kept: bytearray = field(init=False)  # By the number of the movement: whether the book has it.

    def __post_init__(self) -> None:
        self.kept = bytearray(len(self.truth))

    def run(self, plant: Plant, edge_id: str) -> Counter[str]:
        with reading(plant.ledger_file) as book:
            logs = book.execute(_LOGS, [edge_id]).fetchall()
            assert len(logs) <= self.truth.damage.epochs_max, f"{len(logs)} epochs"
            for log_id, epoch in logs:
                order = _Order(self.truth, epoch)
                for portion in _portions(book, log_id, epoch):
                    order.check(portion)
                    self._check(book, portion)
            for (upload,) in book.execute(_FORKS, [edge_id]):
                self._check_evidence(decode_upload(upload))
        self._check_nothing_lost()
        return self.told

    def _check(self, book: sqlite3.Connection, portion: list[Envelope]) -> None:
        booked = Booked.of(book, (one.ledger_seq for one in portion if one.ledger_seq is not None))
        for one in portion:
            if one.movement_id is None:
                assert one.ledger_seq is None, f"an entry without a movement: {one}"
                continue
            number = self.truth.number(one.movement_id)
            assert number is not None, f"never attempted: {one}"
            self._check_one(one, number, booked)

    def _check_one(self, one: Envelope, number: int, booked: Booked) -> None:
        fact, was_kept, told = self.truth.fact(number), self.kept[number], self.truth.believed[number]
        if told != NEVER and not self.truth.damage.cloned_ms:  # Who begins anew counts anew.
            assert one.sequence == told, f"staff were told {told}: {one}"
        if is_bookable(fact):
            again = one.verdict == "noted" and (one.reason or "").startswith("repeated")
            assert one.verdict == "posted" or (was_kept and again), f"not booked: {one}"
            assert not (was_kept and one.verdict == "posted"), f"doubled: {one}"
        else:
            assert one.verdict == "quarantined", f"not set aside: {one}"
        self.kept[number] = 1
        self.told["again_in_a_new_epoch"] += was_kept
        self.told[one.verdict] += not was_kept
        if one.ledger_seq is not None:
            _check_booked(booked, one.ledger_seq, fact)

    def _check_evidence(self, upload: Upload) -> None:
        """The other content that the centre kept: of one box, as its staff attempted it."""
        self.told["other_contents_kept"] += 1
        for line in upload.lines:
            fact = journal_event_of(line).fact
            if isinstance(fact, StockFact):
                number = self.truth.number(fact.movement_id)
                assert number is not None, f"kept and never attempted: {fact.movement_id}"
                assert self.truth.fact(number) == fact, f"kept and altered: {fact.movement_id}"

    def _check_nothing_lost(self) -> None:
        truth, damage = self.truth, self.truth.damage
        lost = []
        for number, movement_id in truth.ids():
            if truth.believed[number] == NEVER:
                continue
            self.told["believed"] += 1
            self.told["believed_by_the_other_box"] += truth.branches[number] > 0
            if self.kept[number]:
                continue
            if movement_id in damage.gone_with_card:
                self.told["gone_with_card"] += 1
            elif movement_id in damage.kept_beside:
                self.told["kept_beside"] += 1
            else:
                lost.append(movement_id)
        assert not lost, f"lost {len(lost)}: {lost[:5]}"


@dataclass(slots=True)
class _Order:
    """Per epoch: sequences without a hole, ledger_seq rising, and movements of one box only, in the order of its staff."""

    truth: EdgeTruth
    epoch: str
    sequence: int = 0
    ledger_seq: int = 0
    branch: int = 0
    place: int = -1

    def check(self, portion: list[Envelope]) -> None:
        for one in portion:
            assert one.sequence == self.sequence + 1, f"{self.epoch} has a hole before {one.sequence}"
            self.sequence = one.sequence
            if one.ledger_seq is not None:
                assert one.ledger_seq > self.ledger_seq, f"booked out of order: {one}"
                self.ledger_seq = one.ledger_seq
            number = self.truth.number(one.movement_id) if one.movement_id else None
            if number is not None:
                self._step(self.truth.branches[number], self.truth.places[number], one)

    def _step(self, branch: int, place: int, one: Envelope) -> None:
        if branch != self.branch:
            assert self.branch == 0, f"an epoch of two boxes: {one}"
            assert self.place < self.truth.begins_at[branch], f"an epoch of two boxes: {one}"
        assert place > self.place, f"out of order: {one}"
        self.branch, self.place = branch, place


def _portions(book: sqlite3.Connection, log_id: int, epoch: str) -> Iterator[list[Envelope]]:
    with contextlib.closing(book.cursor()) as cursor:
        rows = (Envelope(epoch, *row) for row in cursor.execute(_ENVELOPES, [log_id]))
        while portion := list(itertools.islice(rows, PORTION)):
            yield portion


def _check_booked(booked: Booked, ledger_seq: int, fact: StockFact) -> None:
    """The postings say exactly what the fact says. What a bin lacked came from the site's unexplained account."""
    movement_id, kind = booked.movements[ledger_seq]
    assert movement_id == fact.movement_id, f"entry {ledger_seq} is of {movement_id}"
    if isinstance(fact, StockCounted):
        assert booked.counts[ledger_seq] == fact.counted.amount, f"{fact.movement_id} counted"
        return
    assert kind == fact.kind
    lines = booked.legs[ledger_seq]
    for wanted, number in zip(fact.lines, sorted(lines), strict=True):
        where = _net(lines[number], wanted)
        amount = int(wanted.quantity.amount)
        source = wanted.from_bin or _OUTSIDE[fact.kind]
        target = wanted.to_bin or _OUTSIDE[fact.kind]
        drawn = where.pop(source, 0) + where.pop("unexplained", 0)
        assert (drawn, where) == (-amount, {target: amount}), f"{fact.movement_id}: {lines[number]}"


def _net(legs: list[Leg], wanted: Any) -> dict[str, int]:
    """Signed quantities by bin, or by the kind of account outside; all of one item and lot."""
    net: Counter[str] = Counter()
    for kind, bin_code, item, lot, quantity in legs:
        assert (item, lot) == (wanted.item, wanted.lot.number)
        net[bin_code or kind] += quantity
    return {place: quantity for place, quantity in net.items() if quantity}
