"""The half of Modbus that RTU and TCP share: a request without address and checksum -> its answer.

Source: MODBUS Application Protocol Specification V1.1b3; functions 03, 04, 06 and 10 (hex), exceptions 1, 2, 3, and 4 or 6
when the device is told to fail so. Other functions are answered with exception 1. What cannot be a request, such as the answer of
another device on the line, is not answered.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Protocol

READ_HOLDING, READ_INPUT, WRITE_ONE, WRITE_MANY = 0x03, 0x04, 0x06, 0x10
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, DEVICE_FAILURE, BUSY = 1, 2, 3, 4, 6

_EXCEPTION = 0x80
_READ_REGISTERS_MAX = 125
_WRITE_REGISTERS_MAX = 123


class NotARequest(Exception):
    """A length or function that no request has."""


class Refused(Exception):
    """The device answers with this Modbus exception code instead of a value."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Modbus exception {code}")
        self.code = code


class RegisterMap(Protocol):
    """A device as its manual's register table shows it. Addresses are 0-based, values 0..65535."""

    address: int  # On the line now; a written address counts from the next power-up.
    failure: int | None  # Exception code for every request (4 device failure, 6 busy); None: works.

    def registers(self, function: int, now_ms: int) -> Mapping[int, int] | None:
        """What function 3 or 4 can read now; None when the device does not know the function."""
        ...

    def write(self, address: int, value: int) -> None:
        """Raises `Refused` for an address or value that the device does not take."""
        ...

    def power_up(self) -> None: ...


def answer(request: bytes, device: RegisterMap, now_ms: int) -> bytes:
    """The answer PDU, which may be an exception; empty for what is no request."""
    function = request[0]
    try:
        if function & _EXCEPTION:
            raise NotARequest
        if device.failure is not None:
            raise Refused(device.failure)
        if function in (READ_HOLDING, READ_INPUT):
            return _read(request, device, now_ms)
        if function == WRITE_ONE:
            return _write_one(request, device)
        if function == WRITE_MANY:
            return _write_many(request, device)
        raise Refused(ILLEGAL_FUNCTION)
    except Refused as refused:
        return bytes((function | _EXCEPTION, refused.code))
    except NotARequest:
        return b""


def _read(request: bytes, device: RegisterMap, now_ms: int) -> bytes:
    function, start, count = _fields(">BHH", request)
    registers = device.registers(function, now_ms)
    if registers is None:
        raise Refused(ILLEGAL_FUNCTION)
    if not 1 <= count <= _READ_REGISTERS_MAX:
        raise Refused(ILLEGAL_VALUE)
    wanted = range(start, start + count)
    if any(address not in registers for address in wanted):
        raise Refused(ILLEGAL_ADDRESS)
    return struct.pack(f">BB{count}H", function, 2 * count, *(registers[address] for address in wanted))


def _write_one(request: bytes, device: RegisterMap) -> bytes:
    _, address, value = _fields(">BHH", request)
    device.write(address, value)
    return request


def _write_many(request: bytes, device: RegisterMap) -> bytes:
    _, start, count, size = _fields(">BHHB", request[:6])
    if len(request) != 6 + size:
        raise NotARequest
    if not 1 <= count <= _WRITE_REGISTERS_MAX or size != 2 * count:
        raise Refused(ILLEGAL_VALUE)
    for offset, value in enumerate(struct.unpack(f">{count}H", request[6:])):
        device.write(start + offset, value)
    return request[:5]


def _fields(layout: str, request: bytes) -> tuple[int, ...]:
    if len(request) != struct.calcsize(layout):
        raise NotARequest
    return struct.unpack(layout, request)
