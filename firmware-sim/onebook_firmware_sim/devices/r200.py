"""UHF reader modules R200 / YRM100 / M100, 115200 8N1.

Frame `BB type command PLh PLl parameter.. sum 7E`: type 00 host, 01 answer, 02 tag notice; sum = low byte of the sum of type
to parameter. `AA .. DD` is the same protocol by another manual (R200 user protocol V2.3.3).

Commands: 03 information, 22 one inventory round, 27 many rounds, 28 stop, B6/B7 set/get power (0.01 dBm), 07/08 set/get
region. Other commands and wrong parameters are answered with error 17. Each round sends a notice per tag, or error 15 when
there is none. While it works through its rounds the module ignores everything but 28; rounds go on when the host's program
ends, so the next program is flooded. A command with a wrong sum is passed over. The module needs a second after power-up.
"""

from __future__ import annotations

from onebook_firmware_sim.device import Device, DeviceInput, DeviceSends, HostSent, PoweredOn
from onebook_firmware_sim.truth import AntennaField, Tag

BB_7E, AA_DD = b"\xbb\x7e", b"\xaa\xdd"

_ANSWER, _NOTICE = 0x01, 0x02
_INFORMATION, _ONE_ROUND, _MANY_ROUNDS, _STOP = 0x03, 0x22, 0x27, 0x28
_SET_POWER, _GET_POWER, _SET_REGION, _GET_REGION, _ERROR = 0xB6, 0xB7, 0x07, 0x08, 0xFF
_NO_TAG, _UNKNOWN_COMMAND = 0x15, 0x17
_MANY_ROUNDS_MARK = 0x22  # First parameter byte of 27, before the count.
_REGIONS = (0x01, 0x02, 0x03, 0x04, 0x06)
_OVERHEAD_BYTES = 7
_PARAMETER_BYTES_MAX = 300
_DONE = b"\x00"


class R200(Device):
    """`round_ms`: how long one inventory round takes."""

    def __init__(
        self,
        field: AntennaField,
        *,
        delimiters: bytes = BB_7E,
        information: tuple[str, str, str] = ("M100 26dBm V1.0", "V2.3.5", "MagicRF"),
        round_ms: int = 30,
        boot_ms: int = 1000,
    ) -> None:
        self._field = field
        self._delimiters = delimiters
        self._information = information
        self._round_ms = round_ms
        self._boot_ms = boot_ms
        self._ready_at_ms = 0
        self._received = bytearray()
        self._power = 2600
        self._region = 0x01
        self._rounds_left = 0
        self._next_round_ms = 0

    def handle(self, message: DeviceInput, now_ms: int) -> list[DeviceSends]:
        frames: list[bytes] = []
        if isinstance(message, PoweredOn):
            self._ready_at_ms = now_ms + self._boot_ms
            self._received.clear()
            self._rounds_left = 0
        elif isinstance(message, HostSent) and now_ms >= self._ready_at_ms:
            self._received += message.data
            while (command := self._next_command()) is not None:
                frames += self._obey(command[0], command[1:], now_ms)
        if self._rounds_left and now_ms >= self._next_round_ms:
            frames += self._round()
            self._rounds_left -= 1
            self._next_round_ms = now_ms + self._round_ms
        return [DeviceSends(frame) for frame in frames]

    def wakeup_at(self) -> int | None:
        return self._next_round_ms if self._rounds_left else None

    def _next_command(self) -> bytes | None:
        """Command byte and parameter of the next whole host frame; what is no frame is skipped byte by byte."""
        buffer = self._received
        while len(buffer) >= _OVERHEAD_BYTES:
            size = _OVERHEAD_BYTES + int.from_bytes(buffer[3:5])
            if buffer[0] == self._delimiters[0] and size <= _OVERHEAD_BYTES + _PARAMETER_BYTES_MAX:
                if len(buffer) < size:
                    return None
                if buffer[size - 1] == self._delimiters[1] and buffer[size - 2] == sum(buffer[1 : size - 2]) & 0xFF:
                    command = bytes(buffer[2:3] + buffer[5 : size - 2])
                    del buffer[:size]
                    return command
            del buffer[0]
        return None

    def _obey(self, command: int, parameter: bytes, now_ms: int) -> list[bytes]:
        if command == _STOP:
            self._rounds_left = 0
            return [self._answer(_STOP, _DONE)]
        if self._rounds_left:
            return []
        rounds = _rounds_asked(command, parameter)
        if rounds:
            self._rounds_left = rounds
            self._next_round_ms = now_ms + self._round_ms
            return []
        answer = self._setting(command, parameter)
        return [self._answer(_ERROR, bytes((_UNKNOWN_COMMAND,))) if answer is None else self._answer(command, answer)]

    def _setting(self, command: int, parameter: bytes) -> bytes | None:
        """The parameter of the answer; None when command or parameter is not understood."""
        if command == _INFORMATION and len(parameter) == 1 and parameter[0] < len(self._information):
            return parameter + self._information[parameter[0]].encode("ascii")
        if command == _SET_POWER and len(parameter) == 2:
            self._power = int.from_bytes(parameter)
            return _DONE
        if command == _SET_REGION and len(parameter) == 1 and parameter[0] in _REGIONS:
            self._region = parameter[0]
            return _DONE
        if command == _GET_POWER and not parameter:
            return self._power.to_bytes(2)
        if command == _GET_REGION and not parameter:
            return bytes((self._region,))
        return None

    def _round(self) -> list[bytes]:
        notices = [self._frame(_NOTICE, _ONE_ROUND, _notice(tag)) for tag in self._field.tags.values()]
        return notices or [self._answer(_ERROR, bytes((_NO_TAG,)))]

    def _answer(self, command: int, parameter: bytes) -> bytes:
        return self._frame(_ANSWER, command, parameter)

    def _frame(self, kind: int, command: int, parameter: bytes) -> bytes:
        body = bytes((kind, command)) + len(parameter).to_bytes(2) + parameter
        return self._delimiters[:1] + body + bytes((sum(body) & 0xFF,)) + self._delimiters[1:]


def _rounds_asked(command: int, parameter: bytes) -> int:
    """How many inventory rounds this command asks for; 0 when it asks for none."""
    if command == _ONE_ROUND and not parameter:
        return 1
    if command == _MANY_ROUNDS and len(parameter) == 3 and parameter[0] == _MANY_ROUNDS_MARK:
        return int.from_bytes(parameter[1:])
    return 0


def _notice(tag: Tag) -> bytes:
    """Signal (signed dBm), PC, EPC and the tag's own CRC."""
    epc = bytes.fromhex(tag.epc)
    pc = tag.pc if tag.pc is not None else len(epc) // 2 << 11
    pc_and_epc = pc.to_bytes(2) + epc
    return tag.rssi_dbm.to_bytes(1, signed=True) + pc_and_epc + _tag_crc16(pc_and_epc).to_bytes(2)


def _tag_crc16(data: bytes) -> int:
    """CRC-16 of EPC Gen2: polynomial 1021, initial value FFFF, complemented."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc ^ 0xFFFF


def with_wrong_checksum(frame: bytes) -> bytes:
    """For `FaultPlan.spoilers`."""
    return frame[:-2] + bytes((frame[-2] ^ 0x5A,)) + frame[-1:]
