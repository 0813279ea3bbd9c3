"""Is what the centre holds the truth? Compared movement by movement with what loaded edges attempted, believed and said.

The truth is what the edges wrote down beside their outbox, not what they sent: a checker that shared code with the path it checks
would share its mistakes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from onebook_schemas.stock_events import GoodsMoved, MovementKind, StockCounted
from tests.end_to_end.plant import Plant, read
from tests.end_to_end.workload import is_bookable

StockFact = GoodsMoved | StockCounted
_fact_of = TypeAdapter(StockFact).validate_json
_OF_EDGE = "FROM envelope JOIN log USING (log_id) WHERE stream = 'journal' AND edge_id = ?"
_ENVELOPES = f"""
    SELECT edge_id, epoch, sequence, event_type, json_extract(body, '$.fact.movement_id'), verdict, ledger_seq
    {_OF_EDGE} ORDER BY log_id, sequence
"""
_LEGS = f"""
    SELECT ledger_seq, line, account.kind, bin, item.code, lot.number, quantity
    FROM posting JOIN account USING (account_id) JOIN item ON item.item_id = posting.item_id JOIN lot USING (lot_id)
    WHERE ledger_seq IN (SELECT ledger_seq {_OF_EDGE})
"""
_MOVEMENTS = f"SELECT movement_id, ledger_seq, kind FROM movement WHERE ledger_seq IN (SELECT ledger_seq {_OF_EDGE})"
_UNEXPLAINED = """
    SELECT count(*) FROM movement WHERE kind NOT IN ('adjustment', 'restored')
    AND ledger_seq NOT IN (SELECT ledger_seq FROM envelope WHERE verdict = 'posted' AND ledger_seq IS NOT NULL)
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
    """What the centre holds of one edge."""

    envelopes: list[Envelope]
    movements: dict[str, tuple[int, str]]  # movement_id -> ledger_seq, kind
    legs: dict[int, dict[int, list[Leg]]]  # ledger_seq -> line -> legs
    counts: dict[int, int]  # ledger_seq -> counted

    @classmethod
    def of(cls, plant: Plant, edge_id: str) -> Book:
        book = plant.ledger_file
        legs: dict[int, dict[int, list[Leg]]] = defaultdict(lambda: defaultdict(list))
        for ledger_seq, line, *leg in read(book, _LEGS, [edge_id]):
            legs[ledger_seq][line].append(tuple(leg))
        movements: list[tuple[str, int, str]] = read(book, _MOVEMENTS, [edge_id])
        return cls(
            [Envelope(*row) for row in read(book, _ENVELOPES, [edge_id])],
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
    gone_with_card: frozenset[str] = frozenset()  # Not delivered when a storage card was taken out for good.
    cards: int = 1
    full_ms: tuple[tuple[int, int], ...] = ()  # From when to when its disk was full: readings are refused then.

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


def check_all(plant: Plant, truths: Iterable[tuple[str, EdgeTruth]], device: str) -> tuple[Counter[str], ReadingsLost]:
    """All checks, edge by edge: a million movements at once would need a large machine."""
    told: Counter[str] = Counter()
    readings = ReadingsLost(0, [])
    for edge_id, truth in truths:
        try:
            book = Book.of(plant, edge_id)
            told += check_movements(book, truth)
            check_order(book, truth)
            found = check_readings(plant, edge_id, truth, device)
        except AssertionError as error:
            raise AssertionError(f"{edge_id}: {error}") from error
        readings = ReadingsLost(readings.said + found.said, readings.lost + found.lost)
    check_nothing_unexplained(plant)
    return told, readings


def check_movements(book: Book, truth: EdgeTruth) -> Counter[str]:
    """Everything believed is there once, as it was; nothing is there that was never attempted; quarantine is the bad ones."""
    stock = [one for one in book.envelopes if one.movement_id is not None]
    kept = {one.movement_id: one for one in stock}
    assert len(kept) == len(stock), (
        f"doubled: {[n for n, c in Counter(s.movement_id for s in stock).items() if c > 1][:5]}"
    )
    lost = truth.believed.keys() - kept.keys() - truth.gone_with_card
    assert not lost, f"lost {len(lost)}: {sorted(lost)[:5]}"
    assert not (alien := kept.keys() - truth.attempted.keys()), f"never attempted: {sorted(alien)[:5]}"
    told: Counter[str] = Counter(believed=len(truth.believed), gone_with_card=len(truth.believed.keys() - kept.keys()))
    for movement_id, envelope in kept.items():
        assert envelope.sequence == truth.believed.get(movement_id, envelope.sequence)
        fact = truth.attempted[movement_id]
        assert envelope.verdict == ("posted" if is_bookable(fact) else "quarantined"), f"{movement_id}: {envelope}"
        told[envelope.verdict] += 1
        if envelope.ledger_seq is not None:
            _check_booked(book, envelope.ledger_seq, fact)
    posted = {one.movement_id for one in stock if one.verdict == "posted"}
    own = {name for name, (_, kind) in book.movements.items() if kind != "adjustment"}
    assert own == posted, "the book holds movements that no envelope explains"
    return told


def check_nothing_unexplained(plant: Plant) -> None:
    """Every movement in the book stands for an envelope, but adjustments from counts, and what was restored."""
    ((count,),) = read(plant.ledger_file, _UNEXPLAINED)
    assert count == 0, f"the book holds {count} movements that no envelope explains"


def check_order(book: Book, truth: EdgeTruth) -> None:
    """Per epoch: sequences without a hole, movements in the order in which they were attempted, ledger_seq rising."""
    by_epoch: dict[str, list[Envelope]] = defaultdict(list)
    for one in book.envelopes:
        by_epoch[one.epoch].append(one)
    assert len(by_epoch) <= truth.cards, "more epochs than storage cards"
    place = {movement_id: number for number, movement_id in enumerate(truth.attempted)}
    for epoch, envelopes in by_epoch.items():
        assert [one.sequence for one in envelopes] == list(range(1, len(envelopes) + 1)), f"{epoch} has a hole"
        booked = [one.ledger_seq for one in envelopes if one.ledger_seq is not None]
        assert booked == sorted(booked)
    places = [place[one.movement_id] for one in book.envelopes if one.movement_id is not None]
    assert places == sorted(places), "out of order"


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


def check_readings(plant: Plant, edge_id: str, truth: EdgeTruth, device: str) -> ReadingsLost:
    """None is doubled, none invented; what is lost is the end of a life, and never anything before it.

    While a disk is full readings are refused: those leave holes.
    """
    query = "SELECT value FROM point JOIN series ON series.id = point.series WHERE edge_id = ? AND device = ?"
    values: list[float] = [row[0] for row in read(plant.metrics_file, query, (edge_id, device))]
    kept = {int(value) for value in values}
    assert len(kept) == len(values), f"{edge_id}: readings are doubled"
    assert kept <= {number for life in truth.lives for number, _ in life}, f"{edge_id}: readings nobody said"
    lost = []
    for life in truth.lives:
        gone = [reading for reading in life if reading[0] not in kept]
        last_kept = max((number for number, _ in life if number in kept), default=0)
        holes = [reading for reading in gone if reading[0] < last_kept and not _was_full(truth, reading[1])]
        assert not holes, f"{edge_id}: a hole in the middle of a life: {holes[:5]}"
        lost.append(gone)
    return ReadingsLost(sum(len(life) for life in truth.lives), lost)


def _was_full(truth: EdgeTruth, at_ms: int) -> bool:
    return any(since <= at_ms <= until for since, until in truth.full_ms)


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
