"""A work bench with a screen: the production agent with its console as a process, simulated devices behind pseudo terminals.

The devices are driven by the test itself: a scan is bytes on the line, as a scanner sends them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sqlite3
import time
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from onebook_deploy.mosquitto import free_port
from onebook_edge.outbox.sqlite_store import plain_body
from onebook_edge.reference.shelf import Shelf
from onebook_firmware_sim.devices.climate_element import ClimateElement
from onebook_firmware_sim.devices.modbus_line import ModbusLine
from onebook_firmware_sim.devices.modbus_sensor import ModbusSensor
from onebook_firmware_sim.devices.mt_sics import MtSics
from onebook_firmware_sim.devices.r200 import R200
from onebook_firmware_sim.devices.serial_scanner import CodePresented, ScannerSettings, SerialScanner
from onebook_firmware_sim.devices.weighing import Weighing
from onebook_firmware_sim.devices.xy_md02 import XyMd02
from onebook_firmware_sim.ports import PtyPort
from onebook_firmware_sim.truth import AntennaField, Climate, LoadOnScale
from onebook_schemas.reference import ReferenceDocument
from tests.end_to_end.plant import Plant

EDGE = "edge-1"
BADGE, CONFIRM = "OBP-1001", "OBC-CONFIRM"
TENT, RICE_SEED = "0109520000000011", "0109520000000639"  # LS01001 by the piece, LS07001 by the kilogram.
_BETWEEN_SCANS_S = 0.03


class ConsoleBench:
    """`async with ConsoleBench(folder)`: devices are plugged in; the agent runs once `start` is called."""

    def __init__(self, folder: Path, *documents: ReferenceDocument, more: str = "", probes: int = 1) -> None:
        """`documents`: what the centre gave it before the line went down. `more` goes at the head of its configuration."""
        self._probes = probes
        self.folder = folder
        self.plant = Plant(folder)
        self.port = free_port()
        self.load = LoadOnScale()
        self.field = AntennaField()
        self.air = Climate(Decimal("21.5"), Decimal("55.0"))
        scanner = SerialScanner(ScannerSettings())
        scale = MtSics(Weighing(self.load, capacity=Decimal(150), division=Decimal("0.05")))
        units = range(1, probes + 1)
        line = ModbusLine([ModbusSensor(XyMd02(ClimateElement(self.air), address=unit)) for unit in units])
        devices = {"scanner": scanner, "scale": scale, "reader": R200(self.field, boot_ms=0), "line": line}
        self.ports = {name: PtyPort(device, folder / f"tty-{name}") for name, device in devices.items()}
        self.agent = self.plant.add_edge(EDGE, self._configuration(more))
        for document in documents:
            Shelf(self.plant.edge_folder(EDGE) / "reference").keep([document])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def work(self) -> str:
        """The page of the work place."""
        return f"{self.address}/at/bench"

    async def __aenter__(self) -> ConsoleBench:
        for port in self.ports.values():
            await port.plug()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.plant.__exit__(None, None, None)
        for port in self.ports.values():
            await port.unplug()

    async def start(self) -> None:
        """Start the agent, and return when its page is there and its scanner is heard."""
        journal = self.plant.edge_folder(EDGE) / "journal.db"
        heard = len(_states(journal)) if journal.exists() else 0
        self.agent.start()
        await self.until(lambda: _accepts(self.port))
        await self.until(lambda: "scanner" in _states(journal)[heard:])

    async def until(self, holds: Any, *, limit_s: float = 30.0) -> None:
        """Wait for something of the outside world. The agent must not die meanwhile."""
        deadline = time.monotonic() + limit_s
        while not holds():
            self.agent.must_run()
            assert time.monotonic() < deadline, f"waited {limit_s} s in vain\n{self.agent.last_words()}"
            await asyncio.sleep(0.02)

    async def scan(self, *codes: str) -> None:
        """As fast as a quick hand. Goods come as GS1-128, everything else as Code 128."""
        for code in codes:
            aim = "]C1" if code.startswith("01") else "]C0"
            self.ports["scanner"].tell(CodePresented(code, aim=aim))
            await asyncio.sleep(_BETWEEN_SCANS_S)

    def facts(self, *kinds: str) -> list[dict[str, Any]]:
        """What the journal on the disk holds, oldest first."""
        return journal_facts(self.plant.edge_folder(EDGE) / "journal.db", kinds)

    def _configuration(self, more: str) -> str:
        link = {
            name: f'{{kind = "serial", port = "{self.folder / f"tty-{name}"}", baudrate = 9600}}' for name in self.ports
        }
        return f"""
{more}
[console]
port = {self.port}
[[devices]]
id = "scanner"
driver = "serial_scanner"
link = {link["scanner"]}
settings = {{duplicate_window_ms = 0}}
[[devices]]
id = "scale"
driver = "mt_sics"
link = {link["scale"]}
[[devices]]
id = "reader"
driver = "r200"
link = {link["reader"]}
[[buses]]
id = "line"
link = {link["line"]}
{"".join(map(_probe, range(1, self._probes + 1)))}[capture.work_places.bench]
[capture.devices]
scanner = {{role = "dialogue", work_place = "bench"}}
reader = {{role = "dialogue", work_place = "bench"}}
scale = {{role = "weighing", work_place = "bench", scale = {{division = "0.05"}}}}
"""


def _probe(unit: int) -> str:
    name = "probe" if unit == 1 else f"probe-{unit}"
    return (
        f'[[buses.devices]]\nid = "{name}"\ndriver = "xy_md02"\n'
        f"settings = {{unit_id = {unit}, poll_interval_ms = 500}}\n"
    )


def journal_facts(path: Path, kinds: Iterable[str] = ()) -> list[dict[str, Any]]:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as book:
        bodies = [plain_body(row[0]) for row in book.execute("SELECT body FROM event ORDER BY sequence")]
    facts = [json.loads(body)["fact"] for body in bodies]
    return [fact for fact in facts if not kinds or fact["type"] in kinds]


def _states(journal: Path) -> list[str]:
    try:
        changed = journal_facts(journal, ("device_state_changed",))
    except sqlite3.OperationalError:
        return []  # The file is not there yet, or empty.
    return [fact["device"] for fact in changed if fact["state"] == "available"]


def _accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False
