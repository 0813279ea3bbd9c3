"""From what was read to a step of the sheet, or a refusal; and what to say to a step that was taken.

Pure functions over a `Situation`: the dialogue asks them, takes the step, and says it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from onebook_edge.capture import dialogue_texts as texts
from onebook_edge.capture.catalogue import Tracking
from onebook_edge.capture.dialogue_booking import flow_of
from onebook_edge.capture.dialogue_texts import ACTIONS, COMMANDS, Feedback, FeedbackKind, Words
from onebook_edge.capture.flow import Flow
from onebook_edge.capture.flows.correcting import AboutMovement
from onebook_edge.capture.label_values import bin_of, count_of, document_of, lot_of, movement_of
from onebook_edge.capture.scanned_code import Goods, short
from onebook_edge.capture.sheet import Line
from onebook_edge.capture.sheet_steps import (
    ActionChosen,
    BinNamed,
    CorrectionBegun,
    CountSet,
    DocumentNamed,
    GoodsAdded,
    LineDropped,
    LotNamed,
    Marked,
    MovementNamed,
    ReasonGiven,
    Step,
    UnexpectedDecided,
)
from onebook_edge.capture.situation import Situation
from onebook_edge.capture.tag_batch import SortedTags
from onebook_schemas.labels import Command, LabelKind
from onebook_schemas.stock_events import CaptureSource

_WARNS_EXPIRED = (Command.RECEIVE, Command.MOVE)
_REFUSES_EXPIRED = (Command.ISSUE, Command.LOAN)


# Labels ----------------------------------------------------------------------------------------------------------------


def by_label(kind: LabelKind, value: str, at: Situation) -> Step | Feedback:
    """The step that a label asks for."""
    match kind:
        case LabelKind.BIN:
            return _bin(value, at)
        case LabelKind.DOCUMENT:
            return _document(value, at)
        case LabelKind.MOVEMENT:
            return _movement(value, at)
        case LabelKind.REASON:
            return ReasonGiven(value) if at.known.reason(value) else texts.REASON_UNKNOWN.say(code=value)
        case LabelKind.LOT:
            return _lot(value, at)
        case _:
            return _count(value, at)


def _bin(name: str, at: Situation) -> Step | Feedback:
    if bin_of(name) is None:
        return texts.BIN_BAD.say(bin=name)
    if not at.known.has_bin(name):
        return texts.BIN_UNKNOWN.say(bin=name)
    sheet, flow = at.sheet, _flow(at)
    if name in (sheet.from_bin, sheet.to_bin):
        return texts.BIN_ALREADY.say(bin=name)
    side = next((side for side in flow.sides if getattr(sheet, side) is None), None)
    return BinNamed(side, name) if side else texts.BIN_FIXED.say()


def _document(number: str, at: Situation) -> Step | Feedback:
    document, flow = document_of(number), _flow(at)
    if document is None:
        return texts.DOCUMENT_UNKNOWN.say(number=number)
    if isinstance(flow, AboutMovement) and at.sheet.papers_of is None:
        booked = at.known.recent.by_document(number)
        own = next((one for one in booked if one.fact.actor == at.actor), None)
        return flow.name(own or next(iter(booked), None), "", at)
    return DocumentNamed(document)


def _movement(value: str, at: Situation) -> Step | Feedback:
    flow, movement_id = _flow(at), movement_of(value)
    if not isinstance(flow, AboutMovement):
        return texts.NOT_HERE.say(action=ACTIONS[flow.command])
    if movement_id is None:
        return texts.MOVEMENT_UNKNOWN.say()
    return flow.name(at.known.recent.by_id(movement_id), movement_id, at)


def _lot(value: str, at: Situation) -> Step | Feedback:
    lot = lot_of(value)
    if lot is None:
        return texts.LOT_BAD.say(value=value)
    if not at.sheet.lines:
        return texts.NEED_GOODS.say()
    named = replace(at.sheet.lines[-1], lot=lot)
    return _flow(at).refuses(named, at) or LotNamed(lot)


def _count(value: str, at: Situation) -> Step | Feedback:
    count = count_of(value)
    if count is None:
        return texts.AMOUNT_BAD.say(amount=value)
    if not at.sheet.lines:
        return texts.NEED_GOODS.say()
    return CountSet(count) if not at.sheet.lines[-1].serials else texts.AMOUNT_BY_SERIAL.say()


# Commands that go on the sheet -----------------------------------------------------------------------------------------


def by_command(command: Command, at: Situation) -> Step | Feedback:
    match command:
        case Command.DROP:
            return LineDropped() if at.sheet.lines else texts.NEED_GOODS.say()
        case Command.ACCEPT | Command.LEAVE:
            return (
                UnexpectedDecided(command is Command.ACCEPT) if at.sheet.unexpected else texts.NOTHING_UNEXPECTED.say()
            )
        case _:
            return _flow(at).mark(command, at)


# Goods -----------------------------------------------------------------------------------------------------------------


def by_goods(goods: Goods, text: str, source: CaptureSource, at: Situation) -> Step | Feedback:
    """Goods that a code names, or that a person picked by hand."""
    item, sheet = goods.item, at.sheet
    if item.tracking is Tracking.SERIAL and (goods.serial is None or goods.count * goods.factor != 1):
        return texts.NEED_SERIAL.say(item=at.name(item.code))
    if goods.serial and (item.code, goods.factor, goods.serial) in sheet.serial_keys:
        return texts.ALREADY_SCANNED.say(serial=goods.serial)
    if sheet.action in _REFUSES_EXPIRED and goods.is_expired_on(at.today):
        return texts.EXPIRED.say(item=at.name(item.code), expires_on=goods.expires_on)
    line = Line(
        item=item.code,
        count=goods.count,
        factor=goods.factor,
        unit=item.base_unit,
        source=source,
        lot=goods.lot,
        serials=(goods.serial,) if goods.serial and goods.count == 1 else (),
        scanned=short(f"(00){sheet.pallet} {text}" if sheet.pallet else text),
    )
    return _flow(at).refuses(line, at) or GoodsAdded((line,))


def by_tags(tags: SortedTags, at: Situation) -> GoodsAdded | None:
    """Tagged goods. What a task or the bin does not have is kept apart until a person decides; what the flow refuses too."""
    if not tags.lines:
        return None
    flow = _flow(at)
    wanted = {one.item for one in flow.wanted(at)}
    expected = [line for line in tags.lines if (not wanted or line.item in wanted) and not flow.refuses(line, at)]
    unexpected = tuple(line for line in tags.lines if line not in expected)
    return GoodsAdded(tuple(expected), unexpected=unexpected, from_bin=_where_they_lie(expected, at))


def _where_they_lie(lines: list[Line], at: Situation) -> str | None:
    """The bin in which all goods of the sheet are known to lie, piece by piece; None where that is not known or not asked for,
    and empty where they lie in more than the one that was told."""
    flow, sheet = _flow(at), at.sheet
    is_scanned = sheet.from_bin is not None and not sheet.is_bin_told
    if is_scanned or flow.sides[:1] != ("from_bin",) or not flow.is_told_by_pieces:
        return None
    places = [at.known.stock.place_of(*piece) for piece in _pieces((*sheet.lines, *lines))]
    bins = {place.bin if place else None for place in places}
    told = bins.pop() if len(bins) == 1 else None
    return told or ("" if sheet.is_bin_told else None)


def _pieces(lines: Iterable[Line]) -> Iterator[tuple[str, str]]:
    """Item and serial; an empty serial, which no piece has, for what has none of its own."""
    for line in lines:
        yield from ((line.item, serial) for serial in (line.serials if line.factor == 1 and line.serials else ("",)))


# What is said ----------------------------------------------------------------------------------------------------------


def said_of(step: Step, at: Situation) -> Feedback:
    """What to say to a step; `at` has it on the sheet already."""
    match step:
        case ActionChosen():
            return _said_of_action(at)
        case CorrectionBegun(action, _, lines, document):
            number = document.number if document else "-"
            return texts.CORRECTION_BEGUN.say(action=ACTIONS[action], number=number, lines=len(lines))
        case MovementNamed(movement_id):
            booked = at.known.recent.by_id(movement_id)
            document = booked.fact.document if booked else None
            return texts.MOVEMENT_NAMED.say(number=document.number if document else movement_id)
        case DocumentNamed(document):
            return _said_of_document(document.number, at)
        case BinNamed(side, name):
            is_first = side != _flow(at).sides[-1]
            return (texts.FROM_BIN_NAMED if is_first else texts.BIN_NAMED).say(bin=name)
        case ReasonGiven(code):
            reason = at.known.reason(code)
            return texts.REASON_GIVEN.say(reason=Words(reason.zh, reason.en) if reason else Words(code, code))
        case Marked(command):
            return texts.MARKED.say(word=COMMANDS[command])
        case LotNamed(lot):
            return texts.LOT_NAMED.say(item=at.name(at.sheet.lines[-1].item), lot=lot.number)
        case UnexpectedDecided(is_accepted):
            return texts.MARKED.say(word=COMMANDS[Command.ACCEPT if is_accepted else Command.LEAVE])
        case LineDropped():
            return texts.LINE_DROPPED.say(lines=len(at.sheet.lines))
        case GoodsAdded(lines) if len(lines) > 1 or not lines[0].amount:
            return texts.COUNTED_ABSENT.say(count=len(lines))
        case _:
            return said_of_last(at)


def said_of_goods(goods: Goods, at: Situation) -> Feedback:
    """What to say to goods that were added."""
    line = at.sheet.lines[-1]
    if goods.is_doubtful:
        return _of_line(texts.GOODS_DOUBTFUL, line, at, doubt=goods.serial or goods.lot)
    if goods.is_expired_on(at.today) and at.sheet.action in _WARNS_EXPIRED:
        return _of_line(texts.GOODS_EXPIRED, line, at, expires_on=goods.expires_on)
    return said_of_last(at)


def said_of_tags(tags: SortedTags, step: GoodsAdded | None) -> Feedback:
    """What to say to tags, of which `step` put those that name goods on the sheet."""
    unexpected = sum(len(line.serials) for line in step.unexpected) if step else 0
    usual = texts.TAGS_OF_BIN if step and step.from_bin else texts.TAGS
    text = texts.TAGS_UNEXPECTED if unexpected else texts.TAGS_UNKNOWN if tags.unknown else usual
    return text.say(
        added=tags.added - unexpected,
        repeated=tags.repeated,
        others=tags.others,
        unknown=len(tags.unknown),
        unexpected=unexpected,
        bin=step.from_bin if step else None,
    )


def said_of_last(at: Situation) -> Feedback:
    """What to say of the line that was touched last: a warning before all else."""
    line = at.sheet.lines[-1]
    said = [one for one in (_flow(at).remark(line, at), _beside_the_task(line, at)) if one is not None]
    warning = next((one for one in said if one.kind is not FeedbackKind.OK), None)
    return warning or next(iter(said), None) or _of_line(texts.GOODS, line, at)


def _beside_the_task(line: Line, at: Situation) -> Feedback | None:
    if at.task is None:
        return None
    wanted = [one.amount or Decimal(0) for one in _flow(at).wanted(at) if one.item == line.item]
    if not wanted:
        return _of_line(texts.GOODS_NOT_ASKED_FOR, line, at)
    here = sum((one.amount for one in at.sheet.lines if one.item == line.item), Decimal(0))
    asked_for = sum(wanted, Decimal(0))
    text, said = (texts.GOODS_OVER, here) if here > asked_for else (texts.GOODS_OF_TASK, asked_for)
    unit = at.unit(line.item, line.unit, said)
    return text.say(item=at.name(line.item), amount=_plain(here), wanted=_plain(asked_for), unit=unit)


def _said_of_action(at: Situation) -> Feedback:
    sheet, task = at.sheet, at.task
    assert sheet.action is not None, "just chosen"
    if task is not None:
        title = Words(task.title_zh, task.title_en)
        return texts.TASK_TAKEN.say(title=title, action=ACTIONS[sheet.action], lines=len(task.lines))
    return texts.ACTION_CHOSEN.say(action=ACTIONS[sheet.action])


def _said_of_document(number: str, at: Situation) -> Feedback:
    task, action = at.task, at.sheet.action
    if task is None or action is None:
        return texts.DOCUMENT_NAMED.say(number=number)
    if task.action.value != action.value:
        return texts.TASK_OF_ANOTHER_KIND.say(number=number, action=ACTIONS[Command(task.action.value)])
    return _said_of_action(at)


def _of_line(text: texts.Text, line: Line, at: Situation, **places: object) -> Feedback:
    unit = at.unit(line.item, line.unit, line.amount)
    return text.say(item=at.name(line.item), amount=_plain(line.amount), unit=unit, **places)


def _flow(at: Situation) -> Flow:
    flow = flow_of(at.sheet)
    assert flow is not None, "nothing is put on a sheet before its action is chosen"
    return flow


def _plain(value: Decimal) -> str:
    return format(value, "f")
