"""A simulated RS-485 line behind a pseudo terminal whose registers go up by one when they are read, and whose plug is pulled.

`python -m tests.benchmark.counting_line --link PATH --report FILE`. A line "out" on its standard input pulls the plug, in a pause
between two requests; "in" plugs it in again, always under another number behind the same link. SIGUSR1: nothing answers any more,
and FILE says when each register was read, and when it was plugged in (Unix ms).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import struct
import sys
import time
from pathlib import Path

from onebook_firmware_sim.devices.modbus_sensor import rtu_frame
from tests.integration.pty_plug import PtyPlug

_REQUEST = struct.Struct(">BBHHH")  # Unit, function, address, count, check sum (in the other order of bytes).
_PAUSE_S = 0.02  # After an answer: it has arrived, and the next request has not begun.


class Line:
    """One device that answers every unit. `reads`: register -> moments; `plugged`: when it was plugged in."""

    def __init__(self, link: Path) -> None:
        self.reads: dict[int, list[int]] = {}
        self.plugged: list[int] = []
        self.is_silent = False
        self._plug = PtyPlug(link, self._hear)
        self._answered = asyncio.Event()
        self._received = b""

    def plug(self) -> None:
        self._received = b""
        self._plug.plug()
        self.plugged.append(_now_ms())

    async def unplug(self) -> None:
        self._answered.clear()
        await self._answered.wait()
        await asyncio.sleep(_PAUSE_S)
        self._plug.unplug()

    def _hear(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= _REQUEST.size and not self.is_silent:
            unit, function, address, count, _ = _REQUEST.unpack_from(self._received)
            self._received = self._received[_REQUEST.size :]
            values = [self._read(register) for register in range(address, address + count)]
            self._plug.send(rtu_frame(unit, struct.pack(f">BB{count}H", function, 2 * count, *values)))
            self._answered.set()

    def _read(self, register: int) -> int:
        moments = self.reads.setdefault(register, [])
        moments.append(_now_ms())
        return len(moments) & 0xFFFF


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def serve(link: Path, report: Path) -> None:
    line, asked, loop = Line(link), asyncio.Event(), asyncio.get_running_loop()
    line.plug()
    told: asyncio.Queue[str] = asyncio.Queue()
    loop.add_reader(sys.stdin, lambda: told.put_nowait(sys.stdin.readline().strip()))
    loop.add_signal_handler(signal.SIGUSR1, asked.set)
    print("ready", flush=True)
    pulling = asyncio.create_task(_pull(line, told))
    await asked.wait()
    pulling.cancel()
    line.is_silent = True
    fresh = report.with_suffix(".new")
    fresh.write_text(json.dumps({"reads": line.reads, "plugged": line.plugged}))
    fresh.rename(report)
    await asyncio.Event().wait()


async def _pull(line: Line, told: asyncio.Queue[str]) -> None:
    while True:
        match await told.get():
            case "out":
                await line.unplug()
            case "in":
                line.plug()
        print("done", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--link", type=Path, required=True)
    parser.add_argument("--report", type=Path, required=True)
    asked = parser.parse_args()
    asyncio.run(serve(asked.link, asked.report))


if __name__ == "__main__":
    main()
