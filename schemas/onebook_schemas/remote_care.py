"""Remote care: the configuration that the centre wants of an edge, commands, and what the edge says to both."""

from __future__ import annotations

import enum
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from onebook_schemas.identifiers import INT64_MAX, DeviceId, EdgeId, Int64, MovementId, ShortText
from onebook_schemas.told_apart import require_word

CONFIGURATION = "configuration"
"""Name of the retained document (`topics.document`) and of what `EdgeState.documents_held` says of it."""

LIFETIME_MS_MAX = 86_400_000
"""A command that has not been carried out within a day is given anew by a person, or not at all."""

Problem = Annotated[str, StringConstraints(max_length=500)]
ConfigurationText = Annotated[str, StringConstraints(max_length=65_536)]
LogText = Annotated[str, StringConstraints(max_length=65_536)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=require_word)


class DesiredConfiguration(_Model):
    """Retained: whole, versioned, replaceable. Top-level keys of `toml` take the place of those in the edge's own file."""

    v: int = Field(default=1, ge=1, le=1)
    edge_id: EdgeId
    version: int = Field(ge=1, le=INT64_MAX, description="of this edge's configurations; a lower one is ignored")
    toml: ConfigurationText


class ConfigurationOutcome(enum.StrEnum):
    TRYING = "trying"  # Valid and in use; not yet back in touch with the collector.
    HELD = "held"  # In use, and the collector answered.
    REFUSED = "refused"  # Not valid; never in use.
    ROLLED_BACK = "rolled_back"  # In use without getting back in touch: the one before it is in use again.


class ConfigurationReport(_Model):
    """What became of the newest configuration that this edge was offered. Said again on every connection."""

    kind: Literal["configuration"] = "configuration"
    edge_id: EdgeId
    version: int = Field(ge=1, le=INT64_MAX)
    outcome: ConfigurationOutcome
    problems: tuple[Problem, ...] = Field(default=(), max_length=100)


class CommandAction(enum.StrEnum):
    """All that the centre can make an edge do. None of them carries text that is run."""

    IDENTIFY = "identify"  # Blink the lamp of the box.
    TARE = "tare"
    ZERO = "zero"
    REREAD = "reread"
    RESTART_DEVICE = "restart_device"
    SEND_LOGS = "send_logs"


OF_A_DEVICE = frozenset(
    {CommandAction.TARE, CommandAction.ZERO, CommandAction.REREAD, CommandAction.RESTART_DEVICE},
)


class Command(_Model):
    """One thing to do, once, before it expires."""

    v: int = Field(default=1, ge=1, le=1)
    edge_id: EdgeId
    command_id: MovementId
    action: CommandAction
    device: DeviceId | None = None
    issued_at_ms: Int64
    expires_at_ms: Int64
    issued_by: ShortText

    @model_validator(mode="after")
    def _is_complete(self) -> Command:
        if (self.device is None) == (self.action in OF_A_DEVICE):
            raise ValueError(f"{self.action} {'needs' if self.device is None else 'takes no'} device")
        if not 0 < self.expires_at_ms - self.issued_at_ms <= LIFETIME_MS_MAX:
            raise ValueError("a command lives longer than no time and no longer than a day")
        return self


class CommandOutcome(enum.StrEnum):
    DONE = "done"
    REFUSED = "refused"  # Not begun: no such device, not supported, the time is not known.
    EXPIRED = "expired"  # Not begun: it came too late.
    FAILED = "failed"  # Begun; the device or the box said no.
    INTERRUPTED = "interrupted"  # Begun; the agent ended before it knew how it went. Never begun again.


class CommandReport(_Model):
    """What became of a command."""

    kind: Literal["command"] = "command"
    edge_id: EdgeId
    command_id: MovementId
    outcome: CommandOutcome
    reason: ShortText = ""
    logs: LogText = Field(default="", description="send_logs: the newest log lines")


Reply: TypeAlias = ConfigurationReport | CommandReport


class ReplyMessage(_Model):
    """Edge to collector, by the topic `up/reply`."""

    v: int = Field(default=1, ge=1, le=1)
    reply: Annotated[Reply, Field(discriminator="kind")]
