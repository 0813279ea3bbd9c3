"""Builds every part from the settings and connects them. No logic here."""

from __future__ import annotations

import asyncio
import importlib.metadata
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol, cast

from onebook_edge.archive.archive import PaperArchive
from onebook_edge.briefing import Briefing
from onebook_edge.capture.pipeline import Pipeline
from onebook_edge.care.configuration import Configuration
from onebook_edge.care.hands import Hands
from onebook_edge.care.runner import CareRunner
from onebook_edge.catalog import DRIVERS
from onebook_edge.clock import SystemClock, new_movement_id
from onebook_edge.console.settings import ConsoleSettings
from onebook_edge.device import ByteDriver, Faulted, ModbusDriver, Observed
from onebook_edge.device_runner import DeviceRunner
from onebook_edge.device_trouble import DeviceTrouble
from onebook_edge.document_numbers import DocumentNumbers
from onebook_edge.drafts_file import read_states
from onebook_edge.errors import RefusedError
from onebook_edge.identity.broker_line import BrokerLine, broker_line
from onebook_edge.identity.runner import RenewalRunner
from onebook_edge.links.device_status import DeviceState, Sink
from onebook_edge.links.link_settings import build_link
from onebook_edge.links.modbus_bus import BusDevice, ModbusBus
from onebook_edge.links.replay_link import ReplaySettings
from onebook_edge.links.serial_link import SerialSettings
from onebook_edge.links.tcp_link import TcpSettings
from onebook_edge.logs import RECENT, get_logger
from onebook_edge.outbox.outbox import Outbox
from onebook_edge.recorder import Recorder
from onebook_edge.reference.library import Library
from onebook_edge.registers import ModbusSettings
from onebook_edge.settings import BusSettings, DeviceSettings, EdgeSettings, load_catalogue
from onebook_edge.stock.keeper import StockKeeper
from onebook_edge.stock.own_journal import OwnJournal
from onebook_edge.supervisor import VITAL, Supervised, Supervisor, notify_service_manager
from onebook_edge.uplink.runner import BrokerAddress, UplinkRunner
from onebook_edge.watchdog import Part
from onebook_edge.witness import DOCUMENT, Witness
from onebook_schemas.reference import DOCUMENTS
from onebook_schemas.uplink import Stream

log = get_logger()

SWITCH_INTERVAL_S = 0.001
"""How long the event loop may keep the interpreter while a commit waits for it. A commit asks for it some ten times; with
Python's 5 ms, one scan in twenty was on the disk 50 ms later than need be when probes are polled at full rate."""


OUTBOX_PATIENCE_MS = 60_000  # A worn card may take half a minute for one sync.
DEVICE_PATIENCE_MS = 60_000  # Three times its longest wait, and the slowest line that can be configured in good sense.
UPLINK_PATIENCE_MS = 600_000  # It copies the whole journal when it begins a new epoch.


