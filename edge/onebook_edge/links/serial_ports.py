"""Which serial ports this box has, by the names that survive a re-plug, and who may open them."""

from __future__ import annotations

import grp
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from serial.tools.list_ports import comports
from serial.tools.list_ports_common import ListPortInfo


@dataclass(frozen=True, slots=True)
class SerialPort:
    """One port. Put `stable_name` into the configuration."""

    device: str  # /dev/ttyUSB0: changes when re-plugged
    by_id: str | None  # /dev/serial/by-id/...: follows the adapter, if it has a serial number of its own
    by_path: str | None  # /dev/serial/by-path/...: follows the socket
    vendor: str | None
    product: str | None
    serial_number: str | None
    vendor_product_id: str | None  # "1a86:7523", as udev rules want it
    group: str  # whose members may open it
    may_open: bool  # whether this user may

    @property
    def stable_name(self) -> str:
        """Identical adapters without a serial number share one by-id name: those are told apart by their socket."""
        if self.serial_number is not None and self.by_id is not None:
            return self.by_id
        return self.by_path or self.by_id or self.device


def list_serial_ports(
    found: Iterable[ListPortInfo] | None = None, names: Path = Path("/dev/serial")
) -> list[SerialPort]:
    """The serial ports, in the order of their device names. `found`: what the system lists, for a test to hand in."""
    by_id, by_path = _links(names / "by-id"), _links(names / "by-path")
    return [
        SerialPort(
            device=port.device,
            by_id=by_id.get(os.path.realpath(port.device)),
            by_path=by_path.get(os.path.realpath(port.device)),
            vendor=port.manufacturer,
            product=port.product,
            serial_number=port.serial_number,
            vendor_product_id=None if port.vid is None else f"{port.vid:04x}:{port.pid:04x}",
            group=_group(os.stat(port.device).st_gid),
            may_open=os.access(port.device, os.R_OK | os.W_OK),
        )
        for port in sorted(comports() if found is None else found, key=lambda port: port.device)
        if os.path.exists(port.device)  # It may have been pulled out since.
    ]


def _links(folder: Path) -> dict[str, str]:
    """Device -> link name. The folder exists only while an adapter is plugged in."""
    if not folder.is_dir():
        return {}
    return {os.path.realpath(link): str(link) for link in sorted(folder.iterdir())}


def _group(group_id: int) -> str:
    try:
        return grp.getgrgid(group_id).gr_name
    except KeyError:
        return str(group_id)
