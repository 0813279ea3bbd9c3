"""Every MQTT topic of onebook, in one place."""

from __future__ import annotations

import re
from typing import Final

from onebook_schemas.uplink import Stream

ROOT: Final = "onebook/v1"

UPLOADS_FILTER: Final = f"{ROOT}/e/+/up/+"
STATES_FILTER: Final = f"{ROOT}/e/+/state"
REFERENCE_FILTER: Final = f"{ROOT}/reference/#"
_UP = re.compile(rf"^{ROOT}/e/([a-z0-9][a-z0-9-]{{1,62}})/(?:up/([a-z]+)|(state))\Z")
_DOWN = re.compile(rf"^{ROOT}/(?:e/[^/]+/down|reference)/([a-z_]+)(?:/[0-9]+)?\Z")


def upload(edge_id: str, stream: Stream) -> str:
    """Edge to collector, quality of service 1: an upload or a probe."""
    return f"{ROOT}/e/{edge_id}/up/{stream}"


def live(edge_id: str) -> str:
    """Edge to whoever looks, quality of service 0: the latest readings."""
    return f"{ROOT}/e/{edge_id}/up/live"


def reply(edge_id: str) -> str:
    """Edge to collector: result of a command, by its id."""
    return f"{ROOT}/e/{edge_id}/up/reply"


def state(edge_id: str) -> str:
    """Edge to all, retained; the broker publishes the last will here."""
    return f"{ROOT}/e/{edge_id}/state"


def ack(edge_id: str) -> str:
    """Collector to edge: acks of both streams."""
    return f"{ROOT}/e/{edge_id}/down/ack"


def down_filter(edge_id: str) -> str:
    """All that an edge listens to of its own, the parts of its documents among it."""
    return f"{ROOT}/e/{edge_id}/down/#"


def command(edge_id: str) -> str:
    """Collector to edge: tare, identify, re-read ..."""
    return f"{ROOT}/e/{edge_id}/down/command"


def document(edge_id: str, name: str, part: int = 1) -> str:
    """Collector to edge, retained: a versioned document (configuration, open tasks, people, checkpoint).

    A broker retains one message a topic, so the second and later parts of one that is large have topics of their own.
    """
    return f"{ROOT}/e/{edge_id}/down/{_with_part(name, part)}"


def reference(name: str, part: int = 1) -> str:
    """Collector to all, retained: catalogue, codes."""
    return f"{ROOT}/reference/{_with_part(name, part)}"


def heard_by_edge(topic: str) -> str | None:
    """What an edge listens to there: "ack", "command", or a document's name, whichever part it is; None if it is nothing."""
    match = _DOWN.match(topic)
    return match[1] if match else None


def parse_from_edge(topic: str) -> tuple[str, str] | None:
    """(edge_id, "journal" | "telemetry" | "live" | "reply" | "state") of a topic that edges write to; None if it is none."""
    match = _UP.match(topic)
    return (match[1], match[2] or match[3]) if match else None


def _with_part(name: str, part: int) -> str:
    return name if part == 1 else f"{name}/{part}"
