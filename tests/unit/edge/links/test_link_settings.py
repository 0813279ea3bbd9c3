from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from onebook_edge.links.link_settings import LinkSettings, build_link
from onebook_edge.links.modbus_line import ModbusLineSettings
from onebook_edge.links.replay_link import ReplayLink
from onebook_edge.links.serial_link import SerialLink, SerialSettings
from onebook_edge.links.tcp_link import TcpLink

SETTINGS: TypeAdapter[LinkSettings] = TypeAdapter(LinkSettings)


@pytest.mark.parametrize(
    ("given", "link"),
    [
        ({"kind": "serial", "port": "/dev/serial/by-id/usb-scale"}, SerialLink),
        ({"kind": "tcp", "host": "10.0.0.9", "port": 4001}, TcpLink),
        ({"kind": "replay", "path": "scale.txt"}, ReplayLink),
    ],
)
def test_the_kind_decides_the_link(given: dict[str, object], link: type) -> None:
    assert isinstance(build_link(SETTINGS.validate_python(given)), link)


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError):
        SETTINGS.validate_python({"kind": "serial", "port": "/dev/ttyS0", "baud": 9600})


@pytest.mark.parametrize(
    ("link", "framing", "is_rtu"),
    [
        ({"kind": "serial", "port": "/dev/ttyS0"}, "by_link", True),
        ({"kind": "tcp", "host": "gateway", "port": 502}, "by_link", False),
        ({"kind": "tcp", "host": "gateway", "port": 502}, "rtu", True),
    ],
)
def test_frames_look_as_the_link_wants_unless_rtu_is_asked_for(
    link: dict[str, object], framing: str, is_rtu: bool
) -> None:
    assert ModbusLineSettings.model_validate({"link": link, "framing": framing}).is_rtu is is_rtu


def test_a_character_takes_its_start_data_parity_and_stop_bits() -> None:
    assert SerialSettings(port="p", baudrate=1000).character_ms == 10
    assert SerialSettings(port="p", baudrate=1000, byte_size=7, parity="E", stop_bits=2).character_ms == 11
