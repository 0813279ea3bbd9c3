"""A signed checkpoint of the book, as each edge keeps it: every site is a witness of what the book was.

What is signed are texts, byte for byte, behind a prefix that says what they are; nobody re-serialises them in order to check.
docs/ledger.md ("Checkpoints") says how each figure is recomputed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from onebook_schemas.chain import HashAlgorithm
from onebook_schemas.identifiers import INT64_MAX, EdgeId, Epoch, HexDigest, ShortText
from onebook_schemas.uplink import Stream

STATEMENT_PREFIX = b"onebook checkpoint\n"
POSITION_PREFIX = b"onebook position\n"

Signature = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")]
"""Ed25519 (RFC 8032), in hex."""
KeyId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
"""The first 16 hex digits of the SHA-256 of the raw public key."""
_Count = Annotated[int, Field(ge=0, le=INT64_MAX)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Statement(_Model):
    """What the centre says of the whole book at one moment."""

    v: Literal[1] = 1
    made_at: _Count = Field(description="Unix ms; later in every checkpoint than in the one before")
    feed_epoch: ShortText = Field(description="begins anew when the book was restored from a backup")
    ledger_seq: _Count = Field(description="newest entry, and so the count of entries")
    head: HexDigest = Field(description="its hash")
    generation: _Count = Field(description="writing transactions of the book, this one included")
    records: dict[ShortText, tuple[_Count, HexDigest]] = Field(description="table -> rows, hash over them in order")
    standing: HexDigest = Field(description="hash over the tables whose rows may change")
    hash_algorithm: HashAlgorithm = Field(
        default=HashAlgorithm.SHA256,
        exclude_if=lambda algorithm: algorithm is HashAlgorithm.SHA256,
        description="of every hash here, the same for the whole life of the book; left out: sha256",
    )


class LogPosition(_Model):
    """How far the book holds one log of the edge."""

    epoch: Epoch
    stream: Stream
    accepted_through: _Count
    head: HexDigest


class Position(_Model):
    """What the centre says of one edge's own logs at that moment."""

    v: Literal[1] = 1
    edge_id: EdgeId
    statement: HexDigest = Field(description="hash of the statement's text, by the statement's algorithm")
    logs: tuple[LogPosition, ...] = Field(max_length=10_000)


class Checkpoint(_Model):
    """Retained on `down/checkpoint`. Whole and replaceable: each one says everything anew."""

    v: Literal[1] = 1
    version: _Count = Field(description="the statement's made_at")
    key_id: KeyId
    statement: str = Field(max_length=65_536, description="JSON text of a Statement; these bytes are signed")
    statement_signature: Signature
    position: str = Field(max_length=4_000_000, description="JSON text of a Position; these bytes are signed")
    position_signature: Signature

    def stated(self) -> Statement:
        """Raises pydantic's ValidationError for a text that is no statement."""
        return Statement.model_validate_json(self.statement)

    def positioned(self) -> Position:
        """Raises pydantic's ValidationError for a text that is no position."""
        return Position.model_validate_json(self.position)
