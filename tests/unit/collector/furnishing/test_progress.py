"""How far a task is: what was booked under its number, shared out among its lines."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from onebook_collector.furnishing.book import Booked
from onebook_collector.furnishing.progress import with_progress
from onebook_collector.ledger.queries import ItemName
from onebook_schemas.quantities import Quantity
from onebook_schemas.reference import Task, TaskAction, TaskLine
from onebook_schemas.stock_events import Document, DocumentKind

TENT, RICE = "LS01001", "LS05001"
ITEMS = {
    TENT: ItemName(TENT, "帐篷", "Tent", "life_support", "EA", "顶", (1, 1)),
    RICE: ItemName(RICE, "稻谷", "Rice", "life_support", "TNE", "吨", (1_000_000, 1)),
}
WORTHS = {(TENT, "EA"): (1, 1), (TENT, "CT"): (12, 1), (RICE, "TNE"): (1_000_000, 1), (RICE, "KGM"): (1_000, 1)}


def line(item: str, amount: str, unit: str, **more: Any) -> TaskLine:
    return TaskLine(item=item, quantity=Quantity(amount=Decimal(amount), unit=unit), **more)


def booked(item: str, quantity: int, lot: str | None = None, bin: str = "A", *, is_count: bool = False) -> Booked:
    return Booked("DB1", ITEMS[item], lot, bin, quantity, is_count)


def progress(action: TaskAction, lines: list[TaskLine], *so_far: Booked) -> tuple[list[str | None], bool]:
    document = Document(kind=DocumentKind.TASK, number="DB1")
    task = Task(document=document, action=action, title_zh="任务", title_en="task", lines=tuple(lines))
    now, is_done = with_progress(task, so_far, WORTHS)
    return [f"{one.done.amount:f} {one.done.unit}" if one.done else None for one in now.lines], is_done


@pytest.mark.parametrize(
    ("action", "quantity"),
    [
        (TaskAction.ISSUE, -20),
        (TaskAction.DISPOSE, -20),
        (TaskAction.ROTATE, -20),
        (TaskAction.RECEIVE, 20),
        (TaskAction.MOVE, 20),
    ],
)
def test_goods_count_in_the_direction_of_the_task(action: TaskAction, quantity: int) -> None:
    lines = [line(TENT, "20", "EA")]
    assert progress(action, lines, booked(TENT, quantity)) == (["20 EA"], True)
    assert progress(action, lines, booked(TENT, -quantity)) == ([None], False)


def test_a_move_within_the_site_leaves_one_bin_and_comes_into_another() -> None:
    legs = booked(TENT, -20, bin="A"), booked(TENT, 20, bin="B")
    assert progress(TaskAction.MOVE, [line(TENT, "20", "EA")], *legs) == (["20 EA"], True)


def test_what_is_done_is_said_in_the_items_own_unit_whatever_was_ordered() -> None:
    lines = [line(TENT, "2", "CT"), line(RICE, "500", "KGM")]
    done = progress(TaskAction.RECEIVE, lines, booked(TENT, 13), booked(RICE, 250_000))
    assert done == (["13 EA", "0.25 TNE"], False)
    assert progress(TaskAction.RECEIVE, lines, booked(TENT, 24), booked(RICE, 500_000))[1]


def test_a_named_lot_takes_its_own_first_and_the_rest_goes_to_the_line_without() -> None:
    lines = [line(TENT, "10", "EA"), line(TENT, "5", "EA", lot="L1")]
    assert progress(TaskAction.ISSUE, lines, booked(TENT, -8, "L1"), booked(TENT, -4, "L2")) == (
        ["7 EA", "5 EA"],
        False,
    )
    assert progress(TaskAction.ISSUE, lines, booked(TENT, -8, "L2")) == (["8 EA", None], False)


def test_too_much_is_shown_where_it_fits_and_not_lost() -> None:
    lines = [line(TENT, "5", "EA", lot="L1"), line(TENT, "5", "EA")]
    assert progress(TaskAction.ISSUE, lines, booked(TENT, -15, "L1")) == (["5 EA", "10 EA"], True)
    assert progress(TaskAction.ISSUE, lines[:1], booked(TENT, -7, "L1")) == (["7 EA"], True)


def test_a_count_is_done_when_each_line_was_counted_whatever_was_found() -> None:
    lines = [line(TENT, "20", "EA", bin="A"), line(TENT, "5", "EA", bin="B")]
    assert progress(TaskAction.COUNT, lines, booked(TENT, 18, is_count=True)) == (["18 EA", None], False)
    both = booked(TENT, 18, is_count=True), booked(TENT, 0, bin="B", is_count=True)
    assert progress(TaskAction.COUNT, lines, *both) == (["18 EA", "0 EA"], True)


def test_a_task_without_lines_is_ended_by_a_person_only() -> None:
    assert progress(TaskAction.RECEIVE, [], booked(TENT, 5)) == ([], False)


def test_an_amount_that_the_item_cannot_have_is_never_reached() -> None:
    lines = [line(TENT, "1", "KGM"), line(TENT, "0.5", "EA")]
    assert progress(TaskAction.ISSUE, lines, booked(TENT, -100)) == (["100 EA", None], False)
    assert progress(TaskAction.ISSUE, lines[1:], booked(TENT, -1)) == (["1 EA"], True)
