"""What an edge must be told to serve a simulated warehouse: the configuration file, written from what the simulator says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_MODBUS_DRIVERS = {"xy_md02": "xy_md02", "pr3000": "renke_pr3000"}


def edge_configuration(
    description: Mapping[str, Any], *, edge_id: str, folder: Path, broker: str, catalogue: Path, console_port: int
) -> str:
    """The TOML text for an edge at the site that `ready` of the simulator describes."""
    lines = [
        f"edge_id = {_text(edge_id)}",
        f"data_folder = {_text(folder)}",
        f"catalogue_file = {_text(catalogue)}",
        "live_interval_s = 2.0",
        'clock = {source = "trusted"}',
        f"console = {{port = {console_port}}}",
        broker,
        *_devices(description["devices"]),
        *_line_of_probes(description["devices"]["rs485"]),
        "[capture.work_places.bench]",
        "tags_quiet_ms = 300",
        "[capture.devices]",
        'scanner = {role = "dialogue", work_place = "bench"}',
        'rfid = {role = "dialogue", work_place = "bench"}',
        'scale = {{role = "weighing", work_place = "bench", scale = {{division = "{}"}}}}'.format(
            description["devices"]["scale"]["division"]
        ),
        *(f'{probe_id(zone)} = {{role = "climate"}}' for zone in description["devices"]["rs485"]["addresses"]),
    ]
    return "\n".join(lines) + "\n"


def _devices(devices: Mapping[str, Any]) -> Iterator[str]:
    """The devices on ports of their own. The scanner says the same code twice when a person does: no window."""
    settings: dict[str, dict[str, object]] = {
        "scanner": {"duplicate_window_ms": 0},
        "scale": {"unit": "kg"} if devices["scale"]["kind"] == "yaohua_tf0" else {},
        "rfid": {},
    }
    for name in ("scanner", "scale", "rfid"):
        yield "[[devices]]"
        yield f"id = {_text(name)}"
        yield f"driver = {_text(devices[name]['kind'])}"
        yield f"link = {_link(devices[name])}"
        for key, value in settings[name].items():
            yield f"settings.{key} = {json.dumps(value)}"


def _line_of_probes(line: Mapping[str, Any]) -> Iterator[str]:
    yield "[[buses]]"
    yield 'id = "rs485"'
    yield f"link = {_link(line)}"
    for zone, address in line["addresses"].items():
        yield "[[buses.devices]]"
        yield f"id = {_text(probe_id(zone))}"
        yield f"driver = {_text(_MODBUS_DRIVERS[line['kind']])}"
        yield f"settings = {{unit_id = {address}, poll_interval_ms = 1000}}"


def _link(device: Mapping[str, Any]) -> str:
    if "host" in device:
        return f'{{kind = "tcp", host = {_text(device["host"])}, port = {device["port"]}}}'
    return f'{{kind = "serial", port = {_text(device["link"])}, baudrate = {device["baud"]}}}'


def probe_id(zone: str) -> str:
    return f"probe-{zone.lower()}"


def _text(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)
