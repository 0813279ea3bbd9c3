"""The schemas as documents: JSON Schema of every message, and one AsyncAPI document of the whole uplink."""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import BaseModel

from onebook_schemas.checkpoint import Checkpoint, Position, Statement
from onebook_schemas.envelope import JournalEvent, TelemetryEvent
from onebook_schemas.reference import CATALOGUE, DOCUMENTS
from onebook_schemas.remote_care import Command, DesiredConfiguration, ReplyMessage
from onebook_schemas.topics import ROOT
from onebook_schemas.uplink import Ack, EdgeState, Live, UploadHeader

MESSAGES: dict[str, type[BaseModel]] = {
    "upload_header": UploadHeader,
    "journal_event": JournalEvent,
    "telemetry_event": TelemetryEvent,
    "ack": Ack,
    "edge_state": EdgeState,
    "live": Live,
    "checkpoint": Checkpoint,
    "checkpoint_statement": Statement,
    "checkpoint_position": Position,
    "desired_configuration": DesiredConfiguration,
    "command": Command,
    "reply": ReplyMessage,
    **{f"{name}_document": kind for name, kind in DOCUMENTS.items()},
}

_GIVEN = {
    "catalogue": "The item catalogue, one copy for the province.",
    "site": "What this warehouse is: bins, zones, rules, reasons, holdings.",
    "people": "Who may work here.",
    "tasks": "What this warehouse is to carry out.",
    "stock": "The book of this site as of what the centre had of this edge.",
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
            "description": "What edges and collectors say to each other over MQTT 5. Each message is a zlib stream (RFC 1950) of "
            "what is described here; plain text is taken too. docs/protocol.md says why.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {channel.name: _channel(channel) for channel in _CHANNELS},
        "operations": {channel.name: _operation(channel) for channel in _CHANNELS},
        "components": {
            "messages": {name: _message(name) for name in {channel.message: None for channel in _CHANNELS}},
            "schemas": {name: {"$ref": f"./json/{name}.json"} for name in MESSAGES},
        },
    }


class _Channel(NamedTuple):
    name: str
    address: str
    action: str  # The collector's.
    message: str
    qos: int
    retained: bool
    summary: str


_CHANNELS = (
    _Channel(
        "journal",
        f"{ROOT}/e/{{edge_id}}/up/journal",
        "receive",
        "upload",
        1,
        False,
        "Movements, counts, device events.",
    ),
    _Channel("telemetry", f"{ROOT}/e/{{edge_id}}/up/telemetry", "receive", "upload", 1, False, "Samples and health."),
    _Channel("live", f"{ROOT}/e/{{edge_id}}/up/live", "receive", "live", 0, False, "The present; never history."),
    _Channel("state", f"{ROOT}/e/{{edge_id}}/state", "receive", "edge_state", 1, True, "Online, or the last will."),
    _Channel(
        "ack", f"{ROOT}/e/{{edge_id}}/down/ack", "send", "ack", 1, False, "The collector's cursor, after its commit."
    ),
    _Channel(
        "checkpoint",
        f"{ROOT}/e/{{edge_id}}/down/checkpoint",
        "send",
        "checkpoint",
        1,
        True,
        "The newest signed checkpoint of the book.",
    ),
    _Channel(
        "configuration",
        f"{ROOT}/e/{{edge_id}}/down/configuration",
        "send",
        "desired_configuration",
        1,
        True,
        "What the centre wants of this edge's configuration.",
    ),
    _Channel("command", f"{ROOT}/e/{{edge_id}}/down/command", "send", "command", 1, False, "One thing to do, once."),
    _Channel(
        "reply",
        f"{ROOT}/e/{{edge_id}}/up/reply",
        "receive",
        "reply",
        1,
        False,
        "What became of a configuration or a command.",
    ),
    *(
        _Channel(
            name,
            f"{ROOT}/reference/{name}" if name == CATALOGUE else f"{ROOT}/e/{{edge_id}}/down/{name}",
            "send",
            f"{name}_document",
            1,
            True,
            f"{summary} Part 2 and on of a large one: with /2, /3 ... behind the address.",
        )
        for name, summary in _GIVEN.items()
    ),
)


def _channel(channel: _Channel) -> dict[str, Any]:
    edge_id = {"edge_id": {"description": "The edge's name: MQTT client id and certificate common name."}}
    return {
        "address": channel.address,
        "summary": channel.summary,
        "parameters": edge_id if "{edge_id}" in channel.address else {},
        "messages": {channel.message: {"$ref": f"#/components/messages/{channel.message}"}},
        "bindings": {"mqtt": {"bindingVersion": "0.2.0", "qos": channel.qos, "retain": channel.retained}},
    }


def _operation(channel: _Channel) -> dict[str, Any]:
    return {"action": channel.action, "channel": {"$ref": f"#/channels/{channel.name}"}}


def _message(name: str) -> dict[str, Any]:
    if name != "upload":
        return {"name": name, "payload": {"$ref": f"#/components/schemas/{name}"}}
    return {
        "name": "upload",
        "summary": "First line: the header. Then one line per event, byte for byte as the edge stored it.",
        "contentType": "application/x-ndjson",
        "description": "Lines of the journal are `journal_event`, lines of telemetry `telemetry_event`; the chain is computed "
        "over the lines' bytes.",
        "payload": {"$ref": "#/components/schemas/upload_header"},
    }
