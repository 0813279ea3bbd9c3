"""`onebook sim`: a simulated warehouse, one simulated device, or a fleet of virtual edges."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from onebook_firmware_sim.by_hand import KINDS, ByHand
from onebook_firmware_sim.clock import wall_ms
from onebook_firmware_sim.fleet import VirtualEdge
from onebook_firmware_sim.fleet_run import FleetPlan, run_fleet
from onebook_firmware_sim.goods import CatalogueError, read_catalogue
from onebook_firmware_sim.ports import Port, PtyPort, TcpPort
from onebook_firmware_sim.scenarios.sites import SITES
from onebook_firmware_sim.scenarios.working_day import working_day
from onebook_firmware_sim.shift import Pace
from onebook_firmware_sim.warehouse_run import FolderInUseError, WarehouseRun, run_warehouse

_GAP_S_WITH_FAULTS = 0.6  # A code may be late: whoever listens must have it before the next.


def main(arguments: Sequence[str] | None = None) -> int:
    """Gives 0; 1 when not all was finished or delivered; 2 when it could not begin."""
    options = _parser().parse_args(arguments)
    try:
        code: int = asyncio.run(options.run(options))
    except (CatalogueError, FolderInUseError, OSError) as error:
        print(f"onebook sim: {error}", file=sys.stderr)
        return 2
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="onebook sim", description=__doc__)
    programs = parser.add_subparsers(required=True)
    _warehouse_options(programs.add_parser("warehouse", help="模拟仓库 / a warehouse with devices and people"))
    _device_options(programs.add_parser("device", help="模拟设备 / one device, worked by typing"))
    _fleet_options(programs.add_parser("fleet", help="模拟大量终端 / many virtual edges that speak the uplink only"))
    return parser


def _warehouse_options(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_warehouse)
    parser.add_argument("--preset", choices=sorted(SITES), required=True)
    parser.add_argument("--folder", type=Path, required=True, help="for ports and files; without a truth.jsonl in it")
    parser.add_argument("--catalogue", type=Path, required=True, help="CSV file of the province's items")
    parser.add_argument("--seed", type=int, default=1, help="another one for each run against the same book")
    parser.add_argument("--speed", type=_above_zero, default=1.0, help="how much faster than people (default 1)")
    parser.add_argument("--duration-s", type=float, help="stop after so long")
    parser.add_argument("--finish-within-s", type=float, default=60.0, help="for the operation begun when told to stop")
    parser.add_argument("--faults", action="store_true", help="cables that are never quite quiet")
    parser.add_argument(
        "--unheard", action="store_true", help="scan even when no program on this machine has opened the scanner's port"
    )
    parser.add_argument(
        "--drafts", type=Path, metavar="FILE", help="drafts.json of the edge: people go on when it has answered them"
    )
    parser.add_argument("--work-place", default="bench", help="of the edge, at which they work (default bench)")


def _device_options(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_device)
    parser.add_argument("--kind", choices=sorted(KINDS), required=True)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--link", type=Path, help="path of the serial port to make")
    where.add_argument("--tcp", type=int, metavar="PORT", help="TCP port on this machine instead; 0: any")


def _fleet_options(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_fleet)
    parser.add_argument("--broker", type=_address, required=True, metavar="HOST:PORT")
    parser.add_argument("--catalogue", type=Path, required=True, help="CSV file of the province's items")
    parser.add_argument("--edges", type=int, default=10)
    parser.add_argument("--movements-per-edge", type=int, default=100)
    parser.add_argument(
        "--rate", type=float, default=0.0, help="movements a second of each edge; 0: as fast as it goes"
    )
    parser.add_argument("--seed", type=int, default=1, help="another one for each run against the same collector")
    parser.add_argument("--drain-within-s", type=float, default=60.0, help="for the last deliveries")
    parser.add_argument("--truth", type=Path, required=True, metavar="FILE", help="JSON Lines: what each edge did")


async def _warehouse(options: argparse.Namespace) -> int:
    pace = Pace(speed=options.speed)
    run = WarehouseRun(
        plan=SITES[options.preset],
        scenario=working_day(),
        items=read_catalogue(options.catalogue),
        folder=options.folder,
        seed=options.seed,
        pace=replace(pace, least_gap_s=_GAP_S_WITH_FAULTS) if options.faults else pace,
        faults=options.faults,
        heard=not options.unheard,
        drafts=options.drafts,
        work_place=options.work_place,
        finish_within_s=options.finish_within_s,
    )
    with _told_to_stop(options.duration_s) as stop:
        finished = await run_warehouse(
            run, wall_ms=wall_ms, stop=stop, ready=lambda: print(f"ready {options.folder}", flush=True)
        )
    return 0 if finished else 1


async def _device(options: argparse.Namespace) -> int:
    kind = KINDS[options.kind]
    hand = kind.build()
    port: Port = (
        TcpPort(hand.device, "127.0.0.1", options.tcp) if options.link is None else PtyPort(hand.device, options.link)
    )
    await port.plug()
    where = f"127.0.0.1:{port.port}" if isinstance(port, TcpPort) else options.link
    print(f"ready {where}\ntype: {kind.typed}", flush=True)
    with _told_to_stop(None) as stop:
        asyncio.get_running_loop().add_reader(sys.stdin, _hear_typing, hand, port)
        await stop.wait()
        asyncio.get_running_loop().remove_reader(sys.stdin)
    await port.unplug()
    return 0


def _hear_typing(hand: ByHand, port: Port) -> None:
    line = sys.stdin.readline()
    if not line:
        asyncio.get_running_loop().remove_reader(sys.stdin)  # Nobody will type any more; the device goes on.
        return
    try:
        message = hand.happens(line.strip())
    except ValueError as error:
        print(error, file=sys.stderr)
        return
    if message is not None:
        port.tell(message)


async def _fleet(options: argparse.Namespace) -> int:
    items = read_catalogue(options.catalogue)
    edges = [VirtualEdge(f"fleet-{number:04}", items, options.seed) for number in range(1, options.edges + 1)]
    plan = FleetPlan(
        movements_per_edge=options.movements_per_edge, rate=options.rate, drain_within_s=options.drain_within_s
    )
    began_ms = wall_ms()
    with _told_to_stop(None) as stop:
        delivered = await run_fleet(edges, options.broker, plan, wall_ms=wall_ms, stop=stop)
    truths = [edge.truth() for edge in edges]
    options.truth.write_text("".join(f"{truth.model_dump_json()}\n" for truth in truths), encoding="utf-8")
    events = sum(truth.journal_delivered + truth.telemetry_delivered for truth in truths)
    took_s = (wall_ms() - began_ms) / 1000
    print(
        f"{events} events of {len(edges)} edges in {took_s:.1f} s, {sum(truth.resent for truth in truths)} uploads resent"
    )
    return 0 if delivered else 1


@contextlib.contextmanager
def _told_to_stop(after_s: float | None) -> Iterator[asyncio.Event]:
    """Set by SIGTERM, SIGINT, or the time."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    timer = loop.call_later(after_s, stop.set) if after_s is not None else None
    try:
        yield stop
    finally:
        if timer is not None:
            timer.cancel()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host, int(port)


def _above_zero(text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from error
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return value
