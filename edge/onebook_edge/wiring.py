"""Builds every part from the settings and connects them. No logic here."""

from __future__ import annotations

import asyncio
import importlib.metadata
import sys
from collections.abc import Callable
from typing import cast

from onebook_edge.capture.pipeline import Pipeline
from onebook_edge.catalog import DRIVERS
from onebook_edge.clock import SystemClock, new_movement_id
from onebook_edge.device import ByteDriver, ModbusDriver
from onebook_edge.device_runner import DeviceRunner
from onebook_edge.identity.broker_line import BrokerLine, broker_line
from onebook_edge.identity.runner import RenewalRunner
from onebook_edge.links.device_status import Sink
from onebook_edge.links.link_settings import build_link
from onebook_edge.links.modbus_bus import BusDevice, ModbusBus
from onebook_edge.logs import get_logger
from onebook_edge.outbox.outbox import Outbox
from onebook_edge.recorder import Recorder, read_states
from onebook_edge.registers import ModbusSettings
from onebook_edge.settings import BusSettings, DeviceSettings, EdgeSettings, load_catalogue
from onebook_edge.uplink.runner import BrokerAddress, UplinkRunner
from onebook_edge.witness import DOCUMENT, Witness

log = get_logger()

SWITCH_INTERVAL_S = 0.001
"""How long the event loop may keep the interpreter while a commit waits for it. A commit asks for it some ten times; with
Python's 5 ms, one scan in twenty was on the disk 50 ms later than need be when probes are polled at full rate."""


class Agent:
    """One edge. `async with await Agent.open(settings)`, then `await agent.run()`."""

    def __init__(self, settings: EdgeSettings, clock: SystemClock, outbox: Outbox) -> None:
        self.outbox = outbox
        self._settings = settings
        states_file = settings.data_folder / "drafts.json"
        states = read_states(states_file, clock.now())
        pipeline = Pipeline(settings.capture, load_catalogue(settings), new_movement_id, states)
        version = software_version()
        self.recorder = Recorder(outbox, pipeline, clock, states_file, version)
        line = broker_line(settings.edge_id, settings.identity_folder, settings.broker)
        if line.tls is None:
            log.warning("broker_without_tls", host=line.host, meaning="明文，仅限本机 / plain text, this machine only")
        broker = BrokerAddress(line.host, line.port, line.tls)
        self.uplink = UplinkRunner(settings.edge_id, outbox, clock, broker, version)
        self.witness = Witness(settings.checkpoints_path, settings.edge_id, self.uplink.hold_document)
        self.uplink.listen(DOCUMENT, self.witness.hear)
        self.renewal = _renewal(settings, line, clock, self.uplink.link.reconnect)
        self.devices = [build_device(device, self.recorder.hear, clock) for device in settings.devices]
        self.buses = [build_bus(bus, self.recorder.hear, clock) for bus in settings.buses]

    @classmethod
    async def open(cls, settings: EdgeSettings) -> Agent:
        clock = SystemClock(trusted=settings.clock.source == "trusted")
        outbox = await Outbox.open(settings.data_folder, settings.edge_id, clock, settings.outbox.budget)
        return cls(settings, clock, outbox)

    async def run(self) -> None:
        """Run every part until cancelled; then close the outbox."""
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        log.info("edge_started", edge_id=self._settings.edge_id, version=software_version())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.recorder.run())
                tasks.create_task(self.uplink.run())
                tasks.create_task(self.witness.run())
                tasks.create_task(self._publish_live())
                if self.renewal is not None:
                    tasks.create_task(self.renewal.run())
                for device in self.devices:
                    tasks.create_task(device.run())
                for bus in self.buses:
                    tasks.create_task(bus.run())
        finally:
            await self.outbox.close()

    async def _publish_live(self) -> None:
        while True:
            await asyncio.sleep(self._settings.live_interval_s)
            await self.uplink.publish_live(self.recorder.pipeline.live())


def _renewal(
    settings: EdgeSettings, line: BrokerLine, clock: SystemClock, reconnect: Callable[[str], None]
) -> RenewalRunner | None:
    if line.identity is None or line.tls is None:
        return None
    return RenewalRunner(settings.identity_folder, line.identity, line.tls, clock, reconnect)


def build_device(settings: DeviceSettings, sink: Sink, clock: SystemClock) -> DeviceRunner:
    """A device on a port of its own."""
    entry = DRIVERS[settings.driver]
    return DeviceRunner(
        settings.id,
        build_link(settings.link),
        lambda: cast(ByteDriver, entry.build(settings.id, settings.settings)),
        sink,
        clock,
        silence_after_s=settings.silence_after_s,
    )


def build_bus(settings: BusSettings, sink: Sink, clock: SystemClock) -> ModbusBus:
    """A Modbus line with its devices."""
    devices = []
    for one in settings.devices:
        entry = DRIVERS[one.driver]
        own = cast(ModbusSettings, entry.settings.model_validate(one.settings))
        driver = cast(ModbusDriver, entry.build(one.id, one.settings))
        devices.append(BusDevice(one.id, own.unit_id, own.poll_interval_ms, driver, sink))
    return ModbusBus(build_link(settings.link), settings, devices, clock)


def software_version() -> str:
    return importlib.metadata.version("onebook")
