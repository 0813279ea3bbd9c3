"""A whole simulated warehouse behind real ports: people scan for whoever listens, and the truth is written down."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import serial

from onebook_firmware_sim.cli import main
from onebook_firmware_sim.scenario import Scenario
from onebook_firmware_sim.scenarios.sites import HANGZHOU, SITES, WENZHOU
from onebook_firmware_sim.scenarios.working_day import working_day
from onebook_firmware_sim.shift import Pace
from onebook_firmware_sim.truth_log import TruthEntry, read_truth
from onebook_firmware_sim.warehouse_run import FolderInUseError, WarehouseRun, run_warehouse
from tests.unit.firmware_sim.store import CATALOGUE, ITEMS, NO_SLIPS

WALL_MS = 1_779_948_000_000
HURRY = Pace(
    speed=1e6, least_gap_s=0.05, booking_s=0.05, settling_s=0.05, tags_s=0.05, tags_gone_s=0.1, reopened_s=0.05
)  # fmt: skip


def order(folder: Path, scenario: Scenario, *, heard: bool = True) -> WarehouseRun:
    return WarehouseRun(
        plan=HANGZHOU, scenario=scenario, items=ITEMS, folder=folder, seed=1, pace=HURRY, slips=NO_SLIPS, heard=heard
    )


@contextlib.asynccontextmanager
async def running(order: WarehouseRun) -> AsyncIterator[asyncio.Event]:
    """The warehouse from when its ports are there; told to stop, and finished, in the end."""
    stop, ready = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(run_warehouse(order, wall_ms=lambda: WALL_MS, stop=stop, ready=ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        waiting.cancel()
        task.result()
    try:
        yield stop
    finally:
        stop.set()
        assert await task, "the last operation was left half done"


@dataclass
class Ear:
    """A program that holds the scanner's port as an edge does, and opens it again when it was pulled."""

    link: Path
    codes: list[str] = field(default_factory=list)
    opened: int = 0

    async def listen(self) -> None:
        while True:
            with contextlib.suppress(OSError, serial.SerialException):
                await self._listen_once()
            await asyncio.sleep(0.02)

    async def _listen_once(self) -> None:
        rest = b""
        with serial.Serial(str(self.link), timeout=0, exclusive=True) as port:
            self.opened += 1
            while True:
                *codes, rest = (rest + port.read(4096)).split(b"\r")
                self.codes += [code.decode() for code in codes]
                await asyncio.sleep(0.01)


@dataclass
class SlowWorkPlace(Ear):
    """Answers each code after a while, as an edge on a busy machine does, and a confirmation after a longer one."""

    too_early: list[str] = field(default_factory=list)

    async def answer(self, drafts: Path) -> None:
        answered = 0
        while True:
            await asyncio.sleep(0.01)
            if len(self.codes) == answered:
                continue
            confirms = self.codes[answered] == "]C0OBC-CONFIRM"
            for steps, booking in [(1, "a draft"), (0, None)] if confirms else [(1, None)]:
                await asyncio.sleep(0.3)
                self.too_early += self.codes[answered + 1 :]
                state = {"last_scan_ms": answered + 1, "steps": [{}] * steps, "booking": booking}
                drafts.with_suffix(".new").write_text(
                    json.dumps({"generation": 1, "states": {"bench": json.dumps(state)}}), encoding="utf-8"
                )
                drafts.with_suffix(".new").replace(drafts)
            answered += 1


@contextlib.asynccontextmanager
async def listening(folder: Path, ear: Ear | None = None) -> AsyncIterator[Ear]:
    ear = ear or Ear(folder / "dev" / "scanner")
    task = asyncio.create_task(ear.listen())
    try:
        yield ear
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not met():
            await asyncio.sleep(0.02)


async def stopped(folder: Path, stop: asyncio.Event) -> None:
    """Tell people to stop, and listen until they have."""
    stop.set()
    await until((folder / "finished.json").exists)


def truth_in(folder: Path) -> list[TruthEntry]:
    return read_truth(folder / "truth.jsonl")


def summary(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "finished.json").read_text(encoding="utf-8"))
    return found


async def test_nobody_works_before_somebody_listens_and_each_sheet_is_confirmed_once(tmp_path: Path) -> None:
    async with running(order(tmp_path, Scenario("receipts").receive(lines=2))) as stop:
        await asyncio.sleep(0.2)
        assert truth_in(tmp_path) == []
        async with listening(tmp_path) as ear:
            await until(lambda: len(truth_in(tmp_path)) >= 4)
            await stopped(tmp_path, stop)
    truth = truth_in(tmp_path)
    assert ear.codes[:2] == [ear.codes[0], "]C0OBC-CANCEL"]
    assert ear.codes.count("]C0OBC-CONFIRM") == len({one.operation for one in truth})
    assert [code for code in ear.codes if code.startswith("]C0OBD-")] == [
        f"]C0OBD-{document}" for document in dict.fromkeys(one.document for one in truth)
    ]
    assert summary(tmp_path)["stopped_cleanly"] is True