class Agent:
    """One life of an edge: `agent = await Agent.open(configuration)`, then `await agent.run()`."""

    def __init__(self, configuration: Configuration, clock: SystemClock, outbox: Outbox) -> None:
        self.outbox = outbox
        settings = self._settings = configuration.settings
        states_file = settings.data_folder / "drafts.json"
        states = read_states(states_file, clock.now())
        catalogue = load_catalogue(settings)
        numbers = DocumentNumbers(settings.data_folder / "numbers.json", outbox[Stream.JOURNAL].epoch)
        pipeline = Pipeline(settings.capture, catalogue, new_movement_id, states, numbers.next_number)
        keeper = StockKeeper(OwnJournal(outbox), catalogue)
        self.briefing = Briefing(pipeline, keeper, numbers)
        self._clock = clock
        self.recorder = Recorder(outbox, pipeline, clock, states_file, software_version(), on_recorded=keeper.feed)
        self._line = broker_line(settings.edge_id, settings.identity_folder, settings.broker)
        if self._line.tls is None:
            host = self._line.host
            log.warning("broker_without_tls", host=host, meaning="明文，仅限本机 / plain text, this machine only")
        self._runners: dict[str, DeviceRunner] = {}
        self._hands = Hands(self._ask_device, self._restart_device, RECENT)
        self.care = CareRunner(configuration, self._hands, clock, lambda: self.supervisor.end())
        self.library = Library(settings.reference_folder, self._hold)
        for kind in DOCUMENTS.values():
            self.library.on_changed(kind, self.briefing.take)
        self.uplink = self._build_uplink()  # Begun anew it is another one: whoever needs it asks for it each time.
        self.witness = Witness(settings.checkpoints_path, settings.edge_id, self._hold, outbox.record)
        self.renewal = _renewal(settings, self._line, clock, lambda reason: self.uplink.link.reconnect(reason))
        self.archive: PaperArchive | None = None  # Of a box with a console.
        self.supervisor = Supervisor([*self._own_parts(), *self._device_parts()], clock, notify_service_manager)

    @classmethod
    async def open(cls, configuration: Configuration) -> Agent:
        settings = configuration.settings
        clock = SystemClock(trusted=settings.clock.source == "trusted")
        asked = settings.outbox
        outbox = await Outbox.open(settings.data_folder, settings.edge_id, clock, asked.budget, asked.chain_hash)
        return cls(configuration, clock, outbox)

    async def run(self) -> None:
        """Run every part until cancelled, or until another configuration is to be run with; then close the outbox."""
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        log.info("edge_started", edge_id=self._settings.edge_id, version=software_version())
        try:
            await self.supervisor.run()
        finally:
            if self.archive is not None:
                await self.archive.close()
            await self.outbox.close()

    def _own_parts(self) -> Iterator[Supervised]:
        yield Supervised(Part(VITAL, OUTBOX_PATIENCE_MS, is_vital=True), self.recorder.write)
        for name, duty in self.recorder.duties.items():
            yield Supervised(Part(name, None), lambda _, duty=duty: duty())  # type: ignore[misc]
        yield Supervised(Part("stock", None), lambda _: self.briefing.keeper.run())
        yield Supervised(Part("uplink", UPLINK_PATIENCE_MS), self._run_uplink)
        yield Supervised(Part("care", None), lambda _: self.care.run())
        yield Supervised(Part("witness", None), lambda _: self.witness.run())
        yield Supervised(Part("library", None), lambda _: self.library.run())
        if (console := self._settings.console) is not None:
            archive = self.archive = PaperArchive(self._settings.data_folder / "papers.db", self.outbox)
            yield Supervised(Part("archive", None), lambda _: archive.run())
            yield Supervised(Part("console", None), lambda _: self._run_console(console, archive))
        if (renewal := self.renewal) is not None:
            yield Supervised(Part("renewal", None), lambda _: renewal.run())
        yield Supervised(Part("live", None), lambda _: self._publish_live())

    def _device_parts(self) -> Iterator[Supervised]:
        hear, clock = self._hear, self._clock
        for device in self._settings.devices:
            yield _supervised(device.id, [device.id], hear, clock, device.link, partial(self._build_device, device))
        for bus in self._settings.buses:
            yield _supervised(bus.id, [one.id for one in bus.devices], hear, clock, bus.link, partial(build_bus, bus))

    def _hold(self, name: str, version: int) -> None:
        self.uplink.hold_document(name, version)

    def _hear(self, output: Observed | Faulted | DeviceState) -> None:
        self._hands.hear(output)
        self.recorder.hear(output)

    def _build_device(
        self, settings: DeviceSettings, sink: Sink, clock: SystemClock, turn: Callable[[], None]
    ) -> DeviceRunner:
        runner = self._runners[settings.id] = build_device(settings, sink, clock, turn)
        return runner

    async def _ask_device(self, device_id: str, command: str) -> None:
        """Hand a command to a device on a port of its own. Raises RefusedError if it is none, or not connected."""
        runner = self._runners.get(device_id)
        if runner is None:
            raise RefusedError(
                "没有能接受命令的设备 (no device that takes commands)", f"检查名称 (check the name): {device_id}"
            )
        await runner.command(command)

    def _restart_device(self, device_id: str) -> bool:
        """Build a device, or the line that it hangs on, anew; whether there is one."""
        lines = {one.id: bus.id for bus in self._settings.buses for one in bus.devices}
        return self.supervisor.restart(_part_of(lines.get(device_id, device_id)))

    def _build_uplink(
        self, turn: Callable[[], None] = lambda: None, documents_held: Mapping[str, int] | None = None
    ) -> UplinkRunner:
        broker = BrokerAddress(self._line.host, self._line.port, self._line.tls)
        edge_id, version = self._settings.edge_id, software_version()
        uplink = UplinkRunner(
            edge_id, self.outbox, self._clock, broker, version, turn=turn, documents_held=documents_held
        )
        self.care.attach(uplink)
        uplink.listen(DOCUMENT, lambda body: self.witness.hear(body))
        for name in DOCUMENTS:
            uplink.listen(name, partial(self.library.hear, name))
        return uplink

    async def _run_uplink(self, turn: Callable[[], None]) -> None:
        held = self.uplink.documents_held
        self.uplink = self._build_uplink(turn, held)  # Each life begins with what the outbox says.
        await self.uplink.run()

    async def _run_console(self, settings: ConsoleSettings, archive: PaperArchive) -> None:
        from onebook_edge.console.desk import (  # Here: a box without a console loads no web server.
            Desk,
        )
        from onebook_edge.console.photos import Photos
        from onebook_edge.console.server import run_console

        desk = Desk(
            edge_id=self._settings.edge_id,
            recorder=self.recorder,
            capture=self._settings.capture,
            clock=self._clock,
            library=self.library,
            devices=self._settings.device_ids,
            archive=archive,
            is_connected=lambda: self.uplink.link.connected.is_set(),
            is_enrolled=self._line.identity is not None,
            stock=lambda: self.briefing.keeper.stock,
            photos=Photos(self._settings.data_folder / "photos"),
        )
        await run_console(desk, settings)

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


