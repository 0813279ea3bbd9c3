"""What an archive says about itself, as its first, authenticated, bytes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from onebook_schemas.uplink import Stream


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Model):
    """One file in the archive. Databases have the name of their role, other files (`file:`) the path that they had."""

    name: str
    bytes: int = Field(ge=0)
    sha256: str
    revision: str = ""  # Of the database's tables, where it keeps one.

    @property
    def is_database(self) -> bool:
        return not self.name.startswith("file:")


class LogAt(_Model):
    """How far one log of an edge was booked."""

    edge_id: str
    epoch: str
    stream: str
    accepted_through: int


class Manifest(_Model):
    v: int = Field(default=1, ge=1, le=1)
    made_at_ms: int
    software_version: str
    ledger_seq: int
    head: str  # Hex.
    feed_epoch: str
    logs: tuple[LogAt, ...]
    parts: tuple[Part, ...]

    @property
    def journals(self) -> dict[str, dict[str, int]]:
        """Edge -> epoch -> how far its journal is in this backup."""
        held: dict[str, dict[str, int]] = {}
        for log in self.logs:
            if log.stream == Stream.JOURNAL:
                held.setdefault(log.edge_id, {})[log.epoch] = log.accepted_through
        return held

    @property
    def parts_bytes(self) -> int:
        return sum(part.bytes for part in self.parts)
