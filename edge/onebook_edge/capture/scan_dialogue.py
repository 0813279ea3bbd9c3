"""The scan dialogue: turns the scans, tags and weights of one work place into movements, so that no screen is needed.

States. Nobody is signed in: only a badge is taken. Somebody is: an action opens a sheet; document, bins, goods, amounts and
weights fill it in, in any order after the action; CONFIRM hands it over, and only `Recorded` empties the sheet: the person may
believe it then and not before. `NotRecorded` keeps the sheet. What comes until the outbox answers is held, and taken in order
after `Recorded` (see `_take_held`): whoever has scanned CONFIRM already reaches for the next sheet.

Rules. Each input of a person or a device gets exactly one `Feedback`, and what was held another one, without a second sound,
when it is taken; `Woken` gets one when it signs somebody out. An input that is refused changes nothing. A sheet has one set of
bins. Scanning goods adds one unit: a carton's GTIN adds a carton, booked as `factor` base units; the same serial counts once. A
quantity label says how many units the last line has in all. WEIGH makes the last line what was weighed, in the item's base unit
(an exact shift of the decimal point), and uses the weight up; goods scanned after that are a new line. UNDO takes back one step
of the sheet, as often as there are steps. Who confirms answers for the sheet, also when another person began it. What the
catalogue does not know is set aside, never made up.

A runner saves `state` before it carries out the outputs. A crash between the two leaves `state.booking`: look whether the
journal holds its `draft_id` as a movement, and answer `Recorded` or `NotRecorded`. Not handled here: whether the book holds what
is issued; facts are not refused, the ledger compares.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

from onebook_edge.capture import dialogue_texts as texts
from onebook_edge.capture.catalogue import Catalogue, Tracking, mass_in
from onebook_edge.capture.dialogue_booking import SIDES, facts_of, missing, unusable
from onebook_edge.capture.dialogue_messages import (
    DialogueInput,
    DialogueOutput,
    Draft,
    GoodsInput,
    NothingScanned,
    NotRecorded,
    Recorded,
    Scanned,
    TagsSeen,
)
from onebook_edge.capture.dialogue_state import (
    ActionChosen,
    BinNamed,
    Booking,
    CountSet,
    DialogueState,
    DocumentNamed,
    GoodsAdded,
    Line,
    PalletNamed,
    Sheet,
    Step,
    WeightTaken,
    after,
    booked_after,
    sheets_of,
)
from onebook_edge.capture.dialogue_texts import ACTIONS, Feedback, FeedbackKind, Sound, Words
from onebook_edge.capture.label_values import bin_of, command_of, count_of, document_of
from onebook_edge.capture.scanned_code import Goods, Pallet, Unknown, recognise, short
from onebook_edge.capture.settings import WorkPlaceSettings
from onebook_edge.capture.stable_weight import StableWeight
from onebook_edge.capture.tag_batch import sort_tags
from onebook_edge.machine import Instant, Woken
from onebook_schemas.device_events import CodeSetAside
from onebook_schemas.labels import Command, Label, LabelKind
from onebook_schemas.stock_events import CaptureSource

_STEPS_MAX = 1_000
_HELD_MAX = 50  # A storage card that hangs for half a minute, and a person who does not look up.
_STOPS = (FeedbackKind.ASK, FeedbackKind.REFUSED)
_CHINA = timezone(timedelta(hours=8))
_BEFORE_THIS_SOFTWARE = date(2025, 1, 1)


class ScanDialogue:
    """The dialogue of one work place. `next_id` makes movement ids."""

    def __init__(
        self,
        settings: WorkPlaceSettings,
        catalogue: Catalogue,
        next_id: Callable[[], str],
        state: DialogueState | None = None,
    ) -> None:
        self.catalogue = catalogue  # May be replaced by a newer one at any time.
        self._settings = settings
        self._next_id = next_id
        self._state = state or DialogueState()
        self._sheets = sheets_of(self._state.steps)

    @property
    def state(self) -> DialogueState:
        return self._state

    @property
    def sheet(self) -> Sheet:
        """What the steps of the state add up to, for a screen."""
        return self._sheets[-1]

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
            case StableWeight(value=value, unit=unit):
                self._state = replace(self._state, weight=message)
                return [texts.WEIGHT_SETTLED.say(value=_plain(value), unit=unit)]
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

    def _sign_in(self, actor: str) -> Feedback:
        self._state = replace(self._state, actor=actor)
        if self.sheet.action is None:
            return texts.SIGNED_IN.say(actor=actor)
        action = ACTIONS[self.sheet.action]
        return texts.SHEET_TAKEN_OVER.say(actor=actor, action=action, lines=len(self.sheet.lines))

    def _not_ready(self) -> Feedback | None:
        """What must come before anything can be put on the sheet."""
        if self._state.actor is None:
            return texts.NEED_BADGE.say()
        if self.sheet.action is None:
            return texts.NEED_ACTION.say()
        return texts.REVERSING.say() if self.sheet.action is Command.REVERSE else None

    # Scans ----------------------------------------------------------------------------------------------------------

    def _scanned(self, scan: Scanned, now: Instant) -> list[DialogueOutput]:
        self._sign_out_if_idle(now)
        self._state = replace(self._state, last_scan_ms=now.monotonic_ms)
        meaning = recognise(scan.text, self.catalogue, _day(now))
        match meaning:
            case Label(LabelKind.PERSON, badge):
                return [self._sign_in(badge)]
            case _ if self._state.actor is None:
                return [texts.NEED_BADGE.say()]
            case Label(LabelKind.COMMAND, value):
                return self._commanded(value, scan.device, now)
            case Unknown(reason):
                return self._set_aside(scan, reason)
            case _:
                return [self._not_ready() or self._filled_in(meaning, scan, now)]

    def _filled_in(self, meaning: Label | Goods | Pallet, scan: Scanned, now: Instant) -> Feedback:
        match meaning:
            case Label(LabelKind.BIN, value):
                return self._bin(value)
            case Label(LabelKind.DOCUMENT, value):
                return self._document(value)
            case Label(value=value):
                return self._count(value)
            case Goods():
                return self._goods(meaning, scan, now)
            case Pallet(sscc):
                return self._take(PalletNamed(sscc)) or texts.PALLET.say(sscc=sscc)

    def _set_aside(self, scan: Scanned, reason: str) -> list[DialogueOutput]:
        if self._state.set_aside == scan.text:
            return [texts.CODE_SET_ASIDE_ALREADY.say()]
        self._state = replace(self._state, set_aside=scan.text)
        return [self._aside([(scan.text, reason)], scan.device), texts.CODE_SET_ASIDE.say()]

    def _aside(self, codes: Sequence[tuple[str, str]], device: str) -> Draft:
        actor = self._state.actor or ""
        facts = tuple(
            CodeSetAside(text=short(text), reason=reason, device=device, actor=actor) for text, reason in codes
        )
        return Draft(self._next_id(), facts)

    # Commands -------------------------------------------------------------------------------------------------------

    def _commanded(self, value: str, device: str, now: Instant) -> list[DialogueOutput]:
        match command_of(value):
            case None:
                return [texts.COMMAND_UNKNOWN.say(value=value)]
            case Command.CONFIRM:
                return self._confirm(device)
            case Command.UNDO:
                return [self._undo()]
            case Command.CANCEL:
                return [self._cancel()]
            case Command.WEIGH:
                return [self._not_ready() or self._weigh(now)]
            case action:
                return [self._begin(action)]

    def _begin(self, action: Command) -> Feedback:
        if self.sheet.lines or (self.sheet.action is Command.REVERSE and action is not Command.REVERSE):
            return texts.ACTION_OPEN.say(action=ACTIONS[self.sheet.action or action])
        if action is not Command.REVERSE:
            return self._take(ActionChosen(action)) or texts.ACTION_CHOSEN.say(action=ACTIONS[action])
        last = next((booked for booked in self._state.booked if booked.actor == self._state.actor), None)
        if last is None:
            return texts.NOTHING_TO_REVERSE.say()
        asked = texts.REVERSE_ASKED.say(action=ACTIONS[last.action], lines=last.lines)
        return self._take(ActionChosen(action, reverses=last.movement_id)) or asked

    def _confirm(self, device: str) -> list[DialogueOutput]:
        if lacking := missing(self.sheet):
            return [lacking]
        actor = self._state.actor
        assert actor is not None, "commands are taken from a signed-in person only"
        facts = facts_of(self.sheet, actor, device, self._next_id)
        self._state = replace(self._state, booking=Booking(facts[0].movement_id, actor))
        return [Draft(facts[0].movement_id, facts), texts.BOOKING.say()]

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
        self._state = replace(
            self._state, steps=(), booking=None, set_aside=None, booked=booked_after(self._state, sheet)
        )
        self._sheets = sheets_of(())
        return texts.RECORDED.say(action=ACTIONS[sheet.action], lines=len(sheet.lines))

    def _not_recorded(self, draft_id: str, reason: str) -> Feedback:
        if self._state.booking is None or self._state.booking.draft_id != draft_id:
            return texts.NOTE_NOT_RECORDED.say(reason=reason)
        held = self._state.held  # Meant for the sheet after this one, which therefore does not begin.
        self._state = replace(self._state, booking=None, held=())
        return (
            texts.NOT_RECORDED_NOR_HELD.say(reason=reason, count=len(held))
            if held
            else texts.NOT_RECORDED.say(reason=reason)
        )

    # While a booking is under way ------------------------------------------------------------------------------------

    def _hold(self, message: GoodsInput, now: Instant) -> Feedback:
        """Keep what comes while a booking is under way. CONFIRM once more is the same wish, not another sheet."""
        if isinstance(message, Scanned):
            self._state = replace(self._state, last_scan_ms=now.monotonic_ms)
        held = self._state.held
        if self._confirms(message, now) and (not held or self._confirms(held[-1], now)):
            return texts.WAIT.say()
        if held and isinstance(message, StableWeight) and isinstance(held[-1], StableWeight):
            held = held[:-1]  # Nobody took the weight before.
        if len(held) >= _HELD_MAX:
            return texts.HELD_FULL.say()
        self._state = replace(self._state, held=(*held, message))
        return texts.HELD.say()

    def _confirms(self, message: GoodsInput, now: Instant) -> bool:
        if not isinstance(message, Scanned):
            return False
        return recognise(message.text, self.catalogue, _day(now)) == Label(LabelKind.COMMAND, Command.CONFIRM)

    def _take_held(self, now: Instant) -> list[DialogueOutput]:
        """Take what was held, until the next CONFIRM among it, or until something is asked or refused: nothing may be
        built on an answer that the person has not heard yet, and a CONFIRM behind it would book what nobody meant."""
        outputs: list[DialogueOutput] = []
        while self._state.held and not self._state.booking:
            self._state, message = replace(self._state, held=self._state.held[1:]), self._state.held[0]
            said = [_without_second_sound(output) for output in self.handle(message, now)]
            outputs += said
            if any(isinstance(output, Feedback) and output.kind in _STOPS for output in said):
                outputs += self._drop_held()
        return outputs

    def _drop_held(self) -> list[Feedback]:
        held = self._state.held
        self._state = replace(self._state, held=())
        return [texts.HELD_DROPPED.say(count=len(held))] if held else []

    # What fills in the sheet -----------------------------------------------------------------------------------------

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
        freed = [step.weight for step in dropped if isinstance(step, WeightTaken)]
        weight = self._state.weight or (freed[-1] if freed else None)
        self._state = replace(self._state, steps=self._state.steps[:kept], weight=weight)
        del self._sheets[kept + 1 :]

    def _document(self, number: str) -> Feedback:
        document = document_of(number)
        if document is None:
            return texts.DOCUMENT_UNKNOWN.say(number=number)
        return self._take(DocumentNamed(document)) or texts.DOCUMENT_NAMED.say(number=number)

    def _bin(self, name: str) -> Feedback:
        if bin_of(name) is None:
            return texts.BIN_BAD.say(bin=name)
        sheet = self.sheet
        assert sheet.action is not None, "a bin is taken after an action only"
        if name in (sheet.from_bin, sheet.to_bin):
            return texts.BIN_ALREADY.say(bin=name)
        sides = SIDES[sheet.action]
        side = next((side for side in sides if getattr(sheet, side) is None), None)
        if side is None:
            return texts.BIN_FIXED.say()
        text = texts.FROM_BIN_NAMED if side != sides[-1] else texts.BIN_NAMED
        return self._take(BinNamed(side, name)) or text.say(bin=name)

    def _goods(self, goods: Goods, scan: Scanned, now: Instant) -> Feedback:
        if refusal := self._not_to_be_added(goods, now):
            return refusal
        line = Line(
            item=goods.item.code,
            count=goods.count,
            factor=goods.factor,
            unit=goods.item.base_unit,
            source=CaptureSource.BARCODE,
            lot=goods.lot,
            serials=(goods.serial,) if goods.serial and goods.count == 1 else (),
            scanned=self._as_scanned(scan.text),
        )
        return self._take(GoodsAdded((line,))) or self._said(goods, now)

    def _not_to_be_added(self, goods: Goods, now: Instant) -> Feedback | None:
        if goods.item.tracking is Tracking.SERIAL and (goods.serial is None or goods.count * goods.factor != 1):
            return texts.NEED_SERIAL.say(item=self._name(goods.item.code))
        if goods.serial and (goods.item.code, goods.factor, goods.serial) in self.sheet.serial_keys:
            return texts.ALREADY_SCANNED.say(serial=goods.serial)
        if self.sheet.action is Command.ISSUE and goods.is_expired_on(_day(now)):
            return texts.EXPIRED.say(item=self._name(goods.item.code), expires_on=goods.expires_on)
        return None

    def _said(self, goods: Goods, now: Instant) -> Feedback:
        """What to say to goods that were added."""
        text = texts.GOODS
        if goods.is_doubtful:
            text = texts.GOODS_DOUBTFUL
        elif goods.is_expired_on(_day(now)) and self.sheet.action in (Command.RECEIVE, Command.MOVE):
            text = texts.GOODS_EXPIRED
        return self._said_of_last(text, expires_on=goods.expires_on, doubt=goods.serial or goods.lot)

    def _count(self, value: str) -> Feedback:
        count = count_of(value)
        if count is None:
            return texts.AMOUNT_BAD.say(amount=value)
        if not self.sheet.lines:
            return texts.NEED_GOODS.say()
        if self.sheet.lines[-1].serials:
            return texts.AMOUNT_BY_SERIAL.say()
        return self._take(CountSet(count)) or self._said_of_last(texts.GOODS)

    def _weigh(self, now: Instant) -> Feedback:
        weight = self._state.weight
        if not self.sheet.lines:
            return texts.NEED_GOODS.say()
        line = self.sheet.lines[-1]
        if line.serials:
            return texts.AMOUNT_BY_SERIAL.say()
        if weight is None or now.monotonic_ms - weight.at.monotonic_ms > self._settings.weight_usable_s * 1_000:
            return texts.NEED_WEIGHT.say()
        amount = mass_in(line.unit, weight.value, weight.unit_code)
        if amount is None:
            return texts.NOT_BY_WEIGHT.say(item=self._name(line.item))
        if refusal := self._take(WeightTaken(amount, weight)):
            return refusal
        self._state = replace(self._state, weight=None)
        text = texts.WEIGHT_TAKEN_GROSS if weight.net is False else texts.WEIGHT_TAKEN
        return text.say(item=self._name(line.item), value=_plain(weight.value), unit=weight.unit)

    # Tags ------------------------------------------------------------------------------------------------------------

    def _tags_seen(self, seen: TagsSeen, now: Instant) -> list[DialogueOutput]:
        self._sign_out_if_idle(now)
        if blocked := self._not_ready():
            return [blocked]
        tags = sort_tags(seen.epcs, self.catalogue, self.sheet.serial_keys)
        if tags.lines and (refusal := self._take(GoodsAdded(tags.lines))):
            return [refusal]
        self._state = replace(self._state, last_scan_ms=now.monotonic_ms)
        text = texts.TAGS_UNKNOWN if tags.unknown else texts.TAGS
        said = text.say(added=tags.added, repeated=tags.repeated, others=tags.others, unknown=len(tags.unknown))
        if not tags.unknown:
            return [said]
        return [self._aside([(epc, "unknown-gtin") for epc in tags.unknown], seen.device), said]

    # Words -----------------------------------------------------------------------------------------------------------

    def _name(self, code: str) -> Words:
        item = self.catalogue.by_code(code)
        return Words(item.name_zh, item.name_en) if item else Words(code, code)

    def _said_of_last(self, text: texts.Text, **places: object) -> Feedback:
        line = self.sheet.lines[-1]
        item = self.catalogue.by_code(line.item)
        unit = Words(item.units[0].name_zh if item else line.unit, line.unit)
        return text.say(item=self._name(line.item), amount=_plain(line.amount), unit=unit, **places)

    def _as_scanned(self, text: str) -> str:
        return short(f"(00){self.sheet.pallet} {text}" if self.sheet.pallet else text)


def _day(now: Instant) -> date:
    """The civil date in China. A box without a battery clock may start in 1970: it is never earlier than its software."""
    return max(datetime.fromtimestamp(now.wall_ms / 1_000, UTC).astimezone(_CHINA).date(), _BEFORE_THIS_SOFTWARE)


def _without_second_sound(output: DialogueOutput) -> DialogueOutput:
    """It beeped when it was held; only what the person must hear of sounds again."""
    return (
        replace(output, sound=Sound.NONE) if isinstance(output, Feedback) and output.kind is FeedbackKind.OK else output
    )


def _plain(value: Decimal) -> str:
    return format(value, "f")
