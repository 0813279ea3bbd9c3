"""The Modbus bus against hand-written responders that do everything wrong, and against pymodbus, which does it right."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

import pytest
from pymodbus import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from onebook_edge.clock import SystemClock
from onebook_edge.device import Faulted, Measured, Observed, Quality, RegisterRange, RegistersRead
from onebook_edge.links.link_settings import build_link
from onebook_edge.links.modbus_bus import BusDevice, ModbusBus
from onebook_edge.links.modbus_frames import crc
from onebook_edge.links.modbus_line import ModbusLineSettings
from onebook_edge.links.serial_link import SerialSettings
from onebook_edge.links.tcp_link import TcpSettings
from onebook_edge.machine import Instant
from tests.integration.pty_plug import PtyPlug
from tests.unit.edge.links.scripted_link import Heard, running, until

CLOCK = SystemClock(trusted=True)
VECTORS_FILE = Path(__file__).parents[1] / "testdata/vectors/modbus.json"
VECTORS = {vector["id"]: vector for vector in json.loads(VECTORS_FILE.read_text(encoding="utf-8"))["vectors"]}

ONE = RegisterRange(function=3, address=0, count=1)
TWO = RegisterRange(function=3, address=0, count=2)
HUNDRED = RegisterRange(function=3, address=100, count=1)

Request: TypeAlias = tuple[int, int, int, int]  # unit, function, address, count
Reply: TypeAlias = tuple[float, bytes]  # after how many seconds, which bytes
Answer: TypeAlias = Callable[[Request], Sequence[Reply]]


class Words:
    """A driver that takes each register as it is, and remembers every poll."""

    def __init__(self, *ranges: RegisterRange) -> None:
        self.polls: list[RegistersRead] = []
        self._ranges = ranges

    def ranges(self) -> Sequence[RegisterRange]:
        return self._ranges

    def decode(self, answer: RegistersRead, now: Instant) -> list[Observed | Faulted]:
        self.polls.append(answer)
        faults = [Faulted(reason) for reason in answer.failed.values() if reason != "no-answer"]
        return [*faults, *(_measured(address, word, now) for (_, address), word in answer.values.items())]


def _measured(address: int, word: int, now: Instant) -> Observed:
    return Observed(Measured("probe", now, f"register_{address}", Decimal(word), "C62", Quality.GOOD))


class Buggy(Words):
    def decode(self, answer: RegistersRead, now: Instant) -> list[Observed | Faulted]:
        raise ZeroDivisionError("a bug of ours")


class Responder:
    """The devices of a line: hears whole requests and answers as the test says."""

    def __init__(self, plug: PtyPlug | None = None) -> None:
        self.requests: list[Request] = []
        self.heard_at: list[float] = []
        self.answer: Answer = echo_address
        self._plug = plug
        self._buffer = b""

    def hear(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 8:
            frame, self._buffer = self._buffer[:8], self._buffer[8:]
            assert crc(frame[:6]) == frame[6:]
            self.heard_at.append(time.monotonic())
            request = struct.unpack(">BBHH", frame[:6])
            self.requests.append(request)
            for delay_s, data in self.answer(request):
                asyncio.get_running_loop().call_later(delay_s, self.send, data)

    def send(self, data: bytes) -> None:
        assert self._plug is not None
        self._plug.send(data)


def rtu(unit: int, function: int, *words: int) -> bytes:
    body = struct.pack(f">BBB{len(words)}H", unit, function, 2 * len(words), *words)
    return body + crc(body)


def echo_address(request: Request) -> Sequence[Reply]:
    """Each register holds its own address: a wrong answer gives itself away."""
    unit, function, address, count = request
    return [(0.0, rtu(unit, function, *range(address, address + count)))]


def first_then(first: Sequence[Reply]) -> Answer:
    """These replies to the first request, right answers from then on."""
    waiting = [first]
    return lambda request: waiting.pop() if waiting else echo_address(request)


class Probe:
    """A device on the bus and what came out of it."""

    def __init__(self, driver: Words, unit_id: int = 1, poll_interval_ms: int = 20) -> None:
        self.driver = driver
        self.heard = Heard()
        self.device = BusDevice(f"probe-{unit_id}", unit_id, poll_interval_ms, driver, self.heard)

    def misread(self) -> list[tuple[int, int]]:
        """(address, value) where a register does not hold its own address."""
        return [
            (address, word)
            for poll in self.driver.polls
            for (_, address), word in poll.values.items()
            if address != word
        ]


def bus_of(settings: ModbusLineSettings, *probes: Probe) -> ModbusBus:
    return ModbusBus(build_link(settings.link), settings, [probe.device for probe in probes], CLOCK)


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[tuple[PtyPlug, Responder]]:
    plug = PtyPlug(tmp_path / "usb-rs485", lambda data: responder.hear(data))
    responder = Responder(plug)
    plug.plug()
    yield plug, responder
    plug.unplug()


def settings_of(plug: PtyPlug, *, answer_timeout_ms: int = 60, drain_ms: int = 60) -> ModbusLineSettings:
    link = SerialSettings(port=str(plug.link), baudrate=115_200)
    return ModbusLineSettings(link=link, answer_timeout_ms=answer_timeout_ms, drain_ms=drain_ms)


Line: TypeAlias = tuple[PtyPlug, Responder]


async def test_three_devices_share_a_line_and_the_dead_one_holds_up_nobody(line: Line) -> None:
    plug, responder = line
    probes = [Probe(Words(TWO), unit_id) for unit_id in (1, 2, 3)]
    responder.answer = lambda request: [] if request[0] == 2 else echo_address(request)
    bus = bus_of(settings_of(plug), *probes)
    async with running(bus.run()):
        await until(lambda: all(len(probes[i].heard.readings) >= 60 for i in (0, 2)))
    assert [probe.heard.states for probe in probes] == [
        [("available", None)],
        [("silent", "no-answer")],
        [("available", None)],
    ]
    asked_dead = [request for request in responder.requests if request[0] == 2]
    assert bus.counters["probe-2"].faults == {"no-answer": len(asked_dead)}
    assert len(asked_dead) * 10 < len(responder.requests)
    assert bus.counters["probe-2"].polls_missed > 0
    assert not bus.counters["probe-1"].faults
    assert probes[0].misread() == probes[2].misread() == []


async def test_a_late_answer_is_never_taken_for_the_next_one(line: Line) -> None:
    plug, responder = line
    probe = Probe(Words(ONE, HUNDRED))

    def once_too_late(request: Request) -> Sequence[Reply]:
        [(_, frame)] = echo_address(request)
        return [(0.19 if len(responder.requests) == 5 else 0.06, frame)]  # Time-out at 0.1, drained until 0.3.

    responder.answer = once_too_late
    bus = bus_of(settings_of(plug, answer_timeout_ms=100, drain_ms=200), probe)
    async with running(bus.run()):
        await until(lambda: len(probe.driver.polls) >= 6)
    assert probe.misread() == []
    assert probe.driver.polls[2] == RegistersRead({}, {ONE: "no-answer", HUNDRED: "no-answer"})
    assert all(not poll.failed for poll in probe.driver.polls[3:])
    assert bus.counters["probe-1"].faults == {"no-answer": 1, "out-of-turn": 1}
    assert probe.heard.states == [("available", None)]


async def test_an_answer_to_a_cancelled_request_is_never_taken_for_the_next_one(line: Line) -> None:
    plug, responder = line
    probe = Probe(Words(ONE, HUNDRED))
    bus = bus_of(settings_of(plug), probe)
    responder.answer = lambda request: []
    async with running(bus.run()):
        await until(lambda: responder.requests)
    responder.answer = echo_address
    asyncio.get_running_loop().call_later(0.02, responder.send, rtu(1, 3, 0xDEAD))
    async with running(bus.run()):
        await until(lambda: len(probe.driver.polls) >= 3)
    assert probe.misread() == []
    assert bus.counters["probe-1"].faults == {"out-of-turn": 1}


async def test_a_device_later_than_the_drain_is_in_step_again_after_one_answer(line: Line) -> None:
    plug, responder = line
    probe = Probe(Words(HUNDRED), poll_interval_ms=100)
    # Right after the request comes the answer to something older, and only then its own.
    responder.answer = first_then([(0.0, rtu(1, 3, 0)), (0.03, rtu(1, 3, 100))])
    bus = bus_of(settings_of(plug), probe)
    async with running(bus.run()):
        await until(lambda: len(probe.driver.polls) >= 4)
    assert probe.misread() == [(100, 0)]
    assert bus.counters["probe-1"].faults == {"out-of-turn": 1}


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (bytes.fromhex(VECTORS["mb-08"]["response_hex"]), "short-response"),
        (bytes.fromhex(VECTORS["mb-22"]["response_hex"]), "bad-crc"),
        (rtu(0x11, 3, 7, 8), "wrong-device"),
        (bytes.fromhex(VECTORS["mb-11"]["response_hex"])[:6], "truncated"),
        (bytes.fromhex(VECTORS["mb-25"]["response_hex"]), "wrong-function"),
        (b"\xff\x00\x55" * 4, "garbled"),
    ],
)
async def test_a_bad_answer_is_named_gives_no_value_and_spoils_nothing(line: Line, reply: bytes, fault: str) -> None:
    plug, responder = line
    probe = Probe(Words(TWO))
    responder.answer = first_then([(0.0, reply)])
    bus = bus_of(settings_of(plug), probe)
    async with running(bus.run()):
        await until(lambda: len(probe.driver.polls) >= 3)
    assert probe.driver.polls[0] == RegistersRead({}, {TWO: fault})
    assert all(poll.values == {(3, 0): 0, (3, 1): 1} for poll in probe.driver.polls[1:])
    assert bus.counters["probe-1"].faults == {fault: 1}
    assert probe.heard.faults == [fault]


async def test_an_answer_of_another_device_before_the_right_one_does_not_hide_it(line: Line) -> None:
    plug, responder = line
    probe = Probe(Words(TWO))
    responder.answer = lambda request: [(0.0, rtu(2, 3, 7, 8)), (0.01, rtu(1, 3, 0, 1))]
    async with running(bus_of(settings_of(plug), probe).run()):
        await until(lambda: len(probe.driver.polls) >= 3)
    assert probe.misread() == []
    assert probe.heard.faults == []


async def test_a_refused_group_is_read_register_by_register_from_then_on(line: Line) -> None:
    plug, responder = line
    four = RegisterRange(function=3, address=10, count=4)
    probe = Probe(Words(four))
    refused = b"\x01\x83\x02" + crc(b"\x01\x83\x02")

    def answer(request: Request) -> Sequence[Reply]:
        return [(0.0, refused)] if request[3] > 1 or request[2] == 12 else echo_address(request)

    responder.answer = answer
    bus = bus_of(settings_of(plug), probe)
    async with running(bus.run()):
        await until(lambda: len(probe.driver.polls) >= 4)
    hole = RegisterRange(3, 12, 1)
    assert all(
        poll == RegistersRead({(3, 10): 10, (3, 11): 11, (3, 13): 13}, {hole: "exception-2"})
        for poll in probe.driver.polls
    )
    assert responder.requests[:5] == [(1, 3, 10, 4), *((1, 3, address, 1) for address in (10, 11, 12, 13))]
    assert responder.requests.count((1, 3, 10, 4)) == responder.requests.count((1, 3, 12, 1)) == 1
    assert bus.counters["probe-1"].faults == {"exception-2": 2}
    assert probe.heard.states == [("available", None)]


async def test_a_device_that_refuses_every_register_stays_available_at_one_request_a_poll(line: Line) -> None:
    plug, responder = line
    probe = Probe(Words(TWO))
    refused = b"\x01\x83\x02" + crc(b"\x01\x83\x02")
    responder.answer = lambda request: [(0.0, refused)]
    async with running(bus_of(settings_of(plug), probe).run()):
        await until(lambda: len(responder.requests) >= 6)
    assert responder.requests[:6] == [(1, 3, 0, 2), (1, 3, 0, 1), (1, 3, 1, 1), *[(1, 3, 0, 1)] * 3]
    assert probe.heard.states == [("available", None)]


async def test_a_busy_device_is_available_and_its_fault_shows(line: Line) -> None:
    plug, responder = line
    probe = Probe(Words(RegisterRange(4, 0, 2)))
    responder.answer = lambda request: [(0.0, bytes.fromhex(VECTORS["mb-25"]["response_hex"]))]
    async with running(bus_of(settings_of(plug), probe).run()):
        await until(lambda: len(probe.heard.faults) >= 3)
    assert set(probe.heard.faults) == {"exception-6"}
    assert probe.heard.states == [("available", None)]


async def test_after_bytes_out_of_turn_the_line_is_left_alone_until_the_rest_has_come(line: Line) -> None:
    plug, responder = line
    probe = Probe(Words(HUNDRED), poll_interval_ms=100)
    right, stray = rtu(1, 3, 100), rtu(1, 3, 0)

    def stray_around_the_second_poll(request: Request) -> Sequence[Reply]:
        return [(0.0, right), (0.06, stray), (0.115, stray)] if len(responder.requests) == 1 else [(0.05, right)]

    responder.answer = stray_around_the_second_poll
    bus = bus_of(settings_of(plug, answer_timeout_ms=150, drain_ms=150), probe)
    async with running(bus.run()):
        await until(lambda: len(probe.driver.polls) >= 3)
    assert probe.misread() == []
    assert set(bus.counters["probe-1"].faults) == {"out-of-turn"}
    assert bus.counters["probe-1"].polls_missed > 0


async def test_a_line_that_never_gets_quiet_is_asked_all_the_same_and_the_failure_shows(line: Line) -> None:
    plug, responder = line
    probe = Probe(Words(ONE))
    responder.answer = lambda request: []
    async with running(bus_of(settings_of(plug, drain_ms=100), probe).run(), _babble(responder)):
        await until(lambda: len(probe.driver.polls) >= 2)
    assert probe.heard.states == [("silent", "garbled")]
    assert probe.heard.readings == []


async def _babble(responder: Responder) -> None:
    while True:
        responder.send(b"\xaa")
        await asyncio.sleep(0.005)


async def test_an_adapter_that_echoes_what_is_sent_is_understood(line: Line) -> None:
    plug, responder = line
    probe = Probe(Words(TWO))

    def echo_and_answer(request: Request) -> Sequence[Reply]:
        body = struct.pack(">BBHH", *request)
        return [(0.0, body + crc(body)), (0.01, echo_address(request)[0][1])]

    responder.answer = echo_and_answer
    bus = bus_of(settings_of(plug), probe)
    async with running(bus.run()):
        await until(lambda: len(probe.driver.polls) >= 3)
    assert probe.misread() == []
    assert not bus.counters["probe-1"].faults


async def test_between_an_answer_and_the_next_request_lie_three_and_a_half_characters(line: Line) -> None:
    plug, responder = line
    answered_at: list[float] = []

    def answer(request: Request) -> Sequence[Reply]:
        answered_at.append(time.monotonic())
        return echo_address(request)

    responder.answer = answer
    link = SerialSettings(port=str(plug.link), baudrate=4800)
    probe = Probe(Words(ONE, HUNDRED))
    async with running(bus_of(ModbusLineSettings(link=link), probe).run()):
        await until(lambda: len(responder.requests) >= 10)
    gaps_s = [heard - answered for answered, heard in zip(answered_at, responder.heard_at[1:], strict=False)]
    assert min(gaps_s) >= 3.5 * 10 / 4800


async def test_a_port_that_vanishes_in_mid_answer_and_returns_elsewhere_is_used_again(line: Line) -> None:
    plug, responder = line
    probes = [Probe(Words(TWO), unit_id) for unit_id in (1, 2)]
    bus = bus_of(settings_of(plug), *probes)
    async with running(bus.run()):
        await until(lambda: all(probe.heard.readings for probe in probes))
        responder.answer = lambda request: [(0.0, echo_address(request)[0][1][:4])]
        asked = len(responder.requests)
        await until(lambda: len(responder.requests) > asked)
        plug.unplug()
        await until(lambda: all(len(probe.heard.states) == 2 for probe in probes))
        responder.answer = echo_address
        plug.plug()
        await until(lambda: all(len(probe.heard.states) == 3 for probe in probes))
    for probe in probes:
        assert probe.heard.states == [("available", None), ("unavailable", "unplugged"), ("available", None)]
        assert probe.misread() == []
        assert bus.counters[probe.device.device_id].reconnects == 1


async def test_a_driver_that_raises_does_not_disturb_the_others_of_its_line(line: Line) -> None:
    plug, _ = line
    buggy, good = Probe(Buggy(ONE), 1), Probe(Words(ONE), 2)
    bus = bus_of(settings_of(plug), buggy, good)
    async with running(bus.run()):
        await until(lambda: len(good.heard.readings) >= 5)
    assert set(bus.counters["probe-1"].faults) == {"driver-bug"}
    assert buggy.heard.readings == []
    assert good.heard.states == [("available", None)]
    assert bus.counters["probe-1"].reconnects == 0


async def test_a_slot_that_nobody_had_time_for_is_counted(line: Line) -> None:
    plug, responder = line
    probe = Probe(Words(ONE), poll_interval_ms=10)
    responder.answer = lambda request: [(0.035, echo_address(request)[0][1])]
    bus = bus_of(settings_of(plug), probe)
    async with running(bus.run()):
        await until(lambda: len(probe.driver.polls) >= 5)
    assert bus.counters["probe-1"].polls_missed >= 2 * 4


async def test_when_one_device_is_back_the_other_silent_ones_are_tried_at_once(line: Line) -> None:
    plug, responder = line
    probes = [Probe(Words(ONE), unit_id) for unit_id in (1, 2, 3)]
    responder.answer = lambda request: []
    async with running(bus_of(settings_of(plug, answer_timeout_ms=10, drain_ms=10), *probes).run()):
        await until(lambda: len(responder.requests) >= 6)  # By now the pauses are two seconds and more.
        responder.answer = echo_address
        await until(lambda: probes[0].heard.readings)
        came_back = len(responder.requests)
        await until(lambda: all(probe.heard.readings for probe in probes))
    assert len(responder.requests) - came_back <= 6


# Modbus TCP -------------------------------------------------------------------------------------------------------


class Gateway(asyncio.Protocol):
    """A Modbus TCP gateway whose registers go up by one with each reading; `spoil` changes its answers."""

    def __init__(self) -> None:
        self.port = 0
        self.connections: list[asyncio.Transport] = []
        self.readings = 0
        self.spoil: Callable[[bytes], Sequence[bytes]] = lambda frame: [frame]
        self._server: asyncio.Server | None = None
        self._buffer = b""

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(lambda: self, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self.connections:
            connection.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.connections.append(transport)
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 12:
            frame, self._buffer = self._buffer[:12], self._buffer[12:]
            transaction, _, _, unit, function, _, count = struct.unpack(">HHHBBHH", frame)
            words = [self.readings % 0x10000] * count
            self.readings += 1
            answer = struct.pack(f">HHHBBB{count}H", transaction, 0, 3 + 2 * count, unit, function, 2 * count, *words)
            for piece in self.spoil(answer):
                self.connections[-1].write(piece)


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    gateway = Gateway()
    await gateway.start()
    yield gateway
    gateway.stop()


def tcp_settings(port: int, **more: object) -> ModbusLineSettings:
    link = TcpSettings(host="127.0.0.1", port=port)
    return ModbusLineSettings.model_validate({"link": link, "answer_timeout_ms": 100, **more})


def first_spoiled(replies: Callable[[bytes], Sequence[bytes]]) -> Callable[[bytes], Sequence[bytes]]:
    waiting = [replies]
    return lambda frame: waiting.pop()(frame) if waiting else [frame]


@pytest.mark.parametrize(
    ("replies", "fault"),
    [
        (lambda frame: [b"\xff\xfe" + frame[2:]], "wrong-transaction"),
        (lambda frame: [frame[:6] + b"\x07" + frame[7:]], "wrong-device"),
        (lambda frame: [frame[:4] + b"\x00\x05" + frame[6:8] + b"\x02" + frame[9:11]], "short-response"),
        (lambda frame: [frame[:4] + b"\x00\x03" + frame[6:7] + b"\x83\x0b"], "exception-11"),
        (lambda frame: [], "no-answer"),
    ],
)
async def test_a_bad_tcp_answer_is_named_and_the_connection_goes_on(
    gateway: Gateway, replies: Callable[[bytes], Sequence[bytes]], fault: str
) -> None:
    probe = Probe(Words(TWO))
    gateway.spoil = first_spoiled(replies)
    bus = bus_of(tcp_settings(gateway.port), probe)
    async with running(bus.run()):
        await until(lambda: len(probe.heard.readings) >= 4)
    assert probe.driver.polls[0] == RegistersRead({}, {TWO: "no-answer" if fault == "exception-11" else fault})
    assert bus.counters["probe-1"].faults == {fault: 1}
    assert len(gateway.connections) == 1


async def test_a_device_for_which_only_its_gateway_answers_is_silent(gateway: Gateway) -> None:
    probe = Probe(Words(ONE, HUNDRED))
    gateway.spoil = lambda frame: [frame[:4] + b"\x00\x03" + frame[6:7] + b"\x83\x0b"]
    bus = bus_of(tcp_settings(gateway.port), probe)
    async with running(bus.run()):
        await until(lambda: probe.driver.polls)
    assert probe.driver.polls[0] == RegistersRead({}, {ONE: "no-answer", HUNDRED: "no-answer"})
    assert probe.heard.states == [("silent", "exception-11")]
    assert bus.counters["probe-1"].faults == {"exception-11": 1}


async def test_a_late_tcp_answer_is_told_by_its_number(gateway: Gateway) -> None:
    probe = Probe(Words(ONE))
    kept: list[bytes] = []

    def keep_the_first(frame: bytes) -> Sequence[bytes]:
        kept.append(frame)
        return [] if len(kept) == 1 else [kept[0], frame] if len(kept) == 2 else [frame]

    gateway.spoil = keep_the_first
    async with running(bus_of(tcp_settings(gateway.port), probe).run()):
        await until(lambda: len(probe.heard.readings) >= 3)
    assert [int(reading.value) for reading in probe.heard.readings[:3]] == [1, 2, 3]


async def test_a_stream_out_of_step_is_opened_anew(gateway: Gateway) -> None:
    probe = Probe(Words(ONE))
    gateway.spoil = first_spoiled(lambda frame: [b"HTTP/1.1 400 Bad Request\r\n"])
    async with running(bus_of(tcp_settings(gateway.port), probe).run()):
        await until(lambda: probe.heard.readings)
    assert probe.heard.states == [("unavailable", "out-of-step"), ("available", None)]
    assert len(gateway.connections) == 2


async def test_a_gateway_that_is_reset_is_connected_again_and_no_reading_is_doubled(gateway: Gateway) -> None:
    probe = Probe(Words(ONE))
    bus = bus_of(tcp_settings(gateway.port), probe)
    async with running(bus.run()):
        await until(lambda: len(probe.heard.readings) >= 3)
        gateway.connections[-1].abort()
        await until(lambda: len(probe.heard.states) == 3)
    values = [int(reading.value) for reading in probe.heard.readings]
    assert len(set(values)) == len(values)
    assert probe.heard.states == [("available", None), ("unavailable", "connection-lost"), ("available", None)]
    assert bus.counters["probe-1"].reconnects == 1


async def test_at_a_poll_every_20_ms_each_slot_is_a_reading_or_counted_as_missed(gateway: Gateway) -> None:
    probe = Probe(Words(ONE), poll_interval_ms=20)
    bus = bus_of(tcp_settings(gateway.port), probe)
    async with running(bus.run()):
        await until(lambda: len(probe.heard.readings) >= 100)
    readings = probe.heard.readings
    assert [int(reading.value) for reading in readings] == list(range(len(readings)))  # None lost, none doubled.
    passed_ms = readings[-1].observed_at.monotonic_ms - readings[0].observed_at.monotonic_ms
    slots = len(readings) - 1 + bus.counters["probe-1"].polls_missed
    assert slots == pytest.approx(passed_ms / 20, abs=2)


@pytest.mark.parametrize("framing", ["by_link", "rtu"])
async def test_a_pymodbus_server_is_understood(framing: str) -> None:
    framer = FramerType.SOCKET if framing == "by_link" else FramerType.RTU
    registers = [SimData(0, values=list(range(200)), datatype=DataType.REGISTERS)]
    server = ModbusTcpServer(
        [SimDevice(id=i, simdata=registers) for i in (1, 2)], framer=framer, address=("127.0.0.1", 0)
    )
    serving = asyncio.create_task(server.serve_forever())
    await until(lambda: server.transport is not None)
    port = server.transport.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    input_registers = RegisterRange(function=4, address=3, count=125)
    probes = [Probe(Words(ONE, HUNDRED, input_registers), unit_id) for unit_id in (1, 2)]
    async with running(bus_of(tcp_settings(port, framing=framing), *probes).run()):
        await until(lambda: all(len(probe.driver.polls) >= 3 for probe in probes))
    await server.shutdown()
    await serving
    for probe in probes:
        assert probe.misread() == []
        assert all(len(poll.values) == 127 for poll in probe.driver.polls)
