from __future__ import annotations

import errno
import socket

import pytest

from onebook_edge.links import reasons
from onebook_edge.links.link import Reason


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOENT, "unplugged"),
        (errno.ENXIO, "unplugged"),
        (errno.EBUSY, "in-use"),
        (errno.EAGAIN, "in-use"),
        (errno.EACCES, "no-permission"),
        (errno.EINVAL, "not-a-usable-port"),
    ],
)
def test_each_error_of_opening_a_port_has_its_reason(number: int, code: str) -> None:
    assert reasons.port_not_opened("/dev/x", OSError(number, "no")).code == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (socket.gaierror(-2, "unknown"), "unknown-host"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "no"), "refused"),
        (TimeoutError(), "unreachable"),
        (OSError(errno.EHOSTUNREACH, "no"), "unreachable"),
    ],
)
def test_each_error_of_connecting_has_its_reason(error: OSError, code: str) -> None:
    assert reasons.not_connected("10.0.0.9:502", error).code == code


@pytest.mark.parametrize("fault", ["no-answer", "wrong-device", "wrong-transaction", "bad-crc"])
def test_a_modbus_fault_keeps_its_name_as_reason(fault: str) -> None:
    assert reasons.no_good_answer(fault).code == fault


@pytest.mark.parametrize("reason", [reasons.unplugged("/dev/x"), reasons.driver_bug(), reasons.silent(5)])
def test_each_reason_speaks_chinese_and_english(reason: Reason) -> None:
    assert any("\u4e00" <= character <= "\u9fff" for character in reason.zh)
    assert reason.en.isascii()
