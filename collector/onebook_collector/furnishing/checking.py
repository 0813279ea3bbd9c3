"""Whether what a warehouse is given fits the book. What does not would be found out there, by somebody in a hurry. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from onebook_collector.furnishing.desk import SiteZone
from onebook_collector.furnishing.progress import Worths
from onebook_schemas.quantities import InexactConversionError, to_base_units
from onebook_schemas.reference import Task, TaskAction, TaskLine


def task_problems(task: Task, worths: Worths, bins: Collection[str]) -> list[str]:
    """What stands in the way, each with its line. A site that was given no bins has any."""
    return [
        f"第 {n} 项 / line {n}: {problem}"
        for n, line in enumerate(task.lines, 1)
        for problem in _line_problems(task.action, line, worths, bins)
    ]


def zone_problems(zone: SiteZone, edges: Mapping[str, str], site_id: str) -> list[str]:
    """`edges`: edge -> its site."""
    return [
        f"{zone.code}: {probe.edge_id} 不在此仓库 / stands at another site, or nowhere"
        for probe in zone.probes
        if edges.get(probe.edge_id) != site_id
    ]


def _line_problems(action: TaskAction, line: TaskLine, worths: Worths, bins: Collection[str]) -> Iterator[str]:
    quantity = line.quantity
    units = sorted(unit for item, unit in worths if item == line.item)
    if not units:
        yield f"没有物资 {line.item} / no such item"
    elif quantity.unit not in units:
        yield f"{line.item} 没有单位 {quantity.unit} / has no such unit, but {', '.join(units)}"
    elif quantity.amount < 0 or (quantity.amount == 0 and action is not TaskAction.COUNT):
        yield "数量须大于零 / the amount must be above zero"
    else:
        try:
            to_base_units(quantity, *worths[line.item, quantity.unit])
        except InexactConversionError as error:
            yield str(error)
    if bins and line.bin is not None and line.bin not in bins:
        yield f"没有货位 {line.bin} / no such bin"
