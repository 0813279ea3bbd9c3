"""Listens to the devices whose ports nobody has open, and tries the other rates when they make no sense."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import cast

from onebook_edge.catalog import DRIVERS
from onebook_edge.clock import SystemClock
from onebook_edge.device import ByteDriver, Observed, Opened, Received, RegisterRange, Send
from onebook_edge.doctor.finding import Finding
from onebook_edge.doctor.judges import ToneFacts, UnitFacts, judge_scan, judge_tone, judge_trouble, judge_unit
from onebook_edge.links.line_probe import USUAL_RATES, UnitAnswer, ask_units, listen
from onebook_edge.links.link import LinkUnavailable
from onebook_edge.links.serial_link import SerialSettings
from onebook_edge.registers import ModbusSettings
from onebook_edge.settings import BusDeviceSettings, BusSettings, DeviceSettings

LISTEN_S = 1.5
RATE_S = 0.7  # For each other rate.
SCAN_ANSWER_S = 0.1
_ONE = RegisterRange(function=3, address=0, count=1)
_UNITS = range(1, 248)


def listen_to_device(device: DeviceSettings) -> Finding:
    """What a byte device says, through its own driver."""
    link = device.link
    assert isinstance(link, SerialSettings)
    try:
        heard, understood = _hear(device, link, LISTEN_S)
        others: tuple[int, ...] = ()
        if heard and not understood:
            others = tuple(
                rate
                for rate in USUAL_RATES
                if rate != link.baudrate and _hear(device, link.model_copy(update={"baudrate": rate}), RATE_S)[1]
            )
    except LinkUnavailable as error:
        return judge_trouble(device.id, error.reason)
    speaks_unasked = device.driver != "serial_scanner"
    return judge_tone(ToneFacts(device.id, link.baudrate, heard, understood, others, speaks_unasked))


def _hear(device: DeviceSettings, link: SerialSettings, seconds: float) -> tuple[int, int]:
    """Bytes, and readings that the driver made of them; what it asks the device at the start is asked."""
    driver = cast(ByteDriver, DRIVERS[device.driver].build(device.id, device.settings))
    now = SystemClock(trusted=True).now()
    ask = b"".join(output.data for output in driver.handle(Opened(), now) if isinstance(output, Send))
    heard = listen(link, seconds, ask)
    outputs = driver.handle(Received(heard), now) if heard else []
    return len(heard), sum(isinstance(output, Observed) for output in outputs)


def ask_devices(bus: BusSettings) -> Iterator[Finding]:
    """Whether each device of a line answers; a mute one is asked at the other rates."""
    for device in bus.devices:
        try:
            yield judge_unit(_ask_device(bus, device))
        except LinkUnavailable as error:
            yield judge_trouble(device.id, error.reason)


def _ask_device(bus: BusSettings, device: BusDeviceSettings) -> UnitFacts:
    link = bus.link
    assert isinstance(link, SerialSettings)
    entry = DRIVERS[device.driver]
    unit = cast(ModbusSettings, entry.settings.model_validate(device.settings)).unit_id
    wanted = next(iter(entry.build(device.id, device.settings).ranges()), _ONE)  # type: ignore[union-attr]
    answer_s = bus.answer_timeout_ms / 1000
    tries = [ask_units(link, [unit], wanted, answer_s)[0] for _ in range(2)]  # One lost answer is noise.
    answer = next((one for one in tries if one.has_answered), tries[-1])
    others: tuple[int, ...] = ()
    if not answer.has_answered:
        rates = [rate for rate in USUAL_RATES if rate != link.baudrate]
        others = tuple(rate for rate in rates if _answers_at(link, rate, unit, wanted, answer_s))
    return UnitFacts(device.id, link.baudrate, answer, others)


def _answers_at(link: SerialSettings, rate: int, unit: int, wanted: RegisterRange, answer_s: float) -> bool:
    return ask_units(link.model_copy(update={"baudrate": rate}), [unit], wanted, answer_s)[0].has_answered


def scan_bus(bus: BusSettings, seconds: float) -> Iterator[Finding]:
    """Ask every address of a line for one register, the configured ones first, within so many seconds."""
    assert isinstance(bus.link, SerialSettings)
    models = [DRIVERS[one.driver].settings.model_validate(one.settings) for one in bus.devices]
    expected = frozenset(cast(ModbusSettings, model).unit_id for model in models)
    units = sorted(_UNITS, key=lambda unit: (unit not in expected, unit))
    end = time.monotonic() + seconds
    try:
        answers: list[UnitAnswer] = ask_units(bus.link, units, _ONE, SCAN_ANSWER_S, lambda: time.monotonic() > end)
    except LinkUnavailable as error:
        yield judge_trouble(bus.id, error.reason)
        return
    yield from judge_scan(bus.id, answers, expected, len(answers))
