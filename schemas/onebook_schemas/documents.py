"""The schemas as documents: JSON Schema of every message, and one AsyncAPI document of the whole uplink."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from onebook_schemas.envelope import JournalEvent, TelemetryEvent
from onebook_schemas.uplink import Ack, EdgeState, Live, UploadHeader

MESSAGES: dict[str, type[BaseModel]] = {
    "upload_header": UploadHeader,
    "journal_event": JournalEvent,
    "telemetry_event": TelemetryEvent,
    "ack": Ack,
    "edge_state": EdgeState,
    "live": Live,
}


def json_schemas() -> dict[str, dict[str, Any]]:
    """File name (without ending) -> JSON Schema (draft 2020-12)."""
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {name: {"$schema": dialect, **model.model_json_schema()} for name, model in MESSAGES.items()}


def asyncapi_document() -> dict[str, Any]:
    """The uplink as AsyncAPI 3.0: channels are topics, operations are seen from the collector."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "onebook uplink",
            "version": "1",
            "description": "What edges and collectors say to each other over MQTT 5. docs/protocol.md says why.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(*rest) for name, *rest in _CHANNELS},
        "operations": {name: _operation(name, action) for name, _, action, *_ in _CHANNELS},
        "components": {
            "messages": {name: _message(name) for name in ("upload", "ack", "edge_state", "live")},
            "schemas": {name: {"$ref": f"./json/{name}.json"} for name in MESSAGES},
        },
    }


_CHANNELS: tuple[tuple[str, str, str, str, int, bool, str], ...] = (
    # name, address, collector's action, message, quality of service, retained, summary
    (
        "journal",
        "onebook/v1/e/{edge_id}/up/journal",
        "receive",
        "upload",
        1,
        False,
        "Movements, counts, device events.",
    ),
    ("telemetry", "onebook/v1/e/{edge_id}/up/telemetry", "receive", "upload", 1, False, "Samples and health."),
    ("live", "onebook/v1/e/{edge_id}/up/live", "receive", "live", 0, False, "The present; never history."),
    ("state", "onebook/v1/e/{edge_id}/state", "receive", "edge_state", 1, True, "Online, or the last will."),
    ("ack", "onebook/v1/e/{edge_id}/down/ack", "send", "ack", 1, False, "The collector's cursor, after its commit."),
)


def _channel(address: str, action: str, message: str, qos: int, retained: bool, summary: str) -> dict[str, Any]:
    return {
        "address": address,
        "summary": summary,
        "parameters": {"edge_id": {"description": "The edge's name: MQTT client id and certificate common name."}},
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "bindings": {"mqtt": {"bindingVersion": "0.2.0", "qos": qos, "retain": retained}},
    }


def _operation(channel: str, action: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}


def _message(name: str) -> dict[str, Any]:
    if name != "upload":
        return {"name": name, "payload": {"$ref": f"#/components/schemas/{name}"}}
    return {
        "name": "upload",
        "summary": "First line: the header. Then one line per event, byte for byte as the edge stored it.",
        "contentType": "application/x-ndjson",
        "description": "Above 512 bytes the whole is a zlib stream. Lines of the journal are `journal_event`, lines of telemetry "
        "`telemetry_event`; the chain is computed over the lines' bytes.",
        "payload": {"$ref": "#/components/schemas/upload_header"},
    }
