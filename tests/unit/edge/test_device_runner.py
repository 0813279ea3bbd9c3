from __future__ import annotations

import asyncio

import pytest

from onebook_edge.clock import SystemClock
from onebook_edge.device import (
    Closed,
    CodeScanned,
    CommandGiven,
    DriverInput,
    DriverOutput,
    Faulted,
    Observed,
    Opened,
    Received,
    Send,
)
from onebook_edge.device_runner import DeviceRunner
from onebook_edge.errors import RefusedError
from onebook_edge.machine import Instant, Woken
from tests.unit.edge.links.scripted_link import Heard, ScriptedLink, running, until

CLOCK = SystemClock(trusted=True)


class Lines:
    """A driver for text lines. It says hello when opened, asks to be woken after `wake_ms`, and has a bug: BUG."""

    def __init__(self, wake_ms: int | None = None) -> None:
        self.inputs: list[DriverInput] = []
        self._wake_ms = wake_ms
        self._wakeup_ms: int | None = None
        self._half = b""

    def handle(self, message: DriverInput, now: Instant) -> list[DriverOutput]:
        self.inputs.append(message)
        match message:
            case Opened():
                self._wakeup_ms = None if self._wake_ms is None else now.monotonic_ms + self._wake_ms
                return [Send(b"hello")]
            case Received(data):
                return self._lines(data, now)
            case CommandGiven(command):
                self._wakeup_ms = now.monotonic_ms + 1
                return [Send(command.encode())]
            case Woken():
                self._wakeup_ms = None
                return [Send(b"awake")]
            case Closed():
                half, self._half = self._half, b""
                return [Faulted("truncated", half.decode())] if half else []

    def wakeup_at(self) -> int | None:
        return self._wakeup_ms

    def _lines(self, data: bytes, now: Instant) -> list[DriverOutput]:
        *lines, self._half = (self._half + data).split(b"\n")
        if b"BUG" in lines:
            raise ZeroDivisionError("a bug of ours")
        return [Observed(CodeScanned("s1", now, line.decode(), line)) for line in lines]


class Bench:
    """A runner on a scripted link."""

    def __init__(self, *, wake_ms: int | None = None, silence_after_s: float | None = None) -> None:
        self.link = ScriptedLink()
        self.heard = Heard()
        self.built: list[Lines] = []
        self._wake_ms = wake_ms
        self.runner = DeviceRunner("s1", self.link, self._build, self.heard, CLOCK, silence_after_s=silence_after_s)

    def _build(self) -> Lines:
        self.built.append(Lines(self._wake_ms))
        return self.built[-1]


async def test_bytes_become_readings_that_share_the_moment_of_their_read() -> None:
    bench = Bench()
    async with running(bench.runner.run()):
        bench.link.say(b"one\ntwo\nthr")
        bench.link.say(b"ee\n")
        await until(lambda: len(bench.heard.readings) == 3)
    one, two, three = bench.heard.readings
    assert [one.text, two.text, three.text] == ["one", "two", "three"]
    assert one.observed_at == two.observed_at
    assert bench.runner.counters.frames_ok == 3
    assert bench.runner.counters.last_reading_at == three.observed_at


async def test_what_the_driver_sends_goes_out_in_order() -> None:
    bench = Bench(wake_ms=20)
    async with running(bench.runner.run()):
        await until(lambda: len(bench.link.written) == 2)
    assert bench.link.written == [b"hello", b"awake"]


async def test_a_command_reaches_the_driver_and_moves_its_wakeup_forward() -> None:
    bench = Bench(wake_ms=3_600_000)
    async with running(bench.runner.run()):
        await until(lambda: bench.link.written)
        await bench.runner.command("tare")
        await until(lambda: len(bench.link.written) == 3)
    assert bench.link.written == [b"hello", b"tare", b"awake"]


async def test_a_command_for_a_device_that_is_not_connected_is_refused() -> None:
    bench = Bench()
    with pytest.raises(RefusedError):
        await bench.runner.command("tare")
    bench.link.plugged_in = False
    async with running(bench.runner.run()):
        await until(lambda: bench.heard.states)
        with pytest.raises(RefusedError):
            await bench.runner.command("tare")
    assert bench.link.written == []


async def test_an_unplugged_device_is_told_once_and_its_half_frame_dies() -> None:
    bench = Bench()
    async with running(bench.runner.run()):
        bench.link.say(b"ha")
        await until(lambda: Received(b"ha") in bench.built[0].inputs)
        bench.link.pull_out()
        await until(lambda: len(bench.heard.states) == 2)
        await asyncio.sleep(0.7)  # Several attempts to open.
        bench.link.plugged_in = True
        bench.link.say(b"lf\n")
        await until(lambda: bench.heard.readings)
    assert [reading.text for reading in bench.heard.readings] == ["lf"]
    assert bench.heard.faults == ["truncated"]
    assert bench.heard.states == [("available", None), ("unavailable", "unplugged"), ("available", None)]
    assert bench.runner.counters.reconnects == 1


async def test_silence_is_a_state_of_its_own_and_ends_with_the_next_byte() -> None:
    bench = Bench(silence_after_s=0.05)
    async with running(bench.runner.run()):
        await until(lambda: len(bench.heard.states) == 2)
        bench.link.say(b"x")
        await until(lambda: len(bench.heard.states) == 4)
    assert bench.heard.states == [("available", None), ("silent", "silent"), ("available", None), ("silent", "silent")]
    assert bench.link.opens == 1


async def test_a_driver_that_raises_is_built_anew_on_a_link_opened_anew() -> None:
    bench = Bench()
    async with running(bench.runner.run()):
        bench.link.say(b"good\nBUG\n")
        await until(lambda: bench.link.opens == 2)
        bench.link.say(b"again\n")
        await until(lambda: bench.heard.readings)
    assert [reading.text for reading in bench.heard.readings] == ["again"]
    assert len(bench.built) == 2
    assert bench.built[1].inputs[0] == Opened()
    assert bench.heard.states == [("available", None), ("unavailable", "driver-bug"), ("available", None)]
    assert bench.runner.counters.faults == {"driver-bug": 1}


async def test_a_driver_that_raises_on_a_command_is_built_anew_too() -> None:
    bench = Bench()
    async with running(bench.runner.run()):
        await until(lambda: bench.link.written)
        bench.built[0].handle = _raise  # type: ignore[method-assign]
        await bench.runner.command("tare")
        await until(lambda: bench.link.opens == 2)
    assert bench.runner.counters.faults == {"driver-bug": 1}


async def test_a_cancelled_runner_lets_go_of_the_port() -> None:
    bench = Bench()
    async with running(bench.runner.run()):
        await until(lambda: bench.link.is_open)
    assert not bench.link.is_open
    with pytest.raises(RefusedError):
        await bench.runner.command("tare")


def _raise(message: DriverInput, now: Instant) -> list[DriverOutput]:
    raise ZeroDivisionError("a bug of ours")
