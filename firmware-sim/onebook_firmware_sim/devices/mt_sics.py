"""MT-SICS terminals and balances (Mettler Toledo and copies), 9600 8N1, lines end with CR LF both ways.

Commands: `S SI SIR SR Z ZI T TI TA TAC @ I4`; every other line is answered `ES`, a wrong parameter `<command> L`. What needs
a stable weight (`S`, `Z`, `T`) waits for it and answers `<command> I` when time is out; until then other commands get `I` and
`@` cancels. `SIR` repeats until `S`, `SI`, `SR` or `@`; `SR` speaks when the kind of line or the stable weight changes.
Overload is `S +`, underload `S -`. After power-up the terminal says its serial number unasked.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from onebook_firmware_sim.device import Device, DeviceInput, DeviceSends, HostSent, Physical, PoweredOn
from onebook_firmware_sim.devices.weighing import KeyPressed, Range, Weighing

_COMMANDS = frozenset(("S", "SI", "SIR", "SR", "Z", "ZI", "T", "TI", "TA", "TAC", "@", "I4"))
_LINE_BYTES_MAX = 80
_CHANGE_DIVISIONS = 30  # What `SR` without a parameter takes for a change of weight.
_SIGN = {Range.OVER: "+", Range.UNDER: "-"}


@dataclass(frozen=True, slots=True)
class UnitSwitched(Physical):
    """A person switches the terminal to another unit: "g", "kg" or "t"."""

    unit: str


class MtSics(Device):
    """`value_width` is 10 by the manual; copies are off by one. `sample_interval_ms` paces `SIR`, `SR` and waiting."""

    def __init__(
        self,
        weighing: Weighing,
        *,
        serial_number: str = "B021002593",
        value_width: int = 10,
        stable_within_ms: int = 5000,
        sample_interval_ms: int = 200,
    ) -> None:
        self.weighing = weighing
        self._serial_number = serial_number
        self._value_width = value_width
        self._stable_within_ms = stable_within_ms
        self._sample_interval_ms = sample_interval_ms
        self._received = b""
        self._forget()

    def handle(self, message: DeviceInput, now_ms: int) -> list[DeviceSends]:
        lines: list[str] = []
        if isinstance(message, PoweredOn):
            self.weighing.power_up()
            self._received = b""
            lines += self._reset()
        elif isinstance(message, HostSent):
            lines += self._take(message.data, now_ms)
        elif isinstance(message, KeyPressed):
            self.weighing.press(message.key, now_ms)
        elif isinstance(message, UnitSwitched):
            self.weighing.switch_unit(message.unit)
        if self._next_sample_ms is not None and now_ms >= self._next_sample_ms:
            lines += self._sample(now_ms)
        return [DeviceSends(f"{line}\r\n".encode("ascii")) for line in lines]

    def wakeup_at(self) -> int | None:
        return self._next_sample_ms

    def _forget(self) -> None:
        self._waiting: str | None = None
        self._waiting_until_ms = 0
        self._repeating: str | None = None
        self._said_kind = ""
        self._said_weight = Decimal(0)
        self._next_sample_ms: int | None = None

    def _reset(self) -> list[str]:
        self._forget()
        self.weighing.tare = Decimal(0)
        return self._serial()

    def _serial(self) -> list[str]:
        return [f'I4 A "{self._serial_number}"']

    # Commands -------------------------------------------------------------------------------------------------------

    def _take(self, data: bytes, now_ms: int) -> list[str]:
        *lines, self._received = (self._received + data).split(b"\n")
        answers = [answer for line in lines for answer in self._obey(line.removesuffix(b"\r"), now_ms)]
        if len(self._received) > _LINE_BYTES_MAX:
            self._received = b""
            answers.append("ET")
        return answers

    def _obey(self, line: bytes, now_ms: int) -> list[str]:
        if not line.isascii():
            return ["ET"]  # A transmission error, e.g. the parity bit of a wrong setting.
        name, _, argument = line.decode("ascii").partition(" ")
        if name not in _COMMANDS:
            return ["ES"]
        if argument and name != "TA":
            return [f"{name} L"]
        if name == "@":
            return self._reset()
        if name == "I4":
            return self._serial()
        if self._waiting:
            return [f"{name} I"]
        if name.startswith("S"):
            return self._send_weight(name, now_ms)
        if name in ("Z", "T"):
            return self._when_stable(name, now_ms)
        return self._at_once(name, argument, now_ms)

    def _send_weight(self, name: str, now_ms: int) -> list[str]:
        self._forget()
        if name == "S":
            return self._when_stable(name, now_ms)
        if name == "SI":
            return [self._weight("S", now_ms)]
        self._repeating = name
        return self._sample(now_ms)

    def _at_once(self, name: str, argument: str, now_ms: int) -> list[str]:
        if name == "ZI":
            return [self._zero(name, "D" if self.weighing.moving else "S", now_ms)]
        if name == "TI":
            return [self._tare(name, "D" if self.weighing.moving else "S", now_ms)]
        if name == "TAC":
            self.weighing.tare = Decimal(0)
            return ["TAC A"]
        return [self._preset_tare(argument)]

    def _preset_tare(self, argument: str) -> str:
        """`TA` asks for the tare, `TA 1.250 kg` sets it."""
        if argument:
            number, _, unit = argument.partition(" ")
            try:
                taken = unit == self.weighing.unit and self.weighing.preset_tare(Decimal(number))
            except InvalidOperation:
                taken = False
            if not taken:
                return "TA L"
        return f"TA A {self._shown(self.weighing.tare)}"

    # What takes time ------------------------------------------------------------------------------------------------

    def _when_stable(self, name: str, now_ms: int) -> list[str]:
        if not self.weighing.moving:
            return [self._stable_answer(name, now_ms)]
        self._waiting = name
        self._waiting_until_ms = now_ms + self._stable_within_ms
        self._next_sample_ms = now_ms + self._sample_interval_ms
        return []

    def _sample(self, now_ms: int) -> list[str]:
        self._next_sample_ms = now_ms + self._sample_interval_ms
        lines = self._go_on_waiting(now_ms) if self._waiting else []
        if self._repeating == "SIR":
            lines.append(self._weight("S", now_ms))
        elif self._repeating == "SR":
            lines += self._changed_weight(now_ms)
        elif not self._waiting:
            self._next_sample_ms = None
        return lines

    def _go_on_waiting(self, now_ms: int) -> list[str]:
        assert self._waiting is not None
        name = self._waiting
        if self.weighing.moving and now_ms < self._waiting_until_ms:
            return []
        self._waiting = None
        return [f"{name} I" if self.weighing.moving else self._stable_answer(name, now_ms)]

    def _changed_weight(self, now_ms: int) -> list[str]:
        line = self._weight("S", now_ms)
        kind, weight = line[:3], self.weighing.net(now_ms)
        changed = abs(weight - self._said_weight) >= _CHANGE_DIVISIONS * self.weighing.division
        if kind == self._said_kind and not (kind == "S S" and changed):
            return []
        self._said_kind, self._said_weight = kind, weight
        return [line]

    # Answers --------------------------------------------------------------------------------------------------------

    def _stable_answer(self, name: str, now_ms: int) -> str:
        if name == "Z":
            return self._zero(name, "A", now_ms)
        if name == "T":
            return self._tare(name, "S", now_ms)
        return self._weight(name, now_ms)

    def _weight(self, name: str, now_ms: int) -> str:
        where = self.weighing.range(now_ms)
        if where is not Range.WITHIN:
            return f"{name} {_SIGN[where]}"
        return f"{name} {'D' if self.weighing.moving else 'S'} {self._shown(self.weighing.net(now_ms))}"

    def _zero(self, name: str, done: str, now_ms: int) -> str:
        where = self.weighing.set_zero(now_ms)
        return f"{name} {_SIGN.get(where, done)}"

    def _tare(self, name: str, done: str, now_ms: int) -> str:
        where = self.weighing.set_tare(now_ms)
        if where is not Range.WITHIN:
            return f"{name} {_SIGN[where]}"
        return f"{name} {done} {self._shown(self.weighing.tare)}"

    def _shown(self, value: Decimal) -> str:
        return f"{value:>{self._value_width}f} {self.weighing.unit}"