async def test_a_sheet_goes_on_behind_a_pulled_plug_and_no_scan_is_missing(tmp_path: Path) -> None:
    scenario = Scenario("plug").receive(lines=3).while_the_plug_is_pulled(for_s=1)
    async with listening(tmp_path) as ear, running(order(tmp_path, scenario)) as stop:
        await until(lambda: len({one.operation for one in truth_in(tmp_path)}) >= 2)
        await stopped(tmp_path, stop)
    sheets = "|".join(ear.codes[2:]).split("]C0OBC-CONFIRM")[:-1]
    truth = truth_in(tmp_path)
    assert len(sheets) == len({one.operation for one in truth})
    for operation, codes in enumerate(sheets, 1):
        lines = [one for one in truth if one.operation == operation]
        scanned = [code for code in codes.split("|") if code]
        assert len(scanned) == 4 + 2 * len(lines), f"sheet {operation} is {scanned}"
    assert ear.opened == 1 + len(sheets)


async def test_who_was_gone_while_a_code_was_read_gets_it_again(tmp_path: Path) -> None:
    slowly = replace(order(tmp_path, Scenario("receipts").receive()), pace=replace(HURRY, least_gap_s=0.3))
    async with running(slowly) as stop:
        async with listening(tmp_path) as first:
            await until(lambda: any(code.startswith("]C0OBB-") for code in first.codes))
        await asyncio.sleep(0.5)  # Longer than people take after a scan: they notice.
        async with listening(tmp_path) as second:
            await until(lambda: bool(truth_in(tmp_path)))
            await stopped(tmp_path, stop)
    assert second.codes[0] == first.codes[-1]
    assert summary(tmp_path)["work"]["acts done again"] == 1


async def test_people_who_hear_the_work_place_scan_nothing_before_it_has_answered(tmp_path: Path) -> None:
    place, drafts = SlowWorkPlace(tmp_path / "dev" / "scanner"), tmp_path / "drafts.json"
    answering = asyncio.create_task(place.answer(drafts))
    hearing = replace(order(tmp_path, Scenario("receipts").receive()), drafts=drafts)
    async with listening(tmp_path, place), running(hearing) as stop:
        await until(lambda: len({one.operation for one in truth_in(tmp_path)}) >= 2)
        await stopped(tmp_path, stop)
    answering.cancel()
    assert place.codes.count("]C0OBC-CONFIRM") == len({one.operation for one in truth_in(tmp_path)}) >= 2
    assert place.too_early == []


async def test_a_program_that_locks_nothing_is_scanned_for_when_asked_to(tmp_path: Path) -> None:
    async with running(order(tmp_path, Scenario("all").receive().receive_tagged().weigh_in(), heard=False)):
        await until(lambda: len(truth_in(tmp_path)) >= 4)


async def test_the_network_scale_is_found_in_the_port_file_and_answers(tmp_path: Path) -> None:
    async with running(replace(order(tmp_path, working_day()), plan=WENZHOU)):
        port = json.loads((tmp_path / "ports.json").read_text(encoding="utf-8"))["scale"]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"SI\r\n")
        assert await reader.readline() == b"S S       0.00 kg\r\n"
        writer.close()
        await writer.wait_closed()


async def test_all_that_an_edge_must_be_told_is_in_the_ready_file(tmp_path: Path) -> None:
    for plan in SITES.values():
        folder = tmp_path / plan.key
        async with running(replace(order(folder, working_day()), plan=plan)):
            told = json.loads((folder / "ready").read_text(encoding="utf-8"))
            assert set(told["devices"]) == {"scanner", "scale", "rfid", "rs485"}
            assert set(told["devices"]["rs485"]["addresses"]) == set(told["bins"])
            assert told["devices"]["rs485"]["baud"] == {"xy_md02": 9600, "pr3000": 4800}[plan.probe.value]
            links = [Path(device["link"]) for device in told["devices"].values() if "link" in device]
            assert all(link.is_symlink() for link in links)
        assert not any(link.exists() for link in links)


async def test_a_folder_with_the_truth_of_another_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "truth.jsonl").touch()
    with pytest.raises(FolderInUseError, match="choose another folder"):
        async with running(order(tmp_path, working_day())):
            pass


async def test_told_to_stop_the_command_finishes_and_says_what_was_done(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "onebook_firmware_sim", "warehouse", "--preset", "lishui", "--folder", str(tmp_path)),
        *("--catalogue", str(CATALOGUE), "--speed", "1000", "--faults", "--unheard"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert (await process.stdout.readline()).decode().strip() == f"ready {tmp_path}"
    await until(lambda: bool(truth_in(tmp_path)))
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
    done = summary(tmp_path)
    assert done["stopped_cleanly"] is True
    assert sum(done["truth_lines"].values()) == len(truth_in(tmp_path))


async def test_one_device_is_worked_by_typing(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "onebook_firmware_sim", "device", "--kind", "serial_scanner"),
        *("--link", str(tmp_path / "scanner")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    await process.stdout.readline()
    with serial.Serial(str(tmp_path / "scanner"), timeout=10) as port:
        process.stdin.write(b"]C10106901234567892<GS>10L1\n")
        assert await asyncio.to_thread(port.read_until, b"\r") == b"]C10106901234567892\x1d10L1\r"
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 0


def test_a_missing_catalogue_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["warehouse", "--preset", "hangzhou", "--folder", str(tmp_path), "--catalogue", str(tmp_path / "none.csv")]
    assert main(words) == 2
    assert "none.csv" in capsys.readouterr().err
