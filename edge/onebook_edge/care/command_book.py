"""Takes each command at most once. Pure; its durable state is the commands that it remembers.

A command is written down before it is begun: after a crash it counts as interrupted and is never begun again, because a scale
that is tared twice under load shows a wrong weight. The collector sends a command again until it hears what became of it; what
is known here is said again. An entry may be forgotten a day after the command expired: by then it is refused for its age.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from onebook_edge.machine import Instant
from onebook_schemas.remote_care import (
    LIFETIME_MS_MAX,
    Command,
    CommandAction,
    CommandOutcome,
    CommandReport,
)

REMEMBERED_MAX = 256
WITHOUT_THE_TIME = frozenset({CommandAction.IDENTIFY, CommandAction.SEND_LOGS})
"""Harmless whenever they come, and most needed on a box that is not well."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A command that was begun. Without an outcome it is under way, or was when the agent ended."""

    expires_at_ms: int
    outcome: CommandOutcome | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """A command came. `time_known`: whether the box's wall clock can be believed."""

    command: Command
    time_known: bool


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of a command that was begun."""

    command_id: str
    outcome: CommandOutcome
    reason: str = ""
    logs: str = ""


CommandInput: TypeAlias = Given | Finished


@dataclass(frozen=True, slots=True)
class Remember:
    """Put this on the disk, and force it there, before anything else."""

    commands: Mapping[str, Remembered]


@dataclass(frozen=True, slots=True)
class Begin:
    command: Command


CommandOutput: TypeAlias = Remember | Begin | CommandReport


class CommandBook:
    """Built from what the disk remembers: what was under way then has been interrupted."""

    def __init__(self, edge_id: str, commands: Mapping[str, Remembered]) -> None:
        self._edge_id = edge_id
        self._commands = dict(commands)
        self._under_way: set[str] = set()

    def handle(self, message: CommandInput, now: Instant) -> Sequence[CommandOutput]:
        match message:
            case Given(command, time_known):
                known = self._commands.get(command.command_id)
                return self._take(command, now, time_known) if known is None else self._say_again(command, known)
            case Finished():
                return self._finish(message)

    def _take(self, command: Command, now: Instant, time_known: bool) -> list[CommandOutput]:
        if time_known and now.wall_ms >= command.expires_at_ms:
            return [self._report(command.command_id, CommandOutcome.EXPIRED, "已过期 / it came too late")]
        if not time_known and command.action not in WITHOUT_THE_TIME:
            reason = "本机时间未知，无法判断是否过期 / the box does not know the time: it cannot tell whether this is too late"
            return [self._report(command.command_id, CommandOutcome.REFUSED, reason)]
        self._forget(now)
        if len(self._commands) >= REMEMBERED_MAX:
            reason = "命令过多，请稍后再试 / too many commands: try again later"
            return [self._report(command.command_id, CommandOutcome.REFUSED, reason)]
        self._under_way.add(command.command_id)
        self._commands[command.command_id] = Remembered(command.expires_at_ms)
        return [self._remember(), Begin(command)]

    def _say_again(self, command: Command, known: Remembered) -> list[CommandOutput]:
        if command.command_id in self._under_way:
            return []  # It is heard when it is done.
        if known.outcome is None:
            reason = "执行中程序重启 / the agent ended while it was under way"
            return [self._report(command.command_id, CommandOutcome.INTERRUPTED, reason)]
        return [self._report(command.command_id, known.outcome, known.reason)]

    def _finish(self, message: Finished) -> list[CommandOutput]:
        self._under_way.discard(message.command_id)
        begun = self._commands[message.command_id]
        self._commands[message.command_id] = Remembered(begun.expires_at_ms, message.outcome, message.reason[:200])
        return [self._remember(), self._report(message.command_id, message.outcome, message.reason, message.logs)]

    def _forget(self, now: Instant) -> None:
        old_ms = now.wall_ms - LIFETIME_MS_MAX
        self._commands = {name: one for name, one in self._commands.items() if one.expires_at_ms > old_ms}

    def _remember(self) -> Remember:
        return Remember(dict(self._commands))

    def _report(self, command_id: str, outcome: CommandOutcome, reason: str, logs: str = "") -> CommandReport:
        return CommandReport(
            edge_id=self._edge_id, command_id=command_id, outcome=outcome, reason=reason[:200], logs=logs
        )


def remembered_to_json(commands: Mapping[str, Remembered]) -> dict[str, Any]:
    return {name: [one.expires_at_ms, one.outcome, one.reason] for name, one in commands.items()}


def remembered_from_json(kept: Mapping[str, Any]) -> dict[str, Remembered]:
    """Raises KeyError, TypeError or ValueError if it is none."""
    return {
        name: Remembered(int(expires_at_ms), CommandOutcome(outcome) if outcome else None, str(reason))
        for name, (expires_at_ms, outcome, reason) in kept.items()
    }
