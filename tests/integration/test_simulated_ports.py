"""Simulated devices behind real pseudo terminals and TCP ports, met by independent clients: pyserial, pymodbus, plain sockets."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import random
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import serial
from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from onebook_firmware_sim.device import Device
from onebook_firmware_sim.devices.climate_element import ClimateElement
from onebook_firmware_sim.devices.modbus_line import ModbusLine
from onebook_firmware_sim.devices.modbus_sensor import ModbusSensor
from onebook_firmware_sim.devices.modbus_tcp import ModbusTcp
from onebook_firmware_sim.devices.mt_sics import MtSics
from onebook_firmware_sim.devices.pr3000 import Pr3000
from onebook_firmware_sim.devices.r200 import R200
from onebook_firmware_sim.devices.serial_scanner import CodePresented, SerialScanner
from onebook_firmware_sim.devices.weighing import Key, KeyPressed, Weighing
from onebook_firmware_sim.devices.xy_md02 import XyMd02
from onebook_firmware_sim.devices.yaohua_tf0 import YaohuaTf0
from onebook_firmware_sim.faults import Fault, FaultPlan, FaultyDevice
from onebook_firmware_sim.ports import Port, PtyPort, TcpPort, run
from onebook_firmware_sim.truth import AntennaField, Climate, LoadOnScale

LINE_GAP_S = 0.02  # A master keeps at least 3.5 characters of silence after an answer.


@contextlib.asynccontextmanager
async def plugged(port: Port) -> AsyncIterator[None]:
    await port.plug()
    try:
        yield
    finally:
        await port.unplug()


@contextlib.contextmanager
def opened(link: Path) -> Iterator[serial.Serial]:
    with serial.Serial(str(link), timeout=5, exclusive=True) as client:
        yield client


def read_to_the_end(descriptor: int) -> bool:
    """A hung-up terminal reads as an end, or as EIO, by kernel; both are what a pulled adapter does."""
    try:
        while os.read(descriptor, 4096):
            pass
    except OSError as error:
        return error.errno == errno.EIO
    return True


def scale(kg: str) -> Weighing:
    return Weighing(LoadOnScale(Decimal(kg)), capacity=Decimal(150), division=Decimal("0.005"))


def climate(temperature_c: str, humidity_rh: str) -> ClimateElement:
    return ClimateElement(Climate(Decimal(temperature_c), Decimal(humidity_rh)))


async def test_a_scanned_code_arrives_at_a_plain_client(tmp_path: Path) -> None:
    port = PtyPort(SerialScanner(), tmp_path / "scanner")
    async with plugged(port):
        with opened(tmp_path / "scanner") as client:
            port.tell(CodePresented("0106901234567892", aim="]C1"))
            assert await asyncio.to_thread(client.read_until, b"\r") == b"]C10106901234567892\r"


async def test_commands_go_in_and_answers_come_out_unchanged_by_the_terminal(tmp_path: Path) -> None:
    async with plugged(PtyPort(MtSics(scale("12.345")), tmp_path / "scale")):
        with opened(tmp_path / "scale") as client:
            client.write(b"SI\r\n")
            assert await asyncio.to_thread(client.read_until, b"kg\r\n") == b"S S     12.345 kg\r\n"


async def test_unplugging_breaks_the_port_and_replugging_comes_back_under_the_same_link(tmp_path: Path) -> None:
    link = tmp_path / "by-id" / "usb-indicator"
    link.parent.mkdir()
    port = PtyPort(YaohuaTf0(scale("3.260")), link)
    async with plugged(port):
        held = os.open(link, os.O_RDWR | os.O_NOCTTY)
        try:
            assert (await asyncio.to_thread(os.read, held, 1))[:1] == b"\x02"
            await port.unplug()
            await port.unplug()
            with pytest.raises(OSError, match=os.strerror(errno.EIO)):
                os.write(held, b"\x02")
            assert read_to_the_end(held)
            assert not link.is_symlink()
            await port.replug()
            assert link.is_char_device()
            with opened(link) as client:
                assert await asyncio.to_thread(client.read_until, b"\x03") == await asyncio.to_thread(client.read, 12)
        finally:
            os.close(held)


async def test_what_happens_to_an_unplugged_device_is_not_heard(tmp_path: Path) -> None:
    port = PtyPort(SerialScanner(), tmp_path / "scanner")
    async with plugged(port):
        await port.unplug()
        port.tell(CodePresented("6901234567892", aim="]E0"))
        assert port.lost_bytes == len("]E06901234567892\r")
        await port.replug()
        with opened(tmp_path / "scanner") as client:
            port.tell(CodePresented("6901234567908", aim="]E0"))
            assert await asyncio.to_thread(client.read_until, b"\r") == b"]E06901234567908\r"


async def test_a_link_left_by_a_killed_simulator_is_replaced_and_a_file_is_not(tmp_path: Path) -> None:
    (tmp_path / "left").symlink_to("/dev/pts/nowhere")
    async with plugged(PtyPort(SerialScanner(), tmp_path / "left")):
        assert (tmp_path / "left").is_char_device()
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError, match="another name"):
        await PtyPort(SerialScanner(), tmp_path / "file").plug()
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


async def test_a_terminal_that_nobody_reads_loses_bytes_and_blocks_nobody(tmp_path: Path) -> None:
    port = PtyPort(SerialScanner(), tmp_path / "scanner")
    async with plugged(port):
        for _ in range(200):
            port.tell(CodePresented("9" * 1000, aim="]Q1"))
        assert port.lost_bytes > 0


async def test_unplugging_a_baud_true_port_cuts_the_frame(tmp_path: Path) -> None:
    port = PtyPort(SerialScanner(), tmp_path / "scanner", baud=1200)
    async with plugged(port):
        with opened(tmp_path / "scanner") as client:
            port.tell(CodePresented("8" * 300, aim="]Q1"))
            assert await asyncio.to_thread(client.read, 3) == b"]Q1"
            await port.unplug()
            assert 0 < port.lost_bytes <= 301


async def test_a_baud_true_port_brings_every_character_in_order(tmp_path: Path) -> None:
    port = PtyPort(SerialScanner(), tmp_path / "scanner", baud=9600)
    async with plugged(port):
        with opened(tmp_path / "scanner") as client:
            for text in ("0123456789", "abcdefghij"):
                port.tell(CodePresented(text, aim="]C0"))
            received = await asyncio.to_thread(client.read, 28)
            assert received == b"]C00123456789\r]C0abcdefghij\r"


async def test_a_reader_left_polling_floods_the_next_program(tmp_path: Path) -> None:
    async with plugged(PtyPort(R200(AntennaField(), boot_ms=0), tmp_path / "reader")):
        with opened(tmp_path / "reader") as first:
            first.write(bytes.fromhex("bb00270003222710837e"))
            assert await asyncio.to_thread(first.read, 8) == bytes.fromhex("bb01ff000115167e")
        with opened(tmp_path / "reader") as second:
            assert len(await asyncio.to_thread(second.read, 24)) == 24


async def test_pymodbus_reads_three_probes_of_one_line(tmp_path: Path) -> None:
    probes = [
        XyMd02(climate("30.5", "54.6")),
        XyMd02(climate("-10.1", "60"), address=2),
        Pr3000(climate("4", "80"), address=3),
    ]
    line = ModbusLine([ModbusSensor(probe) for probe in probes])
    async with plugged(PtyPort(line, tmp_path / "rs485")), modbus_serial(tmp_path / "rs485") as client:
        read_input, read_holding = client.read_input_registers, client.read_holding_registers
        assert (await read_input(1, count=2, device_id=1)).registers == [305, 546]
        await asyncio.sleep(LINE_GAP_S)
        assert (await read_input(1, count=2, device_id=2)).registers == [0xFF9B, 600]
        await asyncio.sleep(LINE_GAP_S)
        assert (await read_holding(0, count=2, device_id=3)).registers == [800, 40]
        await asyncio.sleep(LINE_GAP_S)
        assert (await read_holding(0, count=1, device_id=1)).exception_code == 2
        await asyncio.sleep(LINE_GAP_S)
        assert not (await client.write_registers(0x0103, [5, 0], device_id=1)).isError()
        await asyncio.sleep(LINE_GAP_S)
        assert (await read_input(1, count=2, device_id=1)).registers == [310, 546]


async def test_pymodbus_reads_units_behind_a_tcp_gateway() -> None:
    port = TcpPort(ModbusTcp([XyMd02(climate("30.5", "54.6")), Pr3000(climate("4", "80"), address=2)]), "127.0.0.1", 0)
    async with plugged(port):
        client = AsyncModbusTcpClient("127.0.0.1", port=port.port, timeout=5, retries=0)
        assert await client.connect()
        try:
            assert (await client.read_input_registers(1, count=2, device_id=1)).registers == [305, 546]
            assert (await client.read_holding_registers(0, count=2, device_id=2)).registers == [800, 40]
            assert (await client.read_holding_registers(0, count=2, device_id=9)).exception_code == 0x0B
        finally:
            client.close()


async def test_unplugging_a_network_device_resets_and_refuses_until_it_is_back() -> None:
    weighing = scale("12.345")
    port = TcpPort(MtSics(weighing), "127.0.0.1", 0)
    async with plugged(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port.port)
        writer.write(b"S\r\n")
        assert await reader.readuntil(b"\r\n") == b"S S     12.345 kg\r\n"
        await port.unplug()
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        writer.transport.abort()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port.port)
        port.tell(KeyPressed(Key.TARE))
        await port.replug()
        reader, writer = await asyncio.open_connection("127.0.0.1", port.port)
        writer.write(b"S\r\n")
        assert await reader.readuntil(b"\r\n") == b"S S      0.000 kg\r\n"
        writer.transport.abort()


async def test_a_second_network_client_is_turned_away_and_the_first_is_not_disturbed() -> None:
    port = TcpPort(MtSics(scale("1")), "127.0.0.1", 0)
    async with plugged(port):
        first_reader, first_writer = await asyncio.open_connection("127.0.0.1", port.port)
        first_writer.write(b"SI\r\n")
        assert await first_reader.readuntil(b"\r\n") == b"S S      1.000 kg\r\n"
        second_reader, second_writer = await asyncio.open_connection("127.0.0.1", port.port)
        with contextlib.suppress(ConnectionResetError):
            assert await second_reader.read(1) == b""
        first_writer.write(b"SI\r\n")
        assert await first_reader.readuntil(b"\r\n") == b"S S      1.000 kg\r\n"
        for writer in (first_writer, second_writer):
            writer.transport.abort()


async def test_a_faulty_device_trickles_over_a_real_port(tmp_path: Path) -> None:
    plan = FaultPlan(rates={Fault.TRICKLED: 1.0}, byte_gap_ms=(1, 2))
    device: Device = FaultyDevice(SerialScanner(), plan, random.Random(5))
    port = PtyPort(device, tmp_path / "scanner")
    async with plugged(port):
        with opened(tmp_path / "scanner") as client:
            port.tell(CodePresented("6901234567892", aim="]E0"))
            assert await asyncio.to_thread(client.read_until, b"\r") == b"]E06901234567892\r"


async def test_run_keeps_a_port_plugged_until_it_is_cancelled(tmp_path: Path) -> None:
    link = tmp_path / "scanner"
    running = asyncio.create_task(run(PtyPort(SerialScanner(), link)))
    await asyncio.sleep(0)  # One turn of the loop is enough to plug in.
    assert link.is_char_device()
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    assert not link.is_symlink()


@contextlib.asynccontextmanager
async def modbus_serial(link: Path) -> AsyncIterator[AsyncModbusSerialClient]:
    client = AsyncModbusSerialClient(str(link), framer=FramerType.RTU, baudrate=9600, timeout=5, retries=0)
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()
