"""Simulated Modbus TCP devices whose registers go up by one when they are read: what was taken, lost or doubled is exact.

`python -m tests.benchmark.counting_registers --devices 20 --report FILE`. Its first line of output is the list of ports, one for
each device. SIGUSR1: nothing answers any more, and FILE says per port and register when it was read (Unix ms), in order.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import struct
import time
from collections import defaultdict
from pathlib import Path

_REQUEST = struct.Struct(">HHHBBHH")  # Transaction, protocol, length, unit, function, address, count.
_HEADER = struct.Struct(">HHHBBB")  # Transaction, protocol, length, unit, function, bytes that follow.


class Device(asyncio.Protocol):
    """Answers one client after the other. Register -> the moments at which it was read."""

    def __init__(self) -> None:
        self.reads: defaultdict[int, list[int]] = defaultdict(list)
        self.is_silent = False
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._received = transport, b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= _REQUEST.size and not self.is_silent:
            transaction, _, _, unit, function, address, count = _REQUEST.unpack_from(self._received)
            self._received = self._received[_REQUEST.size :]
            values = [self._read(register) for register in range(address, address + count)]
            head = _HEADER.pack(transaction, 0, 3 + 2 * count, unit, function, 2 * count)
            self._transport.write(head + struct.pack(f">{count}H", *values))

    def _read(self, register: int) -> int:
        moments = self.reads[register]
        moments.append(time.time_ns() // 1_000_000)
        return len(moments) & 0xFFFF


async def serve(count: int, report: Path) -> None:
    devices = [Device() for _ in range(count)]
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(lambda device=device: device, "127.0.0.1", 0) for device in devices]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    asked = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, asked.set)
    print(json.dumps(ports), flush=True)
    await asked.wait()
    for device in devices:
        device.is_silent = True
    fresh = report.with_suffix(".new")
    fresh.write_text(json.dumps({port: device.reads for port, device in zip(ports, devices, strict=True)}))
    fresh.rename(report)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--devices", type=int, required=True)
    parser.add_argument("--report", type=Path, required=True)
    asked = parser.parse_args()
    asyncio.run(serve(asked.devices, asked.report))


if __name__ == "__main__":
    main()
