"""Listens to a serial port that nobody has open, asks a Modbus line who is on it. For `onebook edge doctor`; blocking."""

from __future__ import annotations

import termios
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import serial

from onebook_edge.device import RegisterRange
from onebook_edge.links import reasons
from onebook_edge.links.link import LinkUnavailable
from onebook_edge.links.modbus_frames import Fault, RtuFraming
from onebook_edge.links.serial_link import SerialSettings

USUAL_RATES = (4800, 9600, 19200, 38400, 57600, 115200, 2400, 1200)
HEARD_BYTES_MAX = 8192


@dataclass(frozen=True, slots=True)
class UnitAnswer:
    """What came from one address of a line: registers or an exception count as an answer."""

    unit_id: int
    heard_bytes: int
    fault: str | None

    @property
    def has_answered(self) -> bool:
        return self.fault is None or self.fault.startswith("exception-")


def listen(settings: SerialSettings, seconds: float, ask: bytes = b"") -> bytes:
    """What a port says within so many seconds after `ask`. Raises LinkUnavailable."""
    heard = bytearray()
    with open_port(settings) as port:
        port.write(ask)
        end = time.monotonic() + seconds
        while (left_s := end - time.monotonic()) > 0 and len(heard) < HEARD_BYTES_MAX:
            port.timeout = left_s
            heard += port.read(1)
            heard += port.read(min(port.in_waiting, HEARD_BYTES_MAX))
    return bytes(heard)


def ask_units(
    settings: SerialSettings,
    units: Iterable[int],
    wanted: RegisterRange,
    answer_s: float,
    until: Callable[[], bool] = lambda: False,
) -> list[UnitAnswer]:
    """Ask each address for registers; ends early when `until` says that the time is used up. Raises LinkUnavailable."""
    answers = []
    with open_port(settings) as port:
        for unit in units:
            if until():
                break
            answers.append(_ask(port, settings, unit, wanted, answer_s))
    return answers


def _ask(
    port: serial.Serial, settings: SerialSettings, unit: int, wanted: RegisterRange, answer_s: float
) -> UnitAnswer:
    framing, heard = RtuFraming(), 0
    port.reset_input_buffer()
    port.write(framing.request(unit, wanted))
    end = time.monotonic() + answer_s + (13 + 2 * wanted.count) * settings.character_ms / 1000
    while (left_s := end - time.monotonic()) > 0:
        port.timeout = left_s
        data = port.read(1) + port.read(port.in_waiting)
        heard += len(data)
        answer = framing.receive(data) if data else None
        if answer is not None:
            return UnitAnswer(unit, heard, answer.reason if isinstance(answer, Fault) else None)
    return UnitAnswer(unit, heard, framing.give_up().reason)


def open_port(settings: SerialSettings) -> serial.Serial:
    """The port, for us alone."""
    try:
        return serial.Serial(
            settings.port,
            baudrate=settings.baudrate,
            bytesize=settings.byte_size,
            parity=settings.parity,
            stopbits=settings.stop_bits,
            exclusive=True,
        )
    except OSError as error:
        raise LinkUnavailable(reasons.port_not_opened(settings.port, error)) from error
    except (termios.error, ValueError) as error:
        raise LinkUnavailable(reasons.port_not_configured(settings.port, error)) from error
