"""Whatever is scanned, in whatever order: the promises of the dialogue hold.

Goal: no sequence of inputs raises, leaves an input without its one feedback, books a confirmation twice, breaks undo, or makes
a dialogue that was written down and read back behave in another way. Method: random inputs from all that can be scanned, weighed
and seen, with an outbox that answers sooner, later or not; a twin that goes through JSON before each input must do the same.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from onebook_edge.capture.dialogue_messages import (
    DialogueInput,
    Draft,
    NoteAdded,
    NotRecorded,
    Recorded,
    Scanned,
    TagsSeen,
)
from onebook_edge.capture.dialogue_state import DialogueState
from onebook_edge.capture.dialogue_texts import Feedback, FeedbackKind
from onebook_edge.capture.flows import FLOWS
from onebook_edge.capture.scan_dialogue import ScanDialogue
from onebook_edge.capture.settings import WorkPlaceSettings
from onebook_edge.capture.sheet_steps import sheets_of
from onebook_edge.capture.stable_weight import StableWeight
from onebook_edge.machine import Instant, Woken
from onebook_schemas.device_events import CodeSetAside
from onebook_schemas.labels import Command, parse_label
from onebook_schemas.reference import TaskAction
from onebook_schemas.stock_events import DocumentKind
from tests.unit.edge.capture.warehouse import frozen, lying, task, wanted, warehouse
from tests.unit.edge.capture.work_place import (
    BED,
    BED_CARTON,
    BED_PIECE,
    PADDY,
    RICE_BAG,
    TENT,
    WorkPlace,
    bed,
    counting_ids,
    sgtin,
    tent,
)

COMMANDS = [f"OBC-{command}" for command in Command if command is not Command.CONFIRM]
STEPS = [f"OBC-{command}" for command in Command if command not in (Command.CONFIRM, Command.CANCEL, *FLOWS)]
LABELS = [
    "OBP-a",
    "OBP-b",
    "OBB-A",
    "OBB-B",
    "OBD-RK1",
    "OBD-DB1",
    "OBD-??",
    "OBC-X",
    "OBQ-0",
    "OBQ-12",
    "OBQ-1.5",
    "OBQ-x",
    "OBP-wang",
    "OBP-gone",
    "OBB-A-01",
    "OBB-B-01",
    "OBD-RW1",
    "OBD-RK20260528-1",
    "OBD-CK20260528-1",
    "OBI-LS01006",
    "OBI-LS09999",
    "OBL-20270101-L1",
    "OBL-00000000-L2",
    "OBL-20200101-L2",
    "OBR-TYPO",
    "OBR-URGENT",
    "OBR-NONE",
    "OBM-00000000-0000-4000-8000-000000000001",
    "OBM-x",
]
GOODS = [
    BED_PIECE,
    BED_CARTON,
    RICE_BAG,
    PADDY,
    tent("S1"),
    tent("S2"),
    bed("L1"),
    bed("L2", "240101"),
    bed("L1", "300101"),
]
OTHERS = ["]E06901234567892", "]C100106141412345678908", "]C1", "]C10209520000000066370", "]Q1https://example.com", ""]
EPCS = [
    sgtin("09520000000042", 1),
    sgtin("09520000000042", 2),
    sgtin("19520000000063", 1),
    sgtin("09520000099996", 1),
    "E280",
]
WEIGHTS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-10, max_value=10**10)


class AnyWork(RuleBasedStateMachine):
    def make_place(self) -> WorkPlace:
        return WorkPlace(sign_out_after_s=60, weight_usable_s=30)

    def __init__(self) -> None:
        super().__init__()
        self.place = self.make_place()
        self.twin_numbers = itertools.count(1)
        self.place.scan("OBP-a", "OBC-RECEIVE")
        self.twin_ids = counting_ids()
        self.draft_ids: set[str] = set()
        self.drafts: dict[str, Draft] = {}
        self.unanswered: list[str] = []

    def put(self, message: DialogueInput) -> list[Feedback | Draft]:
        """Give an input to the dialogue and to its twin, and check what holds for every input."""
        dialogue, before = self.place.dialogue, self.place.dialogue.state
        kept = DialogueState.from_json(before.to_json())
        twin = ScanDialogue(self.place.settings, self.place.catalogue, self.twin_ids, kept, self.twin_number)
        twin.known = dialogue.known
        outputs = dialogue.handle(message, self.place.now)
        assert twin.handle(message, self.place.now) == outputs
        assert twin.state == dialogue.state
        feedback = [output for output in outputs if isinstance(output, Feedback)]
        assert len(feedback) == 1 or (isinstance(message, Woken) and not feedback) or before.held
        for draft in (output for output in outputs if isinstance(output, Draft)):
            assert draft.draft_id not in self.draft_ids
            self.draft_ids.add(draft.draft_id)
            self.drafts[draft.draft_id] = draft
            self.unanswered.append(draft.draft_id)
        self.check_undo(before)
        return outputs

    def check_undo(self, before: DialogueState) -> None:
        """After a step was taken, an undo on a copy leads back to the sheet before it."""
        state = self.place.dialogue.state
        if before.booking or state.booking or len(state.steps) != len(before.steps) + 1:
            return
        copy = ScanDialogue(self.place.settings, self.place.catalogue, str, state)
        copy.known = self.place.dialogue.known
        copy.handle(Scanned("OBC-UNDO", "scanner-1"), self.place.now)
        assert copy.state.steps == before.steps
        assert copy.sheet == sheets_of(before.steps)[-1]
        assert copy.state.weight == before.weight

    def twin_number(self, kind: DocumentKind, day: date) -> str | None:
        return f"{kind.value}{day:%Y%m%d}-{next(self.twin_numbers)}" if self.place.dialogue.known.site else None

    @rule(text=st.sampled_from(COMMANDS) | st.sampled_from(LABELS) | st.sampled_from(OTHERS) | st.text(max_size=30))
    def scan(self, text: str) -> None:
        """Whatever else is scanned, only a confirmation books."""
        drafts = [output for output in self.put(Scanned(text, "scanner-1")) if isinstance(output, Draft)]
        assert all(isinstance(fact, CodeSetAside) for draft in drafts for fact in draft.facts)

    @rule(text=st.sampled_from(GOODS))
    def scan_goods(self, text: str) -> None:
        self.put(Scanned(text, "scanner-1"))

    @rule(text=st.sampled_from(STEPS))
    def goes_on(self, text: str) -> None:
        """What goes on a sheet that is open."""
        self.put(Scanned(text, "scanner-1"))

    @rule()
    def confirm(self) -> None:
        """One confirmation gives at most one draft, and none while one is on its way."""
        was_booking = self.place.dialogue.state.booking
        drafts = [output for output in self.put(Scanned("OBC-CONFIRM", "scanner-1")) if isinstance(output, Draft)]
        assert len(drafts) <= (0 if was_booking else 1)
        assert not any(isinstance(fact, CodeSetAside) for draft in drafts for fact in draft.facts)

    @rule(value=WEIGHTS, unit=st.sampled_from(["g", "kg", "t", "lb"]), net=st.sampled_from([True, False, None]))
    def weigh(self, value: object, unit: object, net: bool | None) -> None:
        self.put(StableWeight("scale-1", value, unit, net, self.place.now))  # type: ignore[arg-type]

    @rule(epcs=st.lists(st.sampled_from(EPCS), max_size=5))
    def tags(self, epcs: list[str]) -> None:
        self.put(TagsSeen(tuple(epcs), "reader-1"))

    @precondition(lambda self: self.unanswered)
    @rule(is_recorded=st.booleans())
    def outbox_answers(self, is_recorded: bool) -> None:
        self.answer(is_recorded=is_recorded)

    def answer(self, *, is_recorded: bool) -> None:
        draft_id = self.unanswered.pop(0)
        before = self.place.dialogue.state
        is_sheet = before.booking is not None and before.booking.draft_id == draft_id
        expected = self.as_if_scanned_after(before, draft_id) if is_sheet and is_recorded else before
        self.put(Recorded(draft_id, 1) if is_recorded else NotRecorded(draft_id, "满 / full"))
        assert self.place.dialogue.state.steps == expected.steps
        assert self.place.dialogue.state.held == (() if is_sheet and not is_recorded else expected.held)

    def as_if_scanned_after(self, before: DialogueState, draft_id: str) -> DialogueState:
        """The state had all that was held come after the booking, from a person who stops when something is asked or refused
        and who confirms once."""
        dialogue = ScanDialogue(self.place.settings, self.place.catalogue, str, replace(before, held=()))
        dialogue.known = self.place.dialogue.known
        dialogue.handle(Recorded(draft_id, 1), self.place.now)
        for taken, message in enumerate(before.held):
            if dialogue.state.booking:
                return replace(dialogue.state, held=before.held[taken:])
            for output in dialogue.handle(message, self.place.now):
                if isinstance(output, Feedback) and output.kind in (FeedbackKind.ASK, FeedbackKind.REFUSED):
                    return dialogue.state
        return dialogue.state

    @rule(seconds=st.integers(0, 40))
    def time_passes(self, seconds: int) -> None:
        self.place.now = Instant(
            self.place.now.monotonic_ms + seconds * 1_000, self.place.now.wall_ms + seconds * 1_000
        )
        self.put(Woken())

    @rule(note=st.text(max_size=300), photo=st.sampled_from([None, "ab" * 32]))
    def says_something_of_an_unknown_code(self, note: str, photo: str | None) -> None:
        self.put(NoteAdded(note, photo, "screen-1"))

    @invariant()
    def a_screen_can_be_drawn_and_its_buttons_are_labels(self) -> None:
        view = self.place.view()
        assert all(parse_label(choice.code) for choice in view.choices)
        assert view.can_confirm == any(choice.code == "OBC-CONFIRM" for choice in view.choices)

    @invariant()
    def the_sheet_is_the_sum_of_its_steps(self) -> None:
        assert self.place.dialogue.sheet == sheets_of(self.place.dialogue.state.steps)[-1]


class AnyWorkInAWarehouse(AnyWork):
    """The same with all that a warehouse may know: rules, people, tasks, stock; and with goods that are booked being there."""

    def make_place(self) -> WorkPlace:
        stock = (lying("A-01", 9, "L1", "2027-01-01"), lying("B-01", 30, "L2", "2028-01-01"), frozen("A-01", 3, "L2"))
        tents = lying("A-01", 2, item=TENT, serials=("S1", "S2"))
        tasks = (task("RW1", TaskAction.RECEIVE, wanted(TENT, 2), wanted(BED, 9), kind="RW"),)
        place = warehouse(
            *stock, tents, tasks=tasks, second_person_from=Decimal(20), issue_without_order_max=Decimal(5)
        )
        place.dialogue._settings = place.settings = WorkPlaceSettings(sign_out_after_s=60, weight_usable_s=30)
        return place

    @rule(action=st.sampled_from(list(FLOWS)), goods=st.lists(st.sampled_from(GOODS), min_size=1, max_size=3))
    def works(self, action: Command, goods: list[str]) -> None:
        """A person who knows what to do, so that sheets become complete."""
        for text in ("OBP-zhangsan", f"OBC-{action}", "OBB-A-01", *goods):
            self.put(Scanned(text, "scanner-1"))

    @precondition(lambda self: self.unanswered)
    @rule()
    def books(self) -> None:
        """What was recorded is in the stock, and can be corrected."""
        for fact in self.drafts[self.unanswered[0]].facts:
            self.place.recent.record(fact, self.place.now.wall_ms)
            assert self.place.stock is not None
            self.place.stock.record(fact)
        self.answer(is_recorded=True)


AnyWork.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnyWork = AnyWork.TestCase
AnyWorkInAWarehouse.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnyWorkInAWarehouse = AnyWorkInAWarehouse.TestCase
