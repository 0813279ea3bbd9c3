"""Bytes over a serial port: USB adapters, USB-CDC scanners, UARTs of the board."""

from __future__ import annotations

import asyncio
import contextlib
import os
import termios
from typing import Literal

import serial
from pydantic import BaseModel, ConfigDict, Field

from onebook_edge.links import reasons
from onebook_edge.links.descriptor import OpenDescriptor
from onebook_edge.links.link import LinkLost, LinkUnavailable

_PORT_CHECK_S = 1.0
_SEVEN_BITS = bytes(byte & 0x7F for byte in range(256))


class SerialSettings(BaseModel):
    """A serial port and how it is set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["serial"] = "serial"
    port: str = Field(
        min_length=1,
        description="Path of the port. Use /dev/serial/by-id/... or by-path/...: ttyUSB0 changes when re-plugged.",
    )
    baudrate: int = Field(9600, gt=0, description="Bits per second. Means nothing to a USB-CDC device.")
    byte_size: Literal[7, 8] = Field(8, description="Data bits of a character.")
    parity: Literal["N", "E", "O"] = Field("N", description="Parity: N none, E even, O odd.")
    stop_bits: Literal[1, 2] = Field(1, description="Stop bits of a character.")
    mask_bit_7: bool = Field(False, description="Clear the top bit of each byte: a 7E1 device on a port opened as 8N1.")

    @property
    def where(self) -> str:
        return self.port

    @property
    def character_ms(self) -> float:
        """How long one character takes on the wire: start bit, data, parity, stop bits."""
        bits = 1 + self.byte_size + (self.parity != "N") + self.stop_bits
        return bits * 1000 / self.baudrate


class SerialLink:
    """A serial port, opened exclusively.

    RTS and DTR are left as the system sets them when a port is opened: some scanners trigger on them, some boards reset.
    """

    def __init__(self, settings: SerialSettings) -> None:
        self._settings = settings
        self._port: serial.Serial | None = None
        self._open: OpenDescriptor | None = None
        self._check: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        where = self._settings.where
        self._port = self._open_port()
        self._open = OpenDescriptor(
            self._port.fileno(), gone=lambda: reasons.unplugged(where), stuck=lambda: reasons.write_stuck(where)
        )
        self._check_port()

    async def read(self) -> bytes:
        if self._open is None:
            raise LinkLost(reasons.unplugged(self._settings.where))
        data = await self._open.read()
        return data.translate(_SEVEN_BITS) if self._settings.mask_bit_7 else data

    def write(self, data: bytes) -> None:
        if self._open is not None:
            self._open.write(data)

    def close(self) -> None:
        if self._check is not None:
            self._check.cancel()
            self._check = None
        if self._open is not None:
            self._open.close()
            self._open = None
        if self._port is not None:
            # Closing a port waits up to 30 s for unsent bytes: drop them. A port that is gone has none to drop.
            with contextlib.suppress(termios.error):
                self._port.reset_output_buffer()
            self._port.close()
            self._port = None

    def _open_port(self) -> serial.Serial:
        settings = self._settings
        try:
            return serial.Serial(
                settings.port,
                baudrate=settings.baudrate,
                bytesize=settings.byte_size,
                parity=settings.parity,
                stopbits=settings.stop_bits,
                timeout=0,
                inter_byte_timeout=0,  # Sets VMIN to 1: only then does an empty read mean "unplugged".
                exclusive=True,
            )
        except OSError as error:
            raise LinkUnavailable(reasons.port_not_opened(settings.port, error)) from error
        except (termios.error, ValueError) as error:
            raise LinkUnavailable(reasons.port_not_configured(settings.port, error)) from error

    def _check_port(self) -> None:
        """See that the name still leads to the open device: not every adapter tells that it was pulled out."""
        assert self._open is not None
        assert self._port is not None
        try:
            same = os.stat(self._settings.port).st_rdev == os.fstat(self._port.fileno()).st_rdev
        except OSError:
            same = False
        if same:
            self._check = asyncio.get_running_loop().call_later(_PORT_CHECK_S, self._check_port)
        else:
            self._open.lose(reasons.unplugged(self._settings.where))
