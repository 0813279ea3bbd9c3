"""What a settled weight means for the last line: an amount by weight, a number of pieces, or the container."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from onebook_edge.capture import dialogue_texts as texts
from onebook_edge.capture.catalogue import mass_in
from onebook_edge.capture.dialogue_texts import Feedback
from onebook_edge.capture.sheet_steps import TareTaken, WeightTaken
from onebook_edge.capture.situation import Situation
from onebook_edge.capture.stable_weight import StableWeight
from onebook_schemas.labels import Command


def net_of(weight: StableWeight, tare: StableWeight | None) -> Decimal | None:
    """In the weight's unit: what the sheet has as tare is taken off, unless the scale did so itself. None: not to be compared."""
    if tare is None or weight.net:
        return weight.value
    container = mass_in(weight.unit_code, tare.value, tare.unit_code) if tare.unit != weight.unit else tare.value
    return weight.value - container if container is not None else None


def by_command(
    command: Command, at: Situation, weight: StableWeight | None, tolerance_pct: int
) -> WeightTaken | TareTaken | Feedback:
    """The step that WEIGH, PIECES or TARE asks for, or why not. `weight`: what lies on the scale, if that can be used."""
    lines = at.sheet.lines
    if command is not Command.TARE and not lines:
        return texts.NEED_GOODS.say()
    if command is not Command.TARE and lines[-1].serials:
        return texts.AMOUNT_BY_SERIAL.say()
    if weight is None:
        return texts.NEED_WEIGHT.say()
    if command is Command.TARE:
        return TareTaken(weight)
    return by_weight(at, weight) if command is Command.WEIGH else by_piece(at, weight, tolerance_pct)


def by_weight(at: Situation, weight: StableWeight) -> WeightTaken | Feedback:
    """The last line is what was weighed, in the item's own unit: an exact shift of the decimal point."""
    line, net = at.sheet.lines[-1], net_of(weight, at.sheet.tare)
    if net is None or (net <= 0 and net != weight.value):
        return texts.TARE_TOO_LARGE.say()
    amount = mass_in(line.unit, net, weight.unit_code)
    return WeightTaken(amount, weight) if amount is not None else texts.NOT_BY_WEIGHT.say(item=at.name(line.item))


def by_piece(at: Situation, weight: StableWeight, tolerance_pct: int) -> WeightTaken | Feedback:
    """The last line is so many pieces. The rest is told; one that is a large part of a piece says that something is wrong."""
    line, net = at.sheet.lines[-1], net_of(weight, at.sheet.tare)
    each = piece_weight(at)
    if each is None:
        return texts.NO_PIECE_WEIGHT.say(item=at.name(line.item))
    grams = mass_in("GRM", net, weight.unit_code) if net is not None else None
    if grams is None:
        return texts.NOT_BY_WEIGHT.say(item=at.name(line.item))
    if grams <= 0:
        return texts.TARE_TOO_LARGE.say()
    count, rest = pieces(grams, each)
    if abs(rest) * 100 > each * tolerance_pct or count == 0:
        return texts.PIECES_UNCLEAR.say(item=at.name(line.item), count=count, rest=plain(rest))
    return WeightTaken(count, weight)


def said_of_weight(at: Situation, step: WeightTaken | TareTaken) -> Feedback:
    """What to say when the last line has its weight, or the sheet its tare."""
    if isinstance(step, TareTaken):
        return texts.TARE_TAKEN.say(value=plain(step.weight.value), unit=step.weight.unit)
    line, weight, tare = at.sheet.lines[-1], step.weight, at.sheet.tare
    item = at.name(line.item)
    if mass_in(line.unit, Decimal(1), "GRM") is None:
        each, net = piece_weight(at), net_of(weight, tare)
        assert each is not None, "counted by it"
        assert net is not None, "counted by it"
        grams = mass_in("GRM", net, weight.unit_code)
        assert grams is not None, "counted by it"
        count, rest = pieces(grams, each)
        return texts.PIECES_TAKEN.say(
            item=item, count=count, unit=at.unit(line.item, line.unit, count), each=plain(each), rest=plain(rest)
        )
    if tare is not None and not weight.net:
        net = net_of(weight, tare)
        assert net is not None, "weighed by it"
        return texts.NET_TAKEN.say(
            item=item, gross=plain(weight.value), tare=plain(tare.value), value=plain(net), unit=weight.unit
        )
    text = texts.WEIGHT_TAKEN_GROSS if weight.net is False else texts.WEIGHT_TAKEN
    return text.say(item=item, value=plain(weight.value), unit=weight.unit)


def pieces(grams: Decimal, each: Decimal) -> tuple[Decimal, Decimal]:
    """The nearest number of pieces, and how many grams are over (or lacking, below zero)."""
    count = (grams / each).to_integral_value(ROUND_HALF_EVEN)
    return count, grams - count * each


def piece_weight(at: Situation) -> Decimal | None:
    item = at.item(at.sheet.lines[-1].item)
    return item.piece_weight_g if item else None


def plain(value: Decimal) -> str:
    return format(value, "f")