def _part_of(device_or_line: str) -> str:
    return f"device:{device_or_line}"


class _Runner(Protocol):
    async def run(self) -> None: ...


def _supervised(
    name: str,
    device_ids: Sequence[str],
    sink: Sink,
    clock: SystemClock,
    link: SerialSettings | TcpSettings | ReplaySettings,
    build: Callable[[Sink, SystemClock, Callable[[], None]], _Runner],
) -> Supervised:
    """A device or a line: built anew, with its link and its drivers, for each life."""
    trouble = DeviceTrouble(device_ids, sink, clock)
    waits_ms = round(link.connect_timeout_s * 1000) if isinstance(link, TcpSettings) else 0
    return Supervised(
        Part(_part_of(name), DEVICE_PATIENCE_MS + waits_ms),
        lambda turn: build(trouble.hear, clock, turn).run(),
        on_troubled=trouble.begin,
        on_recovered=trouble.end,
    )


def build_device(
    settings: DeviceSettings, sink: Sink, clock: SystemClock, turn: Callable[[], None] = lambda: None
) -> DeviceRunner:
    """A device on a port of its own."""
    entry = DRIVERS[settings.driver]
    return DeviceRunner(
        settings.id,
        build_link(settings.link),
        lambda: cast(ByteDriver, entry.build(settings.id, settings.settings)),
        sink,
        clock,
        silence_after_s=settings.silence_after_s,
        turn=turn,
    )


def build_bus(
    settings: BusSettings, sink: Sink, clock: SystemClock, turn: Callable[[], None] = lambda: None
) -> ModbusBus:
    """A Modbus line with its devices."""
    devices = []
    for one in settings.devices:
        entry = DRIVERS[one.driver]
        own = cast(ModbusSettings, entry.settings.model_validate(one.settings))
        driver = cast(ModbusDriver, entry.build(one.id, one.settings))
        devices.append(BusDevice(one.id, own.unit_id, own.poll_interval_ms, driver, sink))
    return ModbusBus(build_link(settings.link), settings, devices, clock, turn)


def software_version() -> str:
    return importlib.metadata.version("onebook")
