"""What a command can do on this box: ask a device, start it anew, blink, send the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from onebook_edge.care.command_book import Finished
from onebook_edge.device import CommandAnswered, Faulted, Observed
from onebook_edge.errors import RefusedError
from onebook_edge.links.device_status import DeviceState
from onebook_edge.logs import RecentLines
from onebook_schemas.remote_care import Command, CommandAction, CommandOutcome

ANSWER_WITHIN_S = 10.0
BLINKS = 20
BLINK_S = 0.25
LAMPS = ("ACT", "led0", "PWR")  # Names of the lamp of a Raspberry Pi and its like, below /sys/class/leds.
LOG_BYTES_MAX = 48 * 1024


@dataclass(slots=True)
class Hands:
    """`hear` takes what devices say, so that a command learns its answer."""

    ask: Callable[[str, str], Awaitable[None]]  # Hand a device a command. Raises RefusedError.
    restart: Callable[[str], bool]  # Start a device anew; whether there is one.
    recent: RecentLines
    lamps: Path = Path("/sys/class/leds")
    _answers: dict[str, asyncio.Future[CommandAnswered]] = field(default_factory=dict)

    def hear(self, output: Observed | Faulted | DeviceState) -> None:
        if isinstance(output, Observed) and isinstance(output.reading, CommandAnswered):
            waiting = self._answers.pop(output.reading.device_id, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(output.reading)

    async def do(self, command: Command) -> Finished:
        match command.action:
            case CommandAction.IDENTIFY:
                return await self._identify(command)
            case CommandAction.SEND_LOGS:
                return Finished(command.command_id, CommandOutcome.DONE, logs=self.recent.text(LOG_BYTES_MAX))
            case CommandAction.RESTART_DEVICE:
                assert command.device is not None
                if self.restart(command.device):
                    return Finished(command.command_id, CommandOutcome.DONE)
                reason = f"没有设备 {command.device!r} / no such device"
                return Finished(command.command_id, CommandOutcome.REFUSED, reason)
            case _:
                return await self._ask_device(command)

    async def _ask_device(self, command: Command) -> Finished:
        assert command.device is not None
        answer = self._answers[command.device] = asyncio.get_running_loop().create_future()
        try:
            await self.ask(command.device, command.action.value)
            async with asyncio.timeout(ANSWER_WITHIN_S):
                answered = await answer
        except RefusedError as error:
            return Finished(command.command_id, CommandOutcome.REFUSED, str(error))
        except TimeoutError:
            return Finished(command.command_id, CommandOutcome.FAILED, "设备未应答 / the device did not answer")
        finally:
            self._answers.pop(command.device, None)
        outcome = CommandOutcome.DONE if answered.accepted else CommandOutcome.FAILED
        return Finished(command.command_id, outcome, answered.reason or "")

    async def _identify(self, command: Command) -> Finished:
        lamp = next((path for name in LAMPS if (path := self.lamps / name / "brightness").exists()), None)
        if lamp is None:
            return Finished(command.command_id, CommandOutcome.FAILED, "本机没有指示灯 / this box has no lamp to blink")
        try:
            before = lamp.read_text(encoding="ascii")
            for n in range(BLINKS):
                lamp.write_text(str((n + 1) % 2), encoding="ascii")
                await asyncio.sleep(BLINK_S)
            lamp.write_text(before, encoding="ascii")
        except OSError as error:
            return Finished(command.command_id, CommandOutcome.FAILED, f"{lamp}: {error.strerror}")
        return Finished(command.command_id, CommandOutcome.DONE)
