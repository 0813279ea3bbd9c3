"""A work bench: a simulated scanner, scale and probe behind pseudo terminals, each a program that is worked by typing."""

from __future__ import annotations

import time
from pathlib import Path

from tests.end_to_end.plant import ONEBOOK
from tests.end_to_end.programs import Program

BADGE, CONFIRM, WEIGH = "OBP-1001", "OBC-CONFIRM", "OBC-WEIGH"
TENT, RICE_SEED = "]C10109520000000011", "]C10109520000000639"  # LS01001 by the piece, LS07001 by the kilogram.
BETWEEN_SCANS_S = 0.15


class Bench:
    """What an edge is told of it is `configuration`."""

    def __init__(self, folder: Path) -> None:
        kinds = {"scanner": "serial_scanner", "scale": "mt_sics", "probe": "xy_md02"}
        self.devices = {}
        for name, kind in kinds.items():
            call = ("sim", "device", "--kind", kind, "--link", str(folder / f"tty-{name}"))
            self.devices[name] = Program(name, folder, ONEBOOK, *call)
        links = {name: f'{{kind = "serial", port = "{folder / f"tty-{name}"}", baudrate = 9600}}' for name in kinds}
        self.configuration = f"""
[[devices]]
id = "scanner"
driver = "serial_scanner"
link = {links["scanner"]}
settings = {{duplicate_window_ms = 0}}
[[devices]]
id = "scale"
driver = "mt_sics"
link = {links["scale"]}
[[buses]]
id = "line"
link = {links["probe"]}
[[buses.devices]]
id = "probe"
driver = "xy_md02"
settings = {{unit_id = 1, poll_interval_ms = 500}}
[capture.work_places.bench]
[capture.devices]
scanner = {{role = "dialogue", work_place = "bench"}}
scale = {{role = "weighing", work_place = "bench", scale = {{division = "0.05"}}}}
"""

    def start(self) -> None:
        for device in self.devices.values():
            device.start()
            device.said_line()

    def stop(self) -> None:
        for device in self.devices.values():
            if device.is_running:
                device.kill()

    def scan(self, *codes: str) -> None:
        """As fast as a quick hand."""
        for code in codes:
            self.devices["scanner"].type(code)
            time.sleep(BETWEEN_SCANS_S)

    def receive(self, goods: str, amount: int, bin_code: str = "A-01") -> None:
        self.scan(BADGE, "OBC-RECEIVE", f"OBB-{bin_code}", goods, f"OBQ-{amount}", CONFIRM)

    def put_on_scale(self, kilograms: str) -> None:
        self.devices["scale"].type(kilograms)

    def change_air(self, temperature_c: str, humidity_rh: str) -> None:
        self.devices["probe"].type(f"{temperature_c} {humidity_rh}")
