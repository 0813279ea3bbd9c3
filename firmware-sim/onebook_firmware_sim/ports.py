"""Puts a simulated device behind a real port, in real time: a pseudo terminal, or TCP.

A symbolic link to the pseudo terminal stands in for `/dev/serial/by-id/...`. A pseudo terminal is no UART: it has no baud
rate (`baud` makes the port wait per character), no parity, and keeps what nobody reads until it is full; only then are bytes
lost, and counted in `lost_bytes`. A program that opens the port should drop what it finds there, as pyserial does.

While a port is unplugged its device stands still; what it says to what still happens to it is lost and counted.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from onebook_firmware_sim.device import Device, DeviceInput, HostConnected, HostSent, PoweredOn, Woken

_READ_BYTES_MAX = 4096
_BITS_PER_CHARACTER = 10  # 8N1
_PACE_S_MIN = 0.001
_UNSENT_BYTES_MAX = 65_536  # Towards a network client that does not read.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, no time: the peer gets RST.


class Port(Protocol):
    """A plug that a device sits behind. All calls belong to one event loop."""

    lost_bytes: int

    async def plug(self) -> None:
        """For the first time: the device is powered on."""
        ...

    async def unplug(self) -> None:
        """The host's end breaks at once: reads end or give EIO, writes EIO; TCP is reset. Unplugging twice does no harm."""
        ...

    async def replug(self) -> None: ...

    def tell(self, message: DeviceInput) -> None:
        """Something happens to the device, e.g. a code is presented."""
        ...


async def run(port: Port) -> None:
    """Plugged in until cancelled."""
    await port.plug()
    try:
        await asyncio.Event().wait()
    finally:
        await port.unplug()


class _LiveDevice:
    """Drives one device with the event loop's clock while it is not standing still; `write` carries out what it sends."""

    def __init__(self, device: Device, write: Callable[[bytes], None]) -> None:
        self._device = device
        self._write = write
        self._standing_still = True
        self._timer: asyncio.TimerHandle | None = None

    def go_on(self, message: DeviceInput) -> None:
        self._standing_still = False
        self.tell(message)

    def stand_still(self) -> None:
        self._standing_still = True
        self._set_timer()

    def tell(self, message: DeviceInput) -> None:
        self._handle(message, _now_ms())

    def _handle(self, message: DeviceInput, now_ms: int) -> None:
        for output in self._device.handle(message, now_ms):
            self._write(output.data)
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wakeup_ms = self._device.wakeup_at()
        if wakeup_ms is not None and not self._standing_still:
            self._timer = asyncio.get_running_loop().call_at(wakeup_ms / 1000, self._wake, wakeup_ms)

    def _wake(self, wakeup_ms: int) -> None:
        # The loop may fire a fraction of a millisecond early; for the device its time has come.
        self._handle(Woken(), max(wakeup_ms, _now_ms()))


def _now_ms() -> int:
    return int(asyncio.get_running_loop().time() * 1000)


