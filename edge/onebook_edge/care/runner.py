"""Drives remote care: documents and commands come from the uplink, answers go there, what must last goes to the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from onebook_edge.care.command_book import Begin, CommandBook, CommandInput, Finished, Given, Remember
from onebook_edge.care.configuration import Configuration
from onebook_edge.care.configuration_machine import (
    Answered,
    BeginAnew,
    ConfigurationInput,
    ConfigurationMachine,
    Connected,
    Keep,
    Offered,
    Say,
    Started,
)
from onebook_edge.care.hands import Hands
from onebook_edge.clock import Clock
from onebook_edge.logs import get_logger
from onebook_edge.machine import Woken
from onebook_edge.uplink.runner import UplinkRunner
from onebook_schemas.encoding import UndecodableError, decode, encode
from onebook_schemas.remote_care import (
    CONFIGURATION,
    Command,
    CommandReport,
    ConfigurationOutcome,
    ConfigurationReport,
    DesiredConfiguration,
    ReplyMessage,
)

log = get_logger()

_Heard: TypeAlias = ConfigurationInput | CommandInput


class CareRunner:
    """`await run()` for ever. Each life of the uplink is attached before it runs."""

    def __init__(
        self,
        configuration: Configuration,
        hands: Hands,
        clock: Clock,
        begin_anew: Callable[[], None],
    ) -> None:
        settings, file = configuration.settings, configuration.file
        self._edge_id, self._file, self._problems_of = settings.edge_id, file, configuration.problems_of
        self._hands, self._clock, self._begin_anew = hands, clock, begin_anew
        deadline_ms = round(settings.care.deadline_s * 1000)
        self._configuration = ConfigurationMachine(file.kept.configuration, deadline_ms=deadline_ms)
        self._commands = CommandBook(settings.edge_id, file.kept.commands)
        self._inbox: asyncio.Queue[_Heard] = asyncio.Queue()
        self._busy: set[asyncio.Task[None]] = set()
        self._in_touch = False
        self._uplink: UplinkRunner | None = None

    def attach(self, uplink: UplinkRunner) -> None:
        """Listen to, and speak by, this uplink."""
        self._uplink = uplink
        uplink.listen(CONFIGURATION, self._hear_configuration)
        uplink.listen("command", self._hear_command)
        uplink.on_connected = lambda: self._inbox.put_nowait(Connected())
        uplink.on_ack = self._hear_ack

    async def run(self) -> None:
        self._inbox.put_nowait(Started())
        try:
            while True:
                self._carry_out(await self._next_input())
        finally:
            for task in self._busy:
                task.cancel()

    async def _next_input(self) -> _Heard:
        due = self._configuration.wakeup_at()
        wait_s = None if due is None else max(due - self._clock.now().monotonic_ms, 0) / 1000
        try:
            async with asyncio.timeout(wait_s):
                return await self._inbox.get()
        except TimeoutError:
            return Woken()

    def _carry_out(self, message: _Heard) -> None:
        now = self._clock.now()
        if isinstance(message, Given | Finished):
            for output in self._commands.handle(message, now):
                match output:
                    case Remember(commands):
                        self._file.keep_commands(commands)
                    case Begin(command):
                        self._begin(command)
                    case CommandReport():
                        self._say(output)
            return
        for answer in self._configuration.handle(message, now):
            match answer:
                case Keep(state):
                    self._file.keep_configuration(state)
                case Say():
                    self._tell(answer)
                case BeginAnew():
                    log.info("begin_anew", reason="another configuration")
                    self._begin_anew()

    def _begin(self, command: Command) -> None:
        log.info("command_begun", action=command.action, device=command.device, issued_by=command.issued_by)

        async def do() -> None:
            self._inbox.put_nowait(await self._hands.do(command))

        task = asyncio.create_task(do())
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    def _tell(self, said: Say) -> None:
        if said.outcome is ConfigurationOutcome.HELD and self._uplink is not None:
            self._uplink.hold_document(CONFIGURATION, said.version)
        elif said.problems:
            log.warning("configuration_not_held", version=said.version, outcome=said.outcome, problems=said.problems)
        self._say(said.report(self._edge_id))

    def _say(self, report: ConfigurationReport | CommandReport) -> None:
        if self._uplink is not None:
            self._uplink.reply(encode(ReplyMessage(reply=report)))

    # What comes from the centre -------------------------------------------------------------------------------------

    def _hear_ack(self) -> None:
        if not self._in_touch:
            self._in_touch = True
            self._inbox.put_nowait(Answered())

    def _hear_configuration(self, body: bytes) -> None:
        if not body:
            return  # The centre took its document back: what is held stays held.
        try:
            document = decode(DesiredConfiguration, body)
        except UndecodableError as error:
            log.warning("configuration_unreadable", reason=str(error))
            return
        if document.edge_id != self._edge_id:
            log.warning("configuration_of_another_edge", edge_id=document.edge_id)
            return
        problems = tuple(self._problems_of(document.toml))
        self._inbox.put_nowait(Offered(document.version, document.toml, problems))

    def _hear_command(self, body: bytes) -> None:
        try:
            command = decode(Command, body)
        except UndecodableError as error:
            log.warning("command_unreadable", reason=str(error))
            return
        if command.edge_id != self._edge_id:
            log.warning("command_for_another_edge", edge_id=command.edge_id)
            return
        self._inbox.put_nowait(Given(command, self._clock.synchronised()))
