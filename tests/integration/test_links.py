"""Links and the device runner on real pseudo terminals and real TCP connections."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import serial

from onebook_edge.clock import SystemClock
from onebook_edge.device import (
    Closed,
    CodeScanned,
    DriverInput,
    DriverOutput,
    Faulted,
    Observed,
    Opened,
    Received,
    Send,
)
from onebook_edge.device_runner import DeviceRunner
from onebook_edge.links.descriptor import READ_BYTES_MAX, WRITE_BYTES_MAX
from onebook_edge.links.link import LinkLost, LinkUnavailable
from onebook_edge.links.serial_link import SerialLink, SerialSettings
from onebook_edge.links.tcp_link import TcpLink, TcpSettings
from onebook_edge.machine import Instant
from tests.integration.pty_plug import PtyPlug
from tests.unit.edge.links.scripted_link import Heard, running, until

CLOCK = SystemClock(trusted=True)


class Lines:
    """A driver for lines of ASCII text; anything else is a fault. It asks the device for its name when it is opened."""

    def __init__(self) -> None:
        self._half = b""

    def handle(self, message: DriverInput, now: Instant) -> list[DriverOutput]:
        match message:
            case Opened():
                return [Send(b"name?\n")]
            case Received(data):
                *lines, self._half = (self._half + data).split(b"\n")
                return [_reading(line, now) for line in lines]
            case Closed():
                half, self._half = self._half, b""
                return [Faulted("truncated")] if half else []
        return []

    def wakeup_at(self) -> int | None:
        return None


def _reading(line: bytes, now: Instant) -> DriverOutput:
    if not line.isascii():
        return Faulted("garbled")
    return Observed(CodeScanned("s1", now, line.decode(), line))


class Server(asyncio.Protocol):
    """A device behind a TCP port."""

    def __init__(self) -> None:
        self.port = 0
        self.connections: list[asyncio.Transport] = []
        self.received = b""
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: self, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.connections.append(transport)

    def data_received(self, data: bytes) -> None:
        self.received += data

    def reset(self) -> None:
        """End the connection with RST, as a device does that was switched off and on."""
        connection = self.connections[-1]
        connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.abort()

    def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in self.connections:
            connection.abort()


@pytest.fixture
async def plug(tmp_path: Path) -> AsyncIterator[PtyPlug]:
    plug = PtyPlug(tmp_path / "usb-scale")
    plug.plug()
    yield plug
    plug.unplug()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    await server.start()
    yield server
    server.stop()


def serial_link(plug: PtyPlug, *, mask_bit_7: bool = False) -> SerialLink:
    return SerialLink(SerialSettings(port=str(plug.link), mask_bit_7=mask_bit_7))


def tcp_link(server: Server) -> TcpLink:
    return TcpLink(TcpSettings(host="127.0.0.1", port=server.port, connect_timeout_s=2))


async def test_a_device_pulled_out_in_mid_frame_comes_back_under_another_number(plug: PtyPlug) -> None:
    heard = Heard()
    runner = DeviceRunner("s1", serial_link(plug), Lines, heard, CLOCK)
    async with running(runner.run()):
        await until(lambda: heard.states)
        plug.send(b"one\ntw")
        await until(lambda: heard.readings)
        before = plug.device
        plug.unplug()
        await until(lambda: len(heard.states) == 2)
        plug.plug()
        assert plug.device != before
        await until(lambda: len(heard.states) == 3)
        plug.send(b"three\n")
        await until(lambda: len(heard.readings) == 2)
    assert [reading.text for reading in heard.readings] == ["one", "three"]
    assert heard.faults == ["truncated"]
    assert heard.states == [("available", None), ("unavailable", "unplugged"), ("available", None)]
    assert runner.counters.reconnects == 1


async def test_a_loose_plug_is_back_soon_each_time(plug: PtyPlug) -> None:
    heard = Heard()
    async with running(DeviceRunner("s1", serial_link(plug), Lines, heard, CLOCK).run()):
        for _ in range(6):
            plug.unplug()
            await until(lambda: heard.states and heard.states[-1][0] == "unavailable")
            await asyncio.sleep(0.3)
            plug.plug()
            await until(lambda: heard.states[-1][0] == "available", timeout_s=3)


async def test_a_device_that_is_plugged_in_late_is_found(plug: PtyPlug) -> None:
    plug.unplug()
    heard = Heard()
    async with running(DeviceRunner("s1", serial_link(plug), Lines, heard, CLOCK).run()):
        await until(lambda: heard.states == [("unavailable", "unplugged")])
        plug.plug()
        await until(lambda: len(heard.states) == 2)
        plug.send(b"one\n")
        await until(lambda: heard.readings)


async def test_a_port_held_by_another_program_is_told_and_taken_when_it_is_free(plug: PtyPlug) -> None:
    heard = Heard()
    holder = serial.Serial(str(plug.link), exclusive=True)
    async with running(DeviceRunner("s1", serial_link(plug), Lines, heard, CLOCK).run()):
        await until(lambda: heard.states == [("unavailable", "in-use")])
        holder.close()
        await until(lambda: len(heard.states) == 2)
        plug.send(b"one\n")
        await until(lambda: heard.readings)


async def test_garbage_is_counted_and_does_not_hide_the_line_behind_it(plug: PtyPlug) -> None:
    heard = Heard()
    runner = DeviceRunner("s1", serial_link(plug), Lines, heard, CLOCK)
    async with running(runner.run()):
        await until(lambda: heard.states)
        plug.send(b"\xff\xfe\x00\nnext\n")
        await until(lambda: heard.readings)
    assert runner.counters.faults == {"garbled": 1}
    assert heard.states == [("available", None)]


async def test_two_devices_do_not_notice_each_others_faults(tmp_path: Path) -> None:
    plugs = [PtyPlug(tmp_path / name) for name in ("a", "b")]
    ends = [Heard(), Heard()]
    for plug in plugs:
        plug.plug()
    runners = [
        DeviceRunner("d", serial_link(plug), Lines, heard, CLOCK) for plug, heard in zip(plugs, ends, strict=True)
    ]
    async with running(*(runner.run() for runner in runners)):
        await until(lambda: all(heard.states for heard in ends))
        plugs[0].unplug()
        await until(lambda: len(ends[0].states) == 2)
        plugs[1].send(b"still here\n")
        await until(lambda: ends[1].readings)
    plugs[1].unplug()
    assert ends[1].states == [("available", None)]


async def test_what_the_driver_sends_reaches_the_device(tmp_path: Path) -> None:
    sent: list[bytes] = []
    plug = PtyPlug(tmp_path / "usb", sent.append)
    plug.plug()
    async with running(DeviceRunner("s1", serial_link(plug), Lines, Heard(), CLOCK).run()):
        await until(lambda: b"".join(sent) == b"name?\n")
    plug.unplug()


async def test_bit_7_is_masked_when_the_settings_say_so(plug: PtyPlug) -> None:
    link = serial_link(plug, mask_bit_7=True)
    await link.open()
    plug.send(bytes([0xB1, 0x32, 0x8D]))
    assert await link.read() == b"12\r"
    link.close()


async def test_a_device_that_takes_nothing_ends_the_link_instead_of_blocking(plug: PtyPlug) -> None:
    link = serial_link(plug)
    await link.open()
    plug.stop_taking()
    with pytest.raises(LinkLost) as lost:
        async with asyncio.timeout(10):
            while True:
                link.write(b"x" * (WRITE_BYTES_MAX // 4))
                await _read_for_a_moment(link)
    assert lost.value.reason.code == "write-stuck"
    link.close()
    await link.open()  # Not blocked by the unsent bytes.
    link.close()


async def test_bytes_that_nobody_reads_wait_and_none_is_lost(plug: PtyPlug) -> None:
    link = serial_link(plug)
    await link.open()
    block = bytes(range(256)) * 8
    for _ in range(3):
        plug.send(block)
        await asyncio.sleep(0.02)
    plug.unplug()
    received = b""
    with pytest.raises(LinkLost):
        while True:
            received += await link.read()
    assert received[:READ_BYTES_MAX] == (block * 3)[: len(received)][:READ_BYTES_MAX]
    assert len(received) >= READ_BYTES_MAX  # What still lay in the kernel dies with a pseudo terminal.
    link.close()


async def test_a_port_whose_name_leads_elsewhere_is_given_up(plug: PtyPlug) -> None:
    link = serial_link(plug)
    await link.open()
    plug.link.unlink()
    with pytest.raises(LinkLost) as lost:
        async with asyncio.timeout(10):
            await link.read()
    assert lost.value.reason.code == "unplugged"
    link.close()


async def test_a_file_that_is_no_port_is_refused_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "no-port"
    path.write_bytes(b"")
    with pytest.raises(LinkUnavailable) as refused:
        await SerialLink(SerialSettings(port=str(path))).open()
    assert refused.value.reason.code == "not-a-usable-port"


async def test_a_link_that_was_closed_is_opened_again_and_a_second_close_does_no_harm(plug: PtyPlug) -> None:
    link = serial_link(plug)
    for _ in range(3):
        await link.open()
        plug.send(b"x")
        assert await link.read() == b"x"
        link.close()
        link.close()
    with pytest.raises(LinkLost):
        await link.read()


async def test_no_descriptor_is_left_over_after_many_attempts_to_open(plug: PtyPlug) -> None:
    plug.unplug()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        with pytest.raises(LinkUnavailable):
            await serial_link(plug).open()
    assert len(os.listdir("/proc/self/fd")) == before


async def test_a_tcp_device_that_is_reset_is_connected_again(server: Server) -> None:
    heard = Heard()
    runner = DeviceRunner("s1", tcp_link(server), Lines, heard, CLOCK)
    async with running(runner.run()):
        await until(lambda: server.connections)
        server.connections[-1].write(b"one\n")
        await until(lambda: heard.readings)
        server.reset()
        await until(lambda: len(server.connections) == 2)
        server.connections[-1].write(b"two\n")
        await until(lambda: len(heard.readings) == 2)
    assert server.received == b"name?\nname?\n"
    assert heard.states == [("available", None), ("unavailable", "connection-lost"), ("available", None)]


async def test_a_tcp_device_that_refuses_is_told_and_found_when_it_listens(server: Server) -> None:
    server.stop()
    heard = Heard()
    async with running(DeviceRunner("s1", tcp_link(server), Lines, heard, CLOCK).run()):
        await until(lambda: heard.states == [("unavailable", "refused")])
        await server.start()
        await until(lambda: len(heard.states) == 2)


async def test_a_host_without_an_address_is_a_reason() -> None:
    with pytest.raises(LinkUnavailable) as refused:
        await TcpLink(TcpSettings(host="no-such-host.invalid", port=1)).open()
    assert refused.value.reason.code == "unknown-host"


async def test_a_tcp_device_that_takes_nothing_ends_the_link(server: Server) -> None:
    link = tcp_link(server)
    await link.open()
    await until(lambda: server.connections)
    server.connections[-1].pause_reading()
    with pytest.raises(LinkLost) as lost:
        async with asyncio.timeout(20):
            while True:
                link.write(b"x" * WRITE_BYTES_MAX)
                await _read_for_a_moment(link)
    assert lost.value.reason.code == "write-stuck"
    link.close()


async def _read_for_a_moment(link: SerialLink | TcpLink) -> None:
    try:
        async with asyncio.timeout(0.001):
            await link.read()
    except TimeoutError:
        return
