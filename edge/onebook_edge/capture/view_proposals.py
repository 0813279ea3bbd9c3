"""Where to take goods from, or where to put them: proposed, never imposed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from onebook_edge.capture.dialogue_booking import flow_of
from onebook_edge.capture.dialogue_texts import Words
from onebook_edge.capture.first_expired import propose
from onebook_edge.capture.flow import Flow, Wanted
from onebook_edge.capture.flows.issuing import Issue, Rotate, earlier_ones
from onebook_edge.capture.held_goods import Held
from onebook_edge.capture.situation import Situation
from onebook_schemas.labels import LabelKind, label_text

_PLACES_MAX = 3  # For each item: nobody walks to the fourth.


@dataclass(frozen=True, slots=True)
class Proposal:
    """`code` names the bin as its label would. `is_short`: not all that is wanted lies here."""

    item: str
    name: Words
    amount: str | None
    unit: Words
    bin: str
    code: str
    lot: str | None = None
    expires_on: date | None = None
    is_short: bool = False


def proposals_of(at: Situation) -> tuple[Proposal, ...]:
    """For what the task still wants; for goods that come in, where the same lie already or the task says."""
    flow = flow_of(at.sheet)
    if flow is None:
        return ()
    wanted = [one for one in flow.wanted(at) if one.amount]
    if isinstance(flow, Issue | Rotate):
        return (*_from_where(wanted, at), *_instead(at, {one.item for one in wanted}))
    return tuple(_to_where(flow, wanted, at)) if flow.sides == ("to_bin",) else ()


def _from_where(wanted: list[Wanted], at: Situation) -> Iterator[Proposal]:
    for one in wanted:
        here = sum((line.amount for line in at.sheet.lines if line.item == one.item), Decimal(0))
        assert one.amount is not None, "only what is said is wanted here"
        held = [held for held in at.known.stock.of_item(one.item) if one.lot in (None, held.lot_number)]
        taken = _without(held, at)
        picks = propose(one.amount - here, taken, at.today)
        for pick in picks.picks:
            yield _proposal(pick.held, pick.amount, at, is_short=picks.shortfall > 0)


def _instead(at: Situation, of_task: set[str]) -> Iterator[Proposal]:
    """What expires before the lots that were scanned."""
    for item in {line.item: None for line in at.sheet.lines if line.item not in of_task}:
        for held in earlier_ones(item, at)[:_PLACES_MAX]:
            yield _proposal(held, held.amount, at)


def _to_where(flow: Flow, wanted: list[Wanted], at: Situation) -> Iterator[Proposal]:
    if at.sheet.to_bin is not None:
        return
    by_task = {one.item: one.bin for one in wanted if one.bin}
    items = {line.item: None for line in at.sheet.lines} | {one.item: None for one in wanted}
    for item in items:
        bins = [by_task[item]] if item in by_task else []
        bins += [held.bin for held in at.known.stock.of_item(item) if held.amount > 0]
        unit = at.unit(item, "EA")
        for name in list(dict.fromkeys(bins))[:_PLACES_MAX]:
            yield Proposal(item, at.name(item), None, unit, name, label_text(LabelKind.BIN, name))


def _without(held: list[Held], at: Situation) -> list[Held]:
    """What is on the sheet already is not proposed again."""
    on_sheet: dict[str | None, Decimal] = {}
    for line in at.sheet.lines:
        lot = at.lot_of(line)
        number = lot.number if lot else None
        on_sheet[number] = on_sheet.get(number, Decimal(0)) + line.amount
    left = []
    for one in held:
        taken = min(on_sheet.get(one.lot_number, Decimal(0)), max(one.amount, Decimal(0)))
        on_sheet[one.lot_number] = on_sheet.get(one.lot_number, Decimal(0)) - taken
        left.append(Held(one.bin, one.item, one.amount - taken, one.unit, one.lot, one.status, one.holding))
    return left


def _proposal(held: Held, amount: Decimal, at: Situation, *, is_short: bool = False) -> Proposal:
    return Proposal(
        item=held.item,
        name=at.name(held.item),
        amount=format(amount, "f"),
        unit=at.unit(held.item, held.unit, amount),
        bin=held.bin,
        code=label_text(LabelKind.BIN, held.bin),
        lot=held.lot_number,
        expires_on=held.expires_on,
        is_short=is_short,
    )
