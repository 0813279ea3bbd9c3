"""Is what the centre holds the truth? Compared movement by movement with what loaded edges attempted, believed and said.

The truth is what the edges wrote down beside their outbox, not what they sent: a checker that shared code with the path it checks
would share its mistakes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from onebook_schemas.stock_events import GoodsMoved, MovementKind, StockCounted
from tests.end_to_end.plant import Plant, read
from tests.end_to_end.workload import is_bookable

StockFact = GoodsMoved | StockCounted
_fact_of = TypeAdapter(StockFact).validate_json
_ENVELOPES = """
    SELECT edge_id, epoch, sequence, event_type, json_extract(body, '$.fact.movement_id'), verdict, ledger_seq
    FROM envelope JOIN log USING (log_id) WHERE stream = 'journal' ORDER BY log_id, sequence
"""
_LEGS = """
    SELECT ledger_seq, line, account.kind, bin, item.code, lot.number, quantity
    FROM posting JOIN account USING (account_id) JOIN item ON item.item_id = posting.item_id JOIN lot USING (lot_id)
"""
_OUTSIDE = {MovementKind.RECEIPT: "supplier", MovementKind.ISSUE: "consumed"}

Leg = tuple[str, str, str, str, int]  # Kind of account, bin, item, lot, quantity.


@dataclass(frozen=True, slots=True)
class Envelope:
    edge_id: str
    epoch: str
    sequence: int
    event_type: str
    movement_id: str | None
    verdict: str
    ledger_seq: int | None


@dataclass(frozen=True, slots=True)
class Book:
    """What the centre holds."""

    envelopes: list[Envelope]
    movements: dict[str, tuple[int, str]]  # movement_id -> ledger_seq, kind
    legs: dict[int, dict[int, list[Leg]]]  # ledger_seq -> line -> legs
    counts: dict[int, int]  # ledger_seq -> counted

    @classmethod
    def of(cls, plant: Plant) -> Book:
        book = plant.ledger_file
        legs: dict[int, dict[int, list[Leg]]] = defaultdict(lambda: defaultdict(list))
        for ledger_seq, line, *leg in read(book, _LEGS):
            legs[ledger_seq][line].append(tuple(leg))
        movements: list[tuple[str, int, str]] = read(book, "SELECT movement_id, ledger_seq, kind FROM movement")
        return cls(
            [Envelope(*row) for row in read(book, _ENVELOPES)],
            {movement_id: (ledger_seq, kind) for movement_id, ledger_seq, kind in movements},
            legs,
            dict(read(book, "SELECT ledger_seq, counted FROM count_assertion")),
        )


@dataclass(frozen=True, slots=True)
class EdgeTruth:
    """What one edge wrote down."""

    attempted: dict[str, StockFact]  # In order.
    believed: dict[str, int]  # movement_id -> sequence that staff were told
    lives: list[list[tuple[int, int]]]  # What the probe said in each life: number, monotonic ms.

    @classmethod
    def of(cls, folder: Path) -> EdgeTruth:
        facts = [_fact_of(line) for line in (folder / "attempted").read_bytes().splitlines()]
        believed = [line.split() for line in (folder / "believed").read_text().splitlines()]
        lives: list[list[tuple[int, int]]] = []
        for line in (folder / "said").read_text().splitlines():
            if line == "life":
                lives.append([])
            else:
                number, at_ms = line.split()
                lives[-1].append((int(number), int(at_ms)))
        return cls(
            {fact.movement_id: fact for fact in facts}, {name: int(sequence) for name, sequence in believed}, lives
        )


def check_movements(book: Book, edges: dict[str, EdgeTruth]) -> Counter[str]:
    """Everything believed is there once, as it was; nothing is there that was never attempted; quarantine is the bad ones."""
    stock = [one for one in book.envelopes if one.movement_id is not None]
    times = Counter(one.movement_id for one in stock)
    assert max(times.values()) == 1, f"doubled: {[name for name, count in times.items() if count > 1][:5]}"
    told: Counter[str] = Counter()
    for edge_id, truth in edges.items():
        kept = {one.movement_id: one for one in stock if one.edge_id == edge_id}
        assert not (lost := truth.believed.keys() - kept.keys()), f"{edge_id} lost {len(lost)}: {sorted(lost)[:5]}"
        assert not (alien := kept.keys() - truth.attempted.keys()), f"{edge_id} never attempted {sorted(alien)[:5]}"
        assert all(kept[name].sequence == sequence for name, sequence in truth.believed.items())
        for movement_id, envelope in kept.items():
            fact = truth.attempted[movement_id]
            assert envelope.verdict == ("posted" if is_bookable(fact) else "quarantined"), f"{movement_id}: {envelope}"
            told[envelope.verdict] += 1
            if envelope.ledger_seq is not None:
                _check_booked(book, envelope.ledger_seq, fact)
    posted = {one.movement_id for one in stock if one.verdict == "posted"}
    own = {name for name, (_, kind) in book.movements.items() if kind != "adjustment"}
    assert own == posted, "the book holds movements that no envelope explains"
    return told + Counter(believed=sum(len(truth.believed) for truth in edges.values()))


def check_order(book: Book, edges: dict[str, EdgeTruth]) -> None:
    """Per edge: sequences without a hole, movements in the order in which they were attempted, ledger_seq rising."""
    by_log: dict[tuple[str, str], list[Envelope]] = defaultdict(list)
    for one in book.envelopes:
        by_log[one.edge_id, one.epoch].append(one)
    assert len(by_log) == len(edges), "one epoch per edge: no outbox was replaced"
    for (edge_id, _), envelopes in by_log.items():
        assert [one.sequence for one in envelopes] == list(range(1, len(envelopes) + 1)), f"{edge_id} has a hole"
        kept = [one.movement_id for one in envelopes if one.movement_id is not None]
        assert kept == [name for name in edges[edge_id].attempted if name in set(kept)], f"{edge_id} is out of order"
        booked = [one.ledger_seq for one in envelopes if one.ledger_seq is not None]
        assert booked == sorted(booked)


@dataclass(frozen=True, slots=True)
class ReadingsLost:
    """Telemetry that was not yet committed when a process was killed: the last readings of each life."""

    said: int
    lost: list[list[tuple[int, int]]]  # Per life that ended: number, monotonic ms.

    @property
    def counts(self) -> list[int]:
        return sorted(len(one) for one in self.lost)

    @property
    def spans_ms(self) -> list[int]:
        """How far back the loss of each life reaches, seen from its last reading."""
        return sorted(one[-1][1] - one[0][1] if one else 0 for one in self.lost)


def check_readings(plant: Plant, edges: dict[str, EdgeTruth], device: str) -> ReadingsLost:
    """None is doubled, none invented; what is lost is the end of a life, and never anything before it."""
    query = "SELECT value FROM point JOIN series ON series.id = point.series WHERE edge_id = ? AND device = ?"
    lost, said = [], 0
    for edge_id, truth in edges.items():
        values: list[float] = [row[0] for row in read(plant.metrics_file, query, (edge_id, device))]
        kept = {int(value) for value in values}
        assert len(kept) == len(values), f"{edge_id}: readings are doubled"
        assert kept <= {number for life in truth.lives for number, _ in life}, f"{edge_id}: readings nobody said"
        for life in truth.lives:
            said += len(life)
            gone = [reading for reading in life if reading[0] not in kept]
            assert gone == life[len(life) - len(gone) :], f"{edge_id}: a hole in the middle of a life: {gone[:5]}"
            lost.append(gone)
    return ReadingsLost(said, lost)


def _check_booked(book: Book, ledger_seq: int, fact: StockFact) -> None:
    """The postings say exactly what the fact says. What a bin lacked came from the site's unexplained account."""
    if isinstance(fact, StockCounted):
        assert book.counts[ledger_seq] == fact.counted.amount, f"{fact.movement_id} counted"
        return
    assert book.movements[fact.movement_id] == (ledger_seq, fact.kind)
    lines = book.legs[ledger_seq]
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
