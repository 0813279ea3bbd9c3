"""Runs one simulated warehouse in a folder: ports below dev/, what happened in truth.jsonl, and files for whoever waits for it.

`ports.json` holds the TCP ports, `ready` (JSON) all that an edge must be told, written last; `finished.json` the counts of the
run. Each is there whole or not at all.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from onebook_firmware_sim.clock import china_day
from onebook_firmware_sim.goods import Item
from onebook_firmware_sim.hearing import at_work_place
from onebook_firmware_sim.listening import anybody, holder
from onebook_firmware_sim.scenario import Crew, Floor, Scenario
from onebook_firmware_sim.shift import Pace, Shift
from onebook_firmware_sim.site import SimulatedSite, SitePlan
from onebook_firmware_sim.staff import Slips
from onebook_firmware_sim.truth_log import TruthLog

_MAKERS = 1000


class FolderInUseError(Exception):
    """The folder holds the truth of another run; its goods would be missing in this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseRun:
    """`heard`: people scan only while a program holds the scanner's port, see `listening.py`. `drafts`: of the edge whose
    `work_place` answers them, see `hearing.py`; None: they trust in time."""

    plan: SitePlan
    scenario: Scenario
    items: Sequence[Item]
    folder: Path
    seed: int
    pace: Pace
    slips: Slips = field(default_factory=Slips)
    faults: bool = False
    heard: bool = True
    drafts: Path | None = None
    work_place: str = "bench"
    finish_within_s: float = 60.0


async def run_warehouse(
    run: WarehouseRun, *, wall_ms: Callable[[], int], stop: asyncio.Event, ready: Callable[[], None] = lambda: None
) -> bool:
    """Run until told to stop. Gives whether the last operation was finished. Raises FolderInUseError."""
    truth_path = run.folder / "truth.jsonl"
    run.folder.mkdir(parents=True, exist_ok=True)
    if truth_path.exists():
        raise FolderInUseError(f"{truth_path} is there already: choose another folder, or empty this one")
    for name in ("ready", "finished.json"):
        (run.folder / name).unlink(missing_ok=True)
    site = SimulatedSite(run.plan, run.folder, _dice(run, "faults"), faults=run.faults)
    await site.plug()
    try:
        with TruthLog(truth_path) as truth:
            shift = _shift(run, site, truth, wall_ms)
            _write(run.folder / "ports.json", site.tcp_ports())
            _write(run.folder / "ready", site.description())
            ready()
            await shift.work(stop, finish_within_s=run.finish_within_s)
            _write(run.folder / "finished.json", _summary(site, shift, truth))
    finally:
        await site.unplug()
    return shift.stopped_cleanly


def _shift(run: WarehouseRun, site: SimulatedSite, truth: TruthLog, wall_ms: Callable[[], int]) -> Shift:
    crew = Crew(
        people=run.plan.people,
        division=run.plan.division,
        maker=f"{run.seed % _MAKERS:03}",
        day=china_day(wall_ms()),
        slips=run.slips,
    )
    floor = Floor(site.warehouse, run.items, crew, _dice(run, "work"), division_kg=site.division_kg)
    return Shift(
        site,
        run.scenario.operations(floor),
        truth,
        listener=(holder if run.heard else anybody)(site.scanner_link),
        hearing=at_work_place(run.drafts, run.work_place) if run.drafts else None,
        pace=run.pace,
        wall_ms=wall_ms,
        dice=_dice(run, "pace"),
    )


def _dice(run: WarehouseRun, purpose: str) -> random.Random:
    """Dice of its own for each purpose, so that chance in one does not shift the others."""
    return random.Random(f"{run.plan.key}/{run.seed}/{purpose}")


def _summary(site: SimulatedSite, shift: Shift, truth: TruthLog) -> dict[str, object]:
    return {
        "stopped_cleanly": shift.stopped_cleanly,
        "truth_lines": dict(truth.counts),
        "work": dict(shift.counts),
        "faults": site.fault_counts(),
        "lost_bytes": {name: port.lost_bytes for name, port in site.ports.items()},
    }


def _write(path: Path, content: object) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    part.replace(path)