class PtyPort(Port):
    """A device behind a pseudo terminal that is reached as `link`.

    `baud`: characters take their time; None: a frame arrives at once. Leave it None for a `ModbusLine`, which keeps its own
    time. `bus_powered`: the plug is the supply, as with USB, so replugging powers the device on anew.
    """

    def __init__(self, device: Device, link: Path, *, baud: int | None = None, bus_powered: bool = True) -> None:
        self.lost_bytes = 0
        self._link = link
        self._baud = baud
        self._bus_powered = bus_powered
        self._live = _LiveDevice(device, self._write)
        self._ends: tuple[int, int] | None = None  # File descriptors of master and slave while plugged in.
        self._unsent = bytearray()
        self._sender: asyncio.Task[None] | None = None

    async def plug(self) -> None:
        """FileExistsError when something other than a link lies in the way."""
        self._open()
        self._live.go_on(PoweredOn())

    async def unplug(self) -> None:
        if self._ends is None:
            return
        self._live.stand_still()
        if self._sender is not None:
            self._sender.cancel()
            self._sender = None
        self.lost_bytes += len(self._unsent)
        self._unsent.clear()
        master, slave = self._ends
        self._ends = None
        asyncio.get_running_loop().remove_reader(master)
        self._link.unlink(missing_ok=True)
        os.close(slave)
        os.close(master)

    async def replug(self) -> None:
        """A new pseudo terminal, maybe with another number, under the same link."""
        self._open()
        self._live.go_on(PoweredOn() if self._bus_powered else Woken())

    def tell(self, message: DeviceInput) -> None:
        self._live.tell(message)

    def _open(self) -> None:
        assert self._ends is None, f"{self._link} is plugged in already"
        if self._link.is_symlink():
            self._link.unlink()  # Left over by a simulator that was killed.
        elif self._link.exists():
            raise FileExistsError(f"{self._link} is not a link: choose another name for the simulated port")
        # Our slave end stays open: without it the master reads EIO whenever no client has the port open.
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._ends = (master, slave)
        self._link.symlink_to(os.ttyname(slave))
        asyncio.get_running_loop().add_reader(master, self._read, master)

    def _read(self, master: int) -> None:
        self._live.tell(HostSent(os.read(master, _READ_BYTES_MAX)))

    def _write(self, data: bytes) -> None:
        if self._baud is None or self._ends is None:
            self._put(data)
            return
        self._unsent += data
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_at(self._baud))

    async def _send_at(self, baud: int) -> None:
        """As many characters as the line would have carried by now, until nothing is left."""
        loop = asyncio.get_running_loop()
        began, sent = loop.time(), 0
        while self._unsent:
            await asyncio.sleep(max(_PACE_S_MIN, _BITS_PER_CHARACTER / baud))
            due = int((loop.time() - began) * baud / _BITS_PER_CHARACTER) - sent
            self._put(bytes(self._unsent[:due]))
            del self._unsent[:due]
            sent += due
        self._sender = None

    def _put(self, data: bytes) -> None:
        taken = 0
        if self._ends is not None:
            try:
                taken = os.write(self._ends[0], data)
            except BlockingIOError:  # Full: nobody reads.
                taken = 0
        self.lost_bytes += len(data) - taken


class TcpPort(Port):
    """A device behind a TCP port of its own. Like many terminals it serves one client and closes on a second one.

    `port` 0: the system chooses, see `self.port` after `plug`; `replug` takes the same again. The network plug is no supply.
    """

    def __init__(self, device: Device, host: str, port: int) -> None:
        self.lost_bytes = 0
        self.port = port
        self._host = host
        self._live = _LiveDevice(device, self._write)
        self._server: asyncio.Server | None = None
        self._client: asyncio.Transport | None = None

    async def plug(self) -> None:
        await self._listen()
        self._live.go_on(PoweredOn())

    async def unplug(self) -> None:
        if self._server is None:
            return
        self._live.stand_still()
        self._server.close()
        self._server = None
        if self._client is not None:
            client_socket: socket.socket = self._client.get_extra_info("socket")
            client_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self._client.abort()
            self._client = None

    async def replug(self) -> None:
        await self._listen()
        self._live.go_on(Woken())

    def tell(self, message: DeviceInput) -> None:
        self._live.tell(message)

    async def _listen(self) -> None:
        assert self._server is None, f"port {self.port} is plugged in already"
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), self._host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def _write(self, data: bytes) -> None:
        if self._client is None or self._client.get_write_buffer_size() + len(data) > _UNSENT_BYTES_MAX:
            self.lost_bytes += len(data)
            return
        self._client.write(data)

    def _connected(self, transport: asyncio.Transport) -> None:
        if self._client is not None:
            transport.abort()
            return
        self._client = transport
        self._live.tell(HostConnected())

    def _disconnected(self, transport: asyncio.Transport) -> None:
        if self._client is transport:
            self._client = None


class _Connection(asyncio.Protocol):
    def __init__(self, port: TcpPort) -> None:
        self._port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._port._connected(transport)

    def data_received(self, data: bytes) -> None:
        self._port.tell(HostSent(data))

    def connection_lost(self, exc: Exception | None) -> None:
        self._port._disconnected(self._transport)
