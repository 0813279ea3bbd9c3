"""What comes down to an edge, and what a box asks of the certificate office. The broker may be somebody else's one day."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from random import Random

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from onebook_collector.certificates.requests import key_in_request
from onebook_collector.errors import RefusedError
from onebook_edge.care.command_book import Begin, CommandBook, Finished, Given
from onebook_edge.machine import Instant
from onebook_edge.outbox.store import EventDraft, chained
from onebook_edge.uplink.machine import (
    AckReceived,
    Connected,
    Halted,
    Load,
    Loaded,
    MarkDelivered,
    UplinkInput,
    UplinkMachine,
)  # fmt: skip
from onebook_edge.witness import contradiction
from onebook_schemas.chain import chain_start
from onebook_schemas.checkpoint import Checkpoint
from onebook_schemas.encoding import UndecodableError, decode, explain
from onebook_schemas.remote_care import Command, CommandOutcome, CommandReport, ReplyMessage
from onebook_schemas.uplink import Ack, Stream
from tests.fuzz.bombardment import Hit, Target
from tests.fuzz.mutation import packed, spoiled_bytes, spoiled_json

EDGE, EPOCH, BOOT, HELD = "edge-1", "00112233445566aa", "0123456789abcdef", 20
_ACK = {"v": 1, "epoch": EPOCH, "stream": "journal", "first_sequence": 1, "accepted_through": 10, "pace_ms": 250,
        "refused": [{"sequence": 4, "reason": "unknown item LS99999"}], "upload_events_max": 200}  # fmt: skip


def targets() -> Iterator[Target]:
    yield Target("ack", _forge_ack, lambda _: _hear_ack)
    yield Target("checkpoint", _forge_checkpoint, _open_checkpoint)
    yield Target(
        "command", lambda dice: packed(spoiled_json(_COMMAND | {"command_id": _id(dice)}, dice), dice), _open_commands
    )
    yield Target("reply", lambda dice: packed(spoiled_json(dice.choice(_REPLIES), dice), dice), lambda _: _hear_reply)
    yield Target("enrolment", _forge_request, lambda _: _read_request)


def _forge_ack(dice: Random) -> bytes:
    good = _ACK | {"accepted_through": dice.randrange(HELD + 3), "first_sequence": dice.choice((1, 1, 1, 2, HELD + 1))}
    text = spoiled_json(good, dice) if dice.random() < 0.6 else json.dumps(good).encode()
    text = spoiled_bytes(text, [text], dice) if dice.random() < 0.3 else text
    return packed(text, dice)


class _Edge:
    """An edge with `HELD` events in flight. An ack may step it back, never make it believe what it did not send."""

    def __init__(self) -> None:
        self.machine = UplinkMachine(EDGE, {Stream.JOURNAL: (EPOCH, HELD, 0), Stream.TELEMETRY: (EPOCH, 0, 0)})
        self.heard = False
        self.play(Connected())

    def play(self, message: UplinkInput) -> None:
        for output in self.machine.handle(message, Instant(1_000, 1_000)):
            match output:
                case Load(stream, after, limit):
                    self.play(_loaded(stream, after, limit))
                case MarkDelivered(_, through):
                    assert 0 <= through <= HELD, "delivered what was never sent"
                    self.heard = True
                case Halted():
                    self.heard = True


def _loaded(stream: Stream, after: int, limit: int) -> Loaded:
    if stream is Stream.TELEMETRY:
        return Loaded(stream, after, ())
    return Loaded(stream, after, _EVENTS[after : after + limit], _EVENTS[after - 1].chain_hash if after else _START)


_START = chain_start(EDGE, EPOCH, Stream.JOURNAL)
_EVENTS = tuple(chained(_START, 1, [EventDraft(b"{}", Instant(n, n), BOOT, True) for n in range(HELD)])[0])


def _hear_ack(body: bytes) -> str | None:
    try:
        ack = decode(Ack, body)
    except UndecodableError as error:
        return _unreadable(error)
    edge = _Edge()
    edge.play(AckReceived(ack))
    return None if edge.heard else "answers nothing that is in flight"


def _unreadable(error: UndecodableError) -> str:
    return f"unreadable: {str(error).split(':')[0]}"


def _checkpoint(seq: int) -> dict[str, object]:
    head = f"{seq:064x}"
    statement = {"v": 1, "made_at": seq, "feed_epoch": "f", "ledger_seq": seq, "head": head, "generation": seq,
                 "records": {"movement": [seq, head]}, "standing": head}  # fmt: skip
    logs = [{"epoch": EPOCH, "stream": "journal", "accepted_through": seq, "head": head}]
    position = {"v": 1, "edge_id": EDGE, "statement": head, "logs": logs}
    return {"v": 1, "version": seq, "key_id": "0" * 16, "statement": json.dumps(statement),
            "statement_signature": "0" * 128, "position": json.dumps(position), "position_signature": "0" * 128}  # fmt: skip


def _forge_checkpoint(dice: Random) -> bytes:
    good = _checkpoint(dice.randrange(1, 50))
    name = dice.choice(("statement", "position", ""))
    if name:
        good[name] = spoiled_json(json.loads(str(good[name])), dice).decode(errors="replace")
        return packed(json.dumps(good).encode(), dice)
    return packed(spoiled_json(good, dice), dice)


def _open_checkpoint(_: Random) -> Hit:
    held: list[Checkpoint] = []

    def hit(body: bytes) -> str | None:
        try:
            checkpoint = decode(Checkpoint, body)
            refused = contradiction(held, checkpoint, EDGE)
        except UndecodableError as error:
            return _unreadable(error)
        except ValidationError as error:
            return f"unreadable inside: {explain(error).split(':')[0]}"
        if refused is None and len(held) < 10:
            held.append(checkpoint)
        return refused and "contradicts: " + "".join("#" if char.isdigit() else char for char in refused)[:40]

    return hit


# Remote care --------------------------------------------------------------------------------------------------------


_COMMAND = {"v": 1, "edge_id": EDGE, "action": "tare", "device": "scale-1", "issued_at_ms": 1_000, "expires_at_ms": 60_000,
            "issued_by": "李敏"}  # fmt: skip
_REPLIES: tuple[dict[str, object], ...] = (
    {"v": 1, "reply": {"kind": "command", "edge_id": EDGE, "command_id": "00000000-0000-4000-8000-000000000001",
                       "outcome": "done", "reason": "", "logs": "one line"}},
    {"v": 1, "reply": {"kind": "configuration", "edge_id": EDGE, "version": 3, "outcome": "refused", "problems": ["x"]}},
)  # fmt: skip


def _id(dice: Random) -> str:
    return f"00000000-0000-4000-8000-{dice.randrange(30):012x}"


def _open_commands(_: Random) -> Hit:
    book = CommandBook(EDGE, {})

    def hit(body: bytes) -> str | None:
        try:
            command = decode(Command, body)
        except UndecodableError as error:
            return _unreadable(error)
        outputs = book.handle(Given(command, time_known=True), Instant(2_000, 2_000))
        begun = [output for output in outputs if isinstance(output, Begin)]
        for one in begun:
            book.handle(Finished(one.command.command_id, CommandOutcome.DONE), Instant(3_000, 3_000))
        said = [output.outcome for output in outputs if isinstance(output, CommandReport)]
        assert begun or said, "a command without an answer"
        return None if begun else f"not begun: {said[0]}"

    return hit


def _hear_reply(body: bytes) -> str | None:
    try:
        decode(ReplyMessage, body)
    except UndecodableError as error:
        return _unreadable(error)
    return None


# Certificate requests -----------------------------------------------------------------------------------------------


def _good_request() -> bytes:
    key = ec.derive_private_key(20_261_123, ec.SECP256R1())  # Always the same: an input must be replayable.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, EDGE)])
    asked = (
        x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    )
    return asked.public_bytes(serialization.Encoding.PEM)


_REQUEST = _good_request()


def _forge_request(dice: Random) -> bytes:
    if dice.random() < 0.5:
        return spoiled_bytes(_REQUEST, [_REQUEST], dice)
    der = x509.load_pem_x509_csr(_REQUEST).public_bytes(serialization.Encoding.DER)
    body = spoiled_bytes(der, [der], dice)

    return b"-----BEGIN CERTIFICATE REQUEST-----\n" + base64.encodebytes(body) + b"-----END CERTIFICATE REQUEST-----\n"


def _read_request(body: bytes) -> str | None:
    try:
        key_in_request(body.decode("utf-8", errors="replace"), EDGE)
    except RefusedError as error:
        return str(error.detail).split(" / ")[-1]
    return None
