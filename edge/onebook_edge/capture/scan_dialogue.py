"""The scan dialogue: turns the scans, tags and weights of one work place into movements, so that no screen is needed.

States. Nobody is signed in: only a badge is taken. Somebody is: an action opens a sheet; document, bins, goods, amounts and
weights fill it in, in any order after the action; CONFIRM hands it over, and only `Recorded` empties the sheet: the person may
believe it then and not before. `NotRecorded` keeps the sheet. What comes until the outbox answers is held, and taken in order
after `Recorded` (`held_input.py`).

Parts. What an action means is its flow (`flow.py`, one file for each kind in `flows/`); what a code means on the open sheet, and
what is said to it, stands in `sheet_filling.py`; what a weight means in `weighing.py`; what keeps a sheet from being booked in
`dialogue_booking.py`. This file keeps the order: who is there, what is open, what is being booked, what waits.

Rules. Each input of a person or a device gets exactly one `Feedback`, and what was held another one, without a second sound, when
it is taken; `Woken` gets one when it signs somebody out. An input that is refused changes nothing. A sheet has one set of bins.
Scanning goods adds one unit: a carton's GTIN adds a carton, booked as `factor` base units; the same serial counts once. A
quantity label says how many units the last line has in all. WEIGH makes the last line what was weighed, and uses the weight up;
goods scanned after that are a new line. UNDO takes back one step of the sheet, as often as there are steps. Who confirms answers
for the sheet, also when another person began it; a badge is a second person's only when one is asked for. What the catalogue does
not know is set aside, never made up.

A runner saves `state` before it carries out the outputs. A crash between the two leaves `state.booking`: look whether the
journal holds its `draft_id` as a movement, and answer `Recorded` or `NotRecorded`. Not handled here: whether the book holds what
is issued; facts are not refused, the ledger compares.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from onebook_edge.capture import dialogue_texts as texts
from onebook_edge.capture import weighing
from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.capture.china_day import day_of
from onebook_edge.capture.dialogue_booking import flow_of, missing, unusable
from onebook_edge.capture.dialogue_messages import (
    DialogueInput,
    DialogueOutput,
    Draft,
    GoodsInput,
    NoteAdded,
    NothingScanned,
    NotRecorded,
    Recorded,
    Scanned,
    TagsSeen,
)
from onebook_edge.capture.dialogue_state import Booking, DialogueState, booked_after
from onebook_edge.capture.dialogue_texts import ACTIONS, Feedback
from onebook_edge.capture.flow import Signature
from onebook_edge.capture.flows import FLOWS
from onebook_edge.capture.flows.correcting import AboutMovement
from onebook_edge.capture.held_input import held_with, stops, without_second_sound
from onebook_edge.capture.knowledge import Knowledge
from onebook_edge.capture.label_values import command_of, document_of
from onebook_edge.capture.scanned_code import Goods, Pallet, Unknown, recognise
from onebook_edge.capture.set_aside import noted, set_aside
from onebook_edge.capture.settings import WorkPlaceSettings
from onebook_edge.capture.sheet import Sheet
from onebook_edge.capture.sheet_filling import (
    by_command,
    by_goods,
    by_label,
    by_tags,
    said_of,
    said_of_goods,
    said_of_tags,
)
from onebook_edge.capture.sheet_steps import (
    ActionChosen,
    PalletNamed,
    SecondNamed,
    Step,
    TareTaken,
    WeightTaken,
    after,
    sheets_of,
)
from onebook_edge.capture.situation import Situation
from onebook_edge.capture.stable_weight import StableWeight
from onebook_edge.capture.tag_batch import sort_tags
from onebook_edge.machine import Instant, Woken
from onebook_schemas.labels import Command, Label, LabelKind
from onebook_schemas.stock_events import CaptureSource, Document, DocumentKind

_STEPS_MAX = 1_000
_WEIGHING = (Command.WEIGH, Command.PIECES, Command.TARE)

NextNumber = Callable[[DocumentKind, date], str | None]
"""The next number of a document of this kind and day; None where none can be made."""


class ScanDialogue:
    """The dialogue of one work place. `next_id` makes movement ids, `next_number` document numbers."""

    def __init__(
        self,
        settings: WorkPlaceSettings,
        catalogue: Catalogue,
        next_id: Callable[[], str],
        state: DialogueState | None = None,
        next_number: NextNumber = lambda kind, day: None,
    ) -> None:
        self.catalogue = catalogue  # May be replaced by a newer one at any time, like what is known.
        self.known = Knowledge()
        self._settings = settings
        self._next_id = next_id
        self._next_number = next_number
        self._state = state or DialogueState()
        self._sheets = sheets_of(self._state.steps)

    @property
    def state(self) -> DialogueState:
        return self._state

    @property
    def sheet(self) -> Sheet:
        """What the steps of the state add up to, for a screen."""
        return self._sheets[-1]

    def situation(self, now: Instant) -> Situation:
        """What the open sheet is judged by."""
        return Situation(self.sheet, self.catalogue, self.known, day_of(now.wall_ms), self._state.actor or "")

    def handle(self, message: DialogueInput, now: Instant) -> list[DialogueOutput]:
        match message:
            case Scanned() | TagsSeen() | StableWeight() if self._state.booking:
                return [self._hold(message, now)]
            case Scanned():
                return self._scanned(message, now)
            case TagsSeen():
                return self._tags_seen(message, now)
            case NothingScanned():
                return [texts.NOTHING_READ.say()]
            case NoteAdded():
                return self._note(message)
            case StableWeight(value=value, unit=unit):
                self._state = replace(self._state, weight=message)
                return [texts.WEIGHT_SETTLED.say(value=weighing.plain(value), unit=unit)]
            case Recorded(draft_id):
                return [self._recorded(draft_id), *self._take_held(now)]
            case NotRecorded(draft_id, reason):
                return [self._not_recorded(draft_id, reason)]
            case Woken():
                return [texts.SIGNED_OUT.say()] if self._sign_out_if_idle(now) else []

    def wakeup_at(self) -> int | None:
        if self._state.actor is None:
            return None
        return self._state.last_scan_ms + self._settings.sign_out_after_s * 1_000

    # Who ------------------------------------------------------------------------------------------------------------

    def _sign_out_if_idle(self, now: Instant) -> bool:
        due_ms = self.wakeup_at()
        if due_ms is None or now.monotonic_ms < due_ms:
            return False
        self._state = replace(self._state, actor=None)
        return True

    def _badge(self, badge: str, now: Instant) -> Feedback:
        """A second person where one is asked for; else whoever takes over."""
        at = self.situation(now)
        if not self.known.may_work(badge, at.today):
            return texts.BADGE_UNKNOWN.say(badge=badge)
        lacking = missing(at) if self._state.actor is not None and self.sheet.action else None
        if lacking is None or lacking.code != texts.NEED_SECOND.code:
            return self._sign_in(badge)
        if badge == at.actor:
            return texts.SECOND_MUST_DIFFER.say()
        if not self.known.may_authorise(badge, at.today):
            return texts.SECOND_NOT_AUTHORISED.say(actor=self.known.name_of(badge))
        return self._take(SecondNamed(badge)) or texts.SECOND_NAMED.say(actor=self.known.name_of(badge))

    def _sign_in(self, badge: str) -> Feedback:
        self._state = replace(self._state, actor=badge)
        name = self.known.name_of(badge)
        if self.sheet.action is None:
            return texts.SIGNED_IN.say(actor=name)
        return texts.SHEET_TAKEN_OVER.say(actor=name, action=ACTIONS[self.sheet.action], lines=len(self.sheet.lines))

    def _not_ready(self) -> Feedback | None:
        """What must come before anything can be put on the sheet."""
        if self._state.actor is None:
            return texts.NEED_BADGE.say()
        return texts.NEED_ACTION.say() if self.sheet.action is None else None

    def _takes_no_goods(self) -> Feedback | None:
        """A sheet that speaks of a movement has no goods of its own."""
        action = self.sheet.action
        if action is None or not isinstance(FLOWS[action], AboutMovement):
            return None
        return texts.REVERSING.say() if action is Command.REVERSE else texts.NO_GOODS_HERE.say(action=ACTIONS[action])

    # Scans ----------------------------------------------------------------------------------------------------------

    def _scanned(self, scan: Scanned, now: Instant) -> list[DialogueOutput]:
        self._sign_out_if_idle(now)
        self._state = replace(self._state, last_scan_ms=now.monotonic_ms)
        meaning = recognise(scan.text, self.catalogue, day_of(now.wall_ms))
        match meaning:
            case Label(LabelKind.PERSON, badge):
                return [self._badge(badge, now)]
            case _ if self._state.actor is None:
                return [texts.NEED_BADGE.say()]
            case Label(LabelKind.COMMAND, value):
                return self._commanded(value, scan.device, now)
            case Unknown(reason):
                return self._set_aside(scan, reason)
            case Label(LabelKind.DOCUMENT, number) if self.sheet.action is None:
                return [self._begin_task(number, now)]
            case _:
                return [self._not_ready() or self._filled_in(meaning, scan, now)]

    def _filled_in(self, meaning: Label | Goods | Pallet, scan: Scanned, now: Instant) -> Feedback:
        at = self.situation(now)
        match meaning:
            case Label(LabelKind.DOCUMENT | LabelKind.MOVEMENT | LabelKind.REASON as kind, value):
                return self._taken(by_label(kind, value, at), now)
            case _ if blocked := self._takes_no_goods():
                return blocked
            case Label(LabelKind.ITEM, code):
                item = self.catalogue.by_code(code)
                if item is None:
                    return texts.ITEM_UNKNOWN.say(code=code)
                return self._goods(Goods(item, Decimal(1), 1), scan.text, CaptureSource.MANUAL, now)
            case Label(kind, value):
                return self._taken(by_label(kind, value, at), now)
            case Goods():
                return self._goods(meaning, scan.text, CaptureSource.BARCODE, now)
            case Pallet(sscc):
                return self._take(PalletNamed(sscc)) or texts.PALLET.say(sscc=sscc)

    def _goods(self, goods: Goods, text: str, source: CaptureSource, now: Instant) -> Feedback:
        step = by_goods(goods, text, source, self.situation(now))
        if isinstance(step, Feedback):
            return step
        return self._take(step) or said_of_goods(goods, self.situation(now))

    def _set_aside(self, scan: Scanned, reason: str) -> list[DialogueOutput]:
        if self._state.set_aside == scan.text:
            return [texts.CODE_SET_ASIDE_ALREADY.say()]
        self._state = replace(self._state, set_aside=scan.text)
        return [self._aside([(scan.text, reason)], scan.device), texts.CODE_SET_ASIDE.say()]

    def _aside(self, codes: Sequence[tuple[str, str]], device: str) -> Draft:
        return Draft(self._next_id(), set_aside(codes, device, self._state.actor or ""))

    def _note(self, added: NoteAdded) -> list[DialogueOutput]:
        if self._state.actor is None:
            return [texts.NEED_BADGE.say()]
        if self._state.set_aside is None:
            return [texts.NOTHING_TO_NOTE.say()]
        fact = noted(self._state.set_aside, added, self._state.actor)
        return [Draft(self._next_id(), (fact,)), texts.NOTED.say()]

    # Commands -------------------------------------------------------------------------------------------------------

    def _commanded(self, value: str, device: str, now: Instant) -> list[DialogueOutput]:
        command = command_of(value)
        match command:
            case None:
                return [texts.COMMAND_UNKNOWN.say(value=value)]
            case Command.CONFIRM:
                return self._confirm(device, now)
            case Command.UNDO:
                return [self._undo()]
            case Command.CANCEL:
                return [self._cancel()]
            case _ if command in FLOWS:
                return [self._begin(command, now)]
            case _ if blocked := self._not_ready() or self._takes_no_goods():
                return [blocked]
            case _ if command in _WEIGHING:
                return [self._weigh(command, now)]
            case _:
                return [self._taken(by_command(command, self.situation(now)), now)]

    def _begin(self, action: Command, now: Instant) -> Feedback:
        sheet = self.sheet
        is_open = sheet.lines or sheet.kept or sheet.unexpected or sheet.corrects or sheet.papers_of
        if is_open or (sheet.action is Command.REVERSE and action is not Command.REVERSE):
            return texts.ACTION_OPEN.say(action=ACTIONS[sheet.action or action])
        if action is not Command.REVERSE:
            return self._taken(ActionChosen(action), now)
        last = next((booked for booked in self._state.booked if booked.actor == self._state.actor), None)
        if last is None:
            return texts.NOTHING_TO_REVERSE.say()
        asked = texts.REVERSE_ASKED.say(action=ACTIONS[last.action], lines=last.lines)
        return self._take(ActionChosen(action, reverses=last.movement_id)) or asked

    def _begin_task(self, number: str, now: Instant) -> Feedback:
        """The document of an open task says what is to be done."""
        document = document_of(number)
        task = self.known.task(document)
        if task is None:
            return texts.NEED_ACTION.say()
        return self._taken(ActionChosen(Command(task.action.value), document=document), now)

    def _confirm(self, device: str, now: Instant) -> list[DialogueOutput]:
        at = self.situation(now)
        if (lacking := missing(at)) is not None:
            return [lacking]
        flow = flow_of(self.sheet)
        assert flow is not None, "nothing is missing"
        if (first := flow.before_booking(at)) is not None:
            return [self._take(first[0]) or first[1]]
        document = self.sheet.document or self._number(flow.note, at.today)
        facts = flow.facts(at, Signature(at.actor, device, document, self._next_id))
        if not facts:
            self._close()
            return [texts.REPACKED.say()]
        made = document.number if document and not self.sheet.document else None
        self._state = replace(
            self._state, number=None, booking=Booking(facts[0].movement_id, at.actor, facts[-1].movement_id, made)
        )
        return [Draft(facts[0].movement_id, facts), texts.BOOKING.say()]

    def _number(self, kind: DocumentKind | None, today: date) -> Document | None:
        """The number of a sheet that has no document: the one that was made for it already, or a new one."""
        if kind is None:
            return None
        kept = self._state.number
        number = kept if kept and kept.startswith(kind.value) else self._next_number(kind, today)
        return Document(kind=kind, number=number) if number else None

    def _undo(self) -> Feedback:
        if not self._state.steps:
            return texts.NOTHING_TO_UNDO.say()
        self._keep_steps(len(self._state.steps) - 1)
        return texts.UNDONE.say(steps=len(self._state.steps))

    def _cancel(self) -> Feedback:
        if not self._state.steps:
            return texts.NOTHING_TO_CANCEL.say()
        self._keep_steps(0)
        return texts.CANCELLED.say()

    # The outbox's answer ---------------------------------------------------------------------------------------------

    def _recorded(self, draft_id: str) -> Feedback:
        booking, sheet = self._state.booking, self.sheet
        if booking is None or booking.draft_id != draft_id:
            return texts.NOTE_RECORDED.say()
        assert sheet.action is not None, "only a complete sheet is booked"
        self._close()
        text = texts.RECORDED_AS if booking.number else texts.RECORDED
        lines = len(sheet.kept) + len(sheet.lines)
        return text.say(action=ACTIONS[sheet.action], lines=lines, number=booking.number)

    def _close(self) -> None:
        booked = booked_after(self._state, self.sheet)
        self._state = replace(self._state, steps=(), booking=None, set_aside=None, booked=booked)
        self._sheets = sheets_of(())

    def _not_recorded(self, draft_id: str, reason: str) -> Feedback:
        booking = self._state.booking
        if booking is None or booking.draft_id != draft_id:
            return texts.NOTE_NOT_RECORDED.say(reason=reason)
        held = self._state.held  # Meant for the sheet after this one, which therefore does not begin.
        self._state = replace(self._state, booking=None, held=(), number=booking.number)
        return (
            texts.NOT_RECORDED_NOR_HELD.say(reason=reason, count=len(held))
            if held
            else texts.NOT_RECORDED.say(reason=reason)
        )

    # While a booking is under way ------------------------------------------------------------------------------------

    def _hold(self, message: GoodsInput, now: Instant) -> Feedback:
        """Keep what comes while a booking is under way."""
        if isinstance(message, Scanned):
            self._state = replace(self._state, last_scan_ms=now.monotonic_ms)
        held = held_with(self._state.held, message, lambda one: self._confirms(one, now))
        if isinstance(held, Feedback):
            return held
        self._state = replace(self._state, held=held)
        return texts.HELD.say()

    def _confirms(self, message: GoodsInput, now: Instant) -> bool:
        if not isinstance(message, Scanned):
            return False
        return recognise(message.text, self.catalogue, day_of(now.wall_ms)) == Label(LabelKind.COMMAND, Command.CONFIRM)

    def _take_held(self, now: Instant) -> list[DialogueOutput]:
        """Take what was held, until the next CONFIRM among it, or until something is asked or refused."""
        outputs: list[DialogueOutput] = []
        while self._state.held and not self._state.booking:
            self._state, message = replace(self._state, held=self._state.held[1:]), self._state.held[0]
            said = [without_second_sound(output) for output in self.handle(message, now)]
            outputs += said
            if (dropped := self._state.held) and any(map(stops, said)):
                self._state = replace(self._state, held=())
                outputs.append(texts.HELD_DROPPED.say(count=len(dropped)))
        return outputs

    # What fills in the sheet -----------------------------------------------------------------------------------------

    def _taken(self, step: Step | Feedback, now: Instant) -> Feedback:
        """Take a step and say so; or say why not."""
        if isinstance(step, Feedback):
            return step
        return self._take(step) or said_of(step, self.situation(now))

    def _take(self, step: Step) -> Feedback | None:
        """Take a step; or say why not, and change nothing."""
        sheet = after(self.sheet, step)
        if refusal := texts.SHEET_FULL.say() if len(self._state.steps) >= _STEPS_MAX else unusable(sheet):
            return refusal
        self._state = replace(self._state, steps=(*self._state.steps, step))
        self._sheets.append(sheet)
        return None

    def _keep_steps(self, kept: int) -> None:
        """Take back all steps behind the first ones. A weight taken by them lies on the scale again."""
        dropped = self._state.steps[kept:]
        freed = [step.weight for step in dropped if isinstance(step, WeightTaken | TareTaken)]
        weight = self._state.weight or (freed[-1] if freed else None)
        self._state = replace(self._state, steps=self._state.steps[:kept], weight=weight)
        del self._sheets[kept + 1 :]

    def _weigh(self, command: Command, now: Instant) -> Feedback:
        weight = self._state.weight
        if weight is not None and now.monotonic_ms - weight.at.monotonic_ms > self._settings.weight_usable_s * 1_000:
            weight = None
        step = weighing.by_command(command, self.situation(now), weight, self._settings.pieces_tolerance_pct)
        if isinstance(step, Feedback):
            return step
        if (refusal := self._take(step)) is not None:
            return refusal
        self._state = replace(self._state, weight=None)
        return weighing.said_of_weight(self.situation(now), step)

    # Tags ------------------------------------------------------------------------------------------------------------

    def _tags_seen(self, seen: TagsSeen, now: Instant) -> list[DialogueOutput]:
        self._sign_out_if_idle(now)
        if blocked := self._not_ready() or self._takes_no_goods():
            return [blocked]
        tags = sort_tags(seen.epcs, self.catalogue, self.sheet.serial_keys)
        step = by_tags(tags, self.situation(now))
        if step is not None and (refusal := self._take(step)):
            return [refusal]
        self._state = replace(self._state, last_scan_ms=now.monotonic_ms)
        said = said_of_tags(tags, step)
        if not tags.unknown:
            return [said]
        return [self._aside([(epc, "unknown-gtin") for epc in tags.unknown], seen.device), said]
