from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from serial.tools.list_ports_common import ListPortInfo

from onebook_edge.links.serial_ports import list_serial_ports


@pytest.fixture
def port() -> Iterator[str]:
    master, slave = os.openpty()
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


def found(device: str, serial_number: str | None = None) -> ListPortInfo:
    port = ListPortInfo(device)
    port.vid, port.pid = 0x1A86, 0x7523
    port.manufacturer, port.product, port.serial_number = "QinHeng", "USB Serial", serial_number
    return port


def link(folder: Path, name: str, device: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).symlink_to(device)
    return str(folder / name)


def test_an_adapter_with_a_serial_number_is_named_by_id(port: str, tmp_path: Path) -> None:
    by_id = link(tmp_path / "by-id", "usb-QinHeng_0001-if00", port)
    by_path = link(tmp_path / "by-path", "platform-usb-0:1.2", port)
    [listed] = list_serial_ports([found(port, "0001")], tmp_path)
    assert (listed.by_id, listed.by_path, listed.stable_name) == (by_id, by_path, by_id)
    assert (listed.vendor, listed.product, listed.vendor_product_id) == ("QinHeng", "USB Serial", "1a86:7523")
    assert listed.may_open


def test_an_adapter_without_a_serial_number_is_named_by_its_socket(port: str, tmp_path: Path) -> None:
    link(tmp_path / "by-id", "usb-QinHeng-if00", port)
    by_path = link(tmp_path / "by-path", "platform-usb-0:1.2", port)
    [listed] = list_serial_ports([found(port)], tmp_path)
    assert listed.stable_name == by_path


def test_a_port_of_the_board_keeps_its_device_name(port: str, tmp_path: Path) -> None:
    [listed] = list_serial_ports([ListPortInfo(port)], tmp_path)
    assert listed.stable_name == port
    assert listed.vendor_product_id is None


def test_a_port_that_was_pulled_out_meanwhile_is_not_listed(tmp_path: Path) -> None:
    assert list_serial_ports([found(str(tmp_path / "ttyUSB9"))], tmp_path) == []


def test_the_ports_of_this_machine_can_be_listed() -> None:
    assert isinstance(list_serial_ports(), list)
