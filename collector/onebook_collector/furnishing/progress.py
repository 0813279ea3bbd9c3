"""How far a task is, from what was booked under its number. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from onebook_collector.furnishing.book import Booked
from onebook_collector.ledger.queries import ItemName
from onebook_schemas.quantities import InexactConversionError, Quantity, to_base_units
from onebook_schemas.reference import Task, TaskAction, TaskLine

Worth = tuple[int, int]
Worths = Mapping[tuple[str, str], Worth]
"""(item code, unit code) -> what one of the unit is in base units."""

_LEAVING = frozenset({TaskAction.ISSUE, TaskAction.DISPOSE, TaskAction.ROTATE})
"""Done when goods have left their bins: of a rotation, the old ones. Others: when they have come into one."""


def with_progress(task: Task, booked: Iterable[Booked], worths: Worths) -> tuple[Task, bool]:
    """The task with what is done of each line, in the item's own unit; and whether it is done. One without lines never is."""
    done = _counted(task, booked) if task.action is TaskAction.COUNT else _moved(task, booked, worths)
    names = {one.item.code: one.item for one in booked}
    lines = tuple(
        line if base is None else line.model_copy(update={"done": _said(names[line.item], base)})
        for line, base in zip(task.lines, done, strict=True)
    )
    if task.action is TaskAction.COUNT:
        is_done = all(base is not None for base in done)
    else:
        is_done = all(_is_enough(line, base or 0, worths) for line, base in zip(task.lines, done, strict=True))
    return task.model_copy(update={"lines": lines}), bool(lines) and is_done


def _said(item: ItemName, base_units: int) -> Quantity:
    return Quantity(amount=item.amount(base_units), unit=item.unit_code)


def _moved(task: Task, booked: Iterable[Booked], worths: Worths) -> list[int | None]:
    """Base units for each line: named lots take what is theirs first, and what is too much stands on an item's last line."""
    pool: dict[tuple[str, str | None], int] = defaultdict(int)
    for one in booked:
        if not one.is_count and (one.quantity < 0) == (task.action in _LEAVING):
            pool[one.item.code, one.lot] += abs(one.quantity)
    done = [0] * len(task.lines)
    for n in sorted(range(len(task.lines)), key=lambda n: task.lines[n].lot is None):
        done[n] = _take(pool, task.lines[n], _ordered(task.lines[n], worths))
    for n in reversed(range(len(task.lines))):
        done[n] += _take(pool, task.lines[n], None)
    return [base or None for base in done]


def _take(pool: dict[tuple[str, str | None], int], line: TaskLine, wanted: int | None) -> int:
    """Out of the pool what fits this line, and no more than is wanted; None: all of it."""
    taken = 0
    for item, lot in list(pool):
        if item == line.item and line.lot in (None, lot):
            part = pool[item, lot] if wanted is None else min(pool[item, lot], wanted - taken)
            pool[item, lot] -= part
            taken += part
    return taken


def _counted(task: Task, booked: Iterable[Booked]) -> list[int | None]:
    counts: Sequence[Booked] = [one for one in booked if one.is_count]
    found: list[int | None] = []
    for line in task.lines:
        its = [
            one.quantity
            for one in counts
            if one.item.code == line.item and line.bin in (None, one.bin) and line.lot in (None, one.lot)
        ]
        found.append(sum(its) if its else None)
    return found


def _ordered(line: TaskLine, worths: Worths) -> int:
    """Base units, one more if it is no whole number of them; of a unit that the item does not have, as many as can be."""
    worth = worths.get((line.item, line.quantity.unit))
    if worth is None:
        return 1 << 62
    try:
        return to_base_units(line.quantity, *worth)
    except InexactConversionError as error:
        return to_base_units(line.quantity.model_copy(update={"amount": error.above}), *worth)


def _is_enough(line: TaskLine, base: int, worths: Worths) -> bool:
    return base >= _ordered(line, worths)
