"""The simulated people meet the real scan dialogue: what they scan is booked as what they did, movement by movement.

The two were written apart, so this checks the reading of labels, codes and tags on both sides.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import TypeAlias

import pytest

from onebook_collector.furnishing.usual_reasons import USUAL_REASONS
from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.capture.dialogue_messages import DialogueInput, Draft, Recorded, Scanned, TagsSeen
from onebook_edge.capture.dialogue_texts import Feedback
from onebook_edge.capture.knowledge import Knowledge
from onebook_edge.capture.scan_dialogue import ScanDialogue
from onebook_edge.capture.settings import WorkPlaceSettings
from onebook_edge.capture.sheet_steps import RecountBegun
from onebook_edge.capture.stable_weight import StableWeight
from onebook_edge.machine import Instant
from onebook_edge.stock.local_stock import LocalStock
from onebook_firmware_sim.scenario import Operation
from onebook_firmware_sim.scenarios.sites import SITES
from onebook_firmware_sim.scenarios.working_day import working_day
from onebook_firmware_sim.staff import Act, Confirm, PutOnScale, Scan, ShowTags, asked_for, command
from onebook_firmware_sim.truth_log import TruthEntry
from onebook_firmware_sim.warehouse import Warehouse
from onebook_schemas.device_events import CodeSetAside
from onebook_schemas.labels import Command
from onebook_schemas.reference import PeopleDocument, PersonOnSite
from onebook_schemas.stock_events import GoodsMoved, MovementReversed, StockCounted
from tests.unit.edge.capture.warehouse import SITE
from tests.unit.firmware_sim.store import ALL_SLIPS, CATALOGUE, done, floor

WALL_MS = 1_779_948_000_000  # 2026-05-28, 14:00 in China.

HEADS = ("CHEN", "SHEN")
Fact: TypeAlias = GoodsMoved | MovementReversed | StockCounted


class WorkPlace:
    """A dialogue whose outbox never fails. Its scanner leaves out what is still in sight, as the real driver does."""

    def __init__(self) -> None:
        ids = (f"00000000-0000-4000-8000-{number:012}" for number in itertools.count(1))
        catalogue = Catalogue.from_csv_text(CATALOGUE.read_text(encoding="utf-8"))
        self.facts: list[Fact] = []
        self.said: set[str] = set()
        self._dialogue = ScanDialogue(WorkPlaceSettings(), catalogue, lambda: next(ids))
        self._ms = 0
        self.is_booked = False  # What was confirmed last.

    def see(self, act: Act) -> None:
        match act:
            case Scan(code):
                self._tell(Scanned(code.aim + code.text, "scanner"))
            case Confirm():
                self.is_booked = False
                self.see(command(Command.CONFIRM))
            case PutOnScale(kg) if kg:
                self._tell(StableWeight("scale", kg.quantize(Decimal("0.01")), "kg", None, self._now()))
            case ShowTags(epcs) if epcs:
                self._tell(TagsSeen(epcs, "rfid"))

    def _now(self) -> Instant:
        return Instant(self._ms, WALL_MS + self._ms)

    def _tell(self, message: DialogueInput) -> None:
        self._ms += 2_000
        for output in self._dialogue.handle(message, self._now()):
            if isinstance(output, Feedback):
                self.said.add(output.code)
            elif isinstance(output, Draft):
                self.is_booked = True
                self._record([fact for fact in output.facts if not isinstance(fact, CodeSetAside)])
                self._tell(Recorded(output.draft_id, 1))

    def _record(self, facts: Sequence[Fact]) -> None:
        self.facts += facts


class FurnishedPlace(WorkPlace):
    """One that knows the rules, the people and the stock of its site, and asks questions. People answer until it books."""

    def __init__(self) -> None:
        super().__init__()
        self._stock = LocalStock(None, self._dialogue.catalogue)
        people = tuple(
            PersonOnSite(badge=badge, name=badge, role="warehouse_head", may_authorise=True) for badge in HEADS
        )
        site = SITE.model_copy(update={"bins": (), "reasons": USUAL_REASONS})
        self._dialogue.known = Knowledge(site, PeopleDocument(version=1, people=people), stock=self._stock)

    def see(self, act: Act) -> None:
        super().see(act)
        if not isinstance(act, Confirm):
            return
        for times in range(4):
            if self.is_booked:
                return
            last = self._dialogue.state.steps[-1]
            again = last.again if isinstance(last, RecountBegun) else ()
            for more in asked_for(act.sheet, again, times):
                super().see(more)
            super().see(act)
        raise AssertionError(f"never booked: {act.sheet}")

    def _record(self, facts: Sequence[Fact]) -> None:
        super()._record(facts)
        for fact in facts:
            self._stock.record(fact)


def as_booked(fact: Fact) -> list[tuple[object, ...]]:
    match fact:
        case GoodsMoved():
            assert fact.document
            return [
                (
                    fact.kind.value,
                    fact.actor,
                    fact.document.number,
                    line.item,
                    line.lot.number if line.lot else None,
                    line.quantity.amount,
                    line.quantity.unit,
                    tuple(sorted(line.serials)),
                    line.from_bin,
                    line.to_bin,
                )
                for line in fact.lines
            ]
        case StockCounted():
            assert fact.document
            lot = fact.lot.number if fact.lot else None
            amount, unit, serials = fact.counted.amount, fact.counted.unit, tuple(sorted(fact.serials or ()))
            return [("count", fact.actor, fact.document.number, fact.item, lot, amount, unit, serials, fact.bin, None)]
        case MovementReversed():
            return [("reversal", fact.actor)]


def as_done(entry: TruthEntry) -> tuple[object, ...]:
    if entry.kind == "reversal":
        return (entry.kind, entry.person)
    return (
        entry.kind,
        entry.person,
        entry.document,
        entry.item,
        entry.lot,
        entry.quantity,
        entry.unit,
        tuple(sorted(entry.serials)),
        entry.from_bin,
        entry.to_bin,
    )


@pytest.mark.parametrize("site", SITES)
def test_what_people_scan_is_booked_as_what_they_did(site: str) -> None:
    where = Warehouse(SITES[site].zones)
    place, truth = WorkPlace(), []
    work = working_day().operations(floor(7, ALL_SLIPS, where))
    for operation in itertools.islice(work, 300):
        _see(place, operation)
        truth += done(operation, where)
    booked = [line for fact in place.facts for line in as_booked(fact)]
    assert booked == [as_done(entry) for entry in truth if entry.scanned]
    assert place.said <= {
        "signed-in", "sheet-taken-over", "action-chosen", "document-named", "bin-named", "from-bin-named", "bin-already",
        "undone", "goods", "tags", "weight-settled", "weight-taken", "already-scanned", "code-set-aside",
        "code-set-aside-already", "note-recorded", "booking", "recorded", "reverse-asked", "nothing-to-cancel",
    }  # fmt: skip


@pytest.mark.parametrize("site", SITES)
def test_where_the_work_place_asks_people_answer_and_the_same_is_booked(site: str) -> None:
    where = Warehouse(SITES[site].zones)
    place, truth = FurnishedPlace(), []
    for operation in itertools.islice(working_day().operations(floor(7, ALL_SLIPS, where)), 300):
        _see(place, operation)
        truth += done(operation, where)
    booked = [line for fact in place.facts for line in as_booked(fact)]
    assert Counter(booked) == Counter(as_done(entry) for entry in truth if entry.scanned)
    assert place.said >= {"need-second", "second-named", "count-again"}


def test_a_reversal_takes_back_the_mistaken_movement() -> None:
    where = Warehouse(SITES["hangzhou"].zones)
    place = WorkPlace()
    for operation in itertools.islice(working_day().operations(floor(5, ALL_SLIPS, where)), 60):
        _see(place, operation)
        done(operation, where)
    reversed_at = next(n for n, fact in enumerate(place.facts) if isinstance(fact, MovementReversed))
    wrong, reversal, right = place.facts[reversed_at - 1 : reversed_at + 2]
    assert isinstance(wrong, GoodsMoved)
    assert isinstance(reversal, MovementReversed)
    assert isinstance(right, GoodsMoved)
    assert reversal.reverses == wrong.movement_id
    assert right.document == wrong.document


def _see(place: WorkPlace, operation: Operation) -> None:
    for act in operation.acts:
        place.see(act)
