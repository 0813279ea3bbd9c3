"""What an edge, or somebody with its certificate, sends up: uploads of both streams, live messages, states."""

from __future__ import annotations

import copy
import dataclasses
import json
import zlib
from collections.abc import Iterable, Iterator
from decimal import Decimal
from random import Random
from typing import Any

from onebook_collector.api.values import rfc3339
from onebook_collector.early_warning.facts import facts_of_live, facts_of_telemetry
from onebook_collector.ingest.book_uploads import ReceivedUpload, book_journal_upload, book_telemetry_cursor
from onebook_collector.ingest.decide import Outcome, Pace, decide_telemetry
from onebook_collector.ledger.book_state import Rows
from onebook_collector.ledger.memory_book import MemoryBook
from onebook_collector.live_board import LiveBoard
from onebook_collector.metrics.sample import points_of
from onebook_schemas import topics
from onebook_schemas.chain import chain_heads, chain_start
from onebook_schemas.encoding import UndecodableError, decode, decode_upload, encode_upload
from onebook_schemas.identifiers import INT64_MAX
from onebook_schemas.uplink import EdgeState, Live, Stream, Upload, UploadHeader
from tests.contract.ledger_events import BOOT, BULK, EPOCH, LOT, NOON, SERIAL, counted, furnish, line, moved, reversed_
from tests.fuzz.bombardment import Hit, Target
from tests.fuzz.mutation import packed, spoiled_bytes, spoiled_json

EDGES = ("edge-1", "edge-2", "edge-9")  # The last is not registered.
_SERIES = {
    "device": "probe-1",
    "quantity": "temperature_c",
    "unit": "CEL",
    "after_ms": [0, 500],
    "values": [21.5, None],
}
_JOURNAL: tuple[dict[str, Any], ...] = (
    moved(1, "receipt", line(LOT, 5, to_bin="A-01", lot="L1")),
    moved(2, "receipt", line(BULK, "1.25", unit="TNE", to_bin="S-01")),
    moved(3, "receipt", line(SERIAL, 2, to_bin="A-02", serials=["S1", "S2"])),
    moved(4, "issue", line(LOT, 2, from_bin="A-01", lot={"number": "L1", "expires_on": "2030-01-31"})),
    moved(5, "bin_move", line(SERIAL, 1, from_bin="A-02", to_bin="A-03", serials=["S1"])),
    reversed_(6, 1),
    counted(7, LOT, "A-01", 4, lot="L1"),
    {"type": "code_set_aside", "text": "5901234123457", "reason": "unknown-gtin"},
    {"type": "edge_started", "software_version": "0.1.0", "clean": True},
)  # fmt: skip
_TELEMETRY: tuple[dict[str, Any], ...] = (
    {"type": "samples_taken", "series": [_SERIES, {**_SERIES, "quality": {"1": "sensor_fault"}}]},
    {"type": "edge_health", "journal_waiting": 0, "telemetry_waiting": 0, "outbox_bytes": 1, "outbox_budget_bytes": 9,
     "memory_bytes": 1, "cpu_ms": 1, "uptime_ms": 1},
    {"type": "telemetry_thinned", "through": 3, "events_dropped": 2, "from_wall_ms": NOON, "until_wall_ms": NOON + 1,
     "extremes": [_SERIES]},
)  # fmt: skip
_READING = {"device": "probe-1", "quantity": "temperature_c", "unit": "CEL", "value": 21.5, "quality": "good"}
_LIVE = {
    "v": 1,
    "edge_id": "edge-1",
    "wall_ms": NOON,
    "clock_synchronised": True,
    "journal_waiting": 2,
    "readings": [_READING],
}
_STATE = {"v": 1, "edge_id": "edge-1", "online": True, "software_version": "0.1.0", "epochs": {"journal": EPOCH},
          "clock_synchronised": True, "documents_held": {"checkpoint": 3}}  # fmt: skip


def targets() -> Iterator[Target]:
    for stream, facts in ((Stream.JOURNAL, _JOURNAL), (Stream.TELEMETRY, _TELEMETRY)):
        yield Target(
            f"upload-{stream}", lambda dice, stream=stream, facts=facts: _upload(dice, stream, facts), _open, _storable
        )
    yield Target("live", lambda dice: _message(_LIVE, dice), _open_live)
    yield Target("state", lambda dice: _message(_STATE, dice), _open_state)
    yield Target("topic", _topic, lambda _: _hear_topic)


# Forging ------------------------------------------------------------------------------------------------------------


def _message(good: dict[str, Any], dice: Random) -> bytes:
    text = spoiled_json(good, dice)
    text = spoiled_bytes(text, [text], dice) if dice.random() < 0.2 else text
    return packed(text, dice)


def _upload(dice: Random, stream: Stream, facts: tuple[dict[str, Any], ...]) -> bytes:
    """Events are spoiled and then hashed rightly, so that they come as far as the book; or header or bytes are spoiled."""
    edge_id, epoch, first = dice.choice(EDGES), EPOCH, dice.choice((1, 1, 2, 3, dice.randrange(1, 40)))
    if dice.random() < 0.7:
        epoch, first = (
            f"{dice.getrandbits(64):016x}",
            1,
        )  # A log of its own: in one, the first fork holds all that follows.
    lines = [_line(dice.choice(facts), first + n, dice) for n in range(dice.choice((0, 1, 1, 2, 4)))]
    before = chain_start(edge_id, epoch, stream)
    head = UploadHeader(
        edge_id=edge_id, epoch=epoch, stream=stream, first_sequence=first, last_sequence=first + len(lines) - 1, waiting=0,
        chain_before=before.hex(), chain_after=(chain_heads(before, lines) or [before])[-1].hex(),
        boot_anchors={BOOT: dice.choice((NOON, 0, INT64_MAX, -INT64_MAX))} if dice.random() < 0.3 else {},
    )  # fmt: skip
    match dice.randrange(8):
        case 0:
            return packed(b"\n".join((spoiled_json(head.model_dump(mode="json"), dice), *lines)), dice)
        case 1:
            body = encode_upload(Upload(head, tuple(lines)))
            return spoiled_bytes(body, [body], dice)
        case 2:
            body = spoiled_bytes(b"\n".join((head.model_dump_json().encode(), *lines)), lines or [b"\n"], dice)
            return packed(body, dice)
        case 3 if dice.random() < 0.01:
            return zlib.compress(bytes(dice.randrange(1, 30) * 1024 * 1024), 1)
        case _:
            return encode_upload(Upload(head, tuple(lines)))


def _line(fact: dict[str, Any], sequence: int, dice: Random) -> bytes:
    event = {
        "sequence": sequence,
        "v": 1,
        "wall_ms": NOON,
        "monotonic_ms": 5,
        "boot_id": BOOT,
        "clock_synchronised": True,
    }
    event |= {"fact": copy.deepcopy(fact)}
    if "movement_id" in fact and dice.random() < 0.8:
        event["fact"]["movement_id"] = f"00000000-0000-4000-8000-{dice.randrange(1, 40):012x}"
    if dice.random() < 0.2:
        event["wall_ms"] = dice.choice((0, -1, INT64_MAX, -INT64_MAX, NOON + 86_400_000 * 400_000))
    if dice.random() < 0.1:
        event["clock_synchronised"] = False
    return spoiled_json(event, dice).replace(b"\n", b" ") if dice.random() < 0.6 else json.dumps(event).encode()


def _topic(dice: Random) -> bytes:
    good = topics.upload(dice.choice(EDGES), Stream.JOURNAL).encode()
    return spoiled_bytes(good, [topics.state("edge-1").encode(), b"$SYS/broker", b"+/#"], dice)


# Hitting ------------------------------------------------------------------------------------------------------------


class _Centre:
    """A book in memory and a board, as the ingest uses them."""

    def __init__(self) -> None:
        self.book = MemoryBook()
        furnish(self.book)  # type: ignore[arg-type]

    def __call__(self, body: bytes) -> str | None:
        try:
            upload = decode_upload(body)
        except UndecodableError as error:
            return _class_of(str(error))
        received = ReceivedUpload(upload, body, NOON)
        if upload.header.stream is Stream.JOURNAL:
            booked = book_journal_upload(self.book, received, Pace())  # type: ignore[arg-type]
        else:
            booked = self._telemetry(received)
        if booked.outcome is not Outcome.FRESH:
            return f"{booked.outcome}: {booked.fork_reason}"[:20]
        refused = [verdict.reason for verdict in booked.verdicts if verdict.reason]
        return _class_of(f"set aside: {refused[0]}") if refused else None

    def _telemetry(self, received: ReceivedUpload) -> Any:
        decision = decide_telemetry(self.book.cursor(received.key), received.upload)
        for event in decision.fresh:
            samples = points_of(
                received.key.edge_id, received.key.epoch, event, received.upload.header.boot_anchors, NOON
            )
            facts_of_telemetry(event, samples, "wh-1")
            for block in samples.blocks:
                assert all(map(rfc3339, block.at_ms)), "a screen can write its time"
            if samples.thinned:
                assert all(map(rfc3339, (samples.thinned.from_ms, samples.thinned.until_ms)))
        return book_telemetry_cursor(self.book, received, decision, Pace())  # type: ignore[arg-type]


def _open(_: Random) -> Hit:
    return _Centre()


def _storable(hit: Hit) -> None:
    """What was booked fits into any database, its times can be shown, and all of it adds up to nothing."""
    assert isinstance(hit, _Centre)
    rows = hit.book.rows
    for value in _values([getattr(rows, one.name) for one in dataclasses.fields(Rows)]):
        assert not isinstance(value, int) or -INT64_MAX <= value <= INT64_MAX, value
        assert not isinstance(value, str) or len(value.encode()) >= 0, "text that UTF-8 cannot carry raises"
    for movement in rows.movements:
        assert rfc3339(movement.event_time)
    assert sum(quantity for quantity, _ in rows.balances.values()) == 0


def _values(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if dataclasses.is_dataclass(value):
        value = [getattr(value, one.name) for one in dataclasses.fields(value)]
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for inner in value:
            yield from _values(inner)
    elif not isinstance(value, Decimal):
        yield value


def _open_live(_: Random) -> Hit:
    board = LiveBoard()

    def hit(body: bytes) -> str | None:
        try:
            live = decode(Live, body)
        except UndecodableError as error:
            return _class_of(str(error))
        board.see_live(live, NOON)
        facts_of_live(live, "wh-1", NOON)
        json.dumps([one.model_dump() for one in live.readings], allow_nan=False).encode()
        return None

    return hit


def _open_state(_: Random) -> Hit:
    board = LiveBoard()

    def hit(body: bytes) -> str | None:
        try:
            state = decode(EdgeState, body)
        except UndecodableError as error:
            return _class_of(str(error))
        board.see_state(state, NOON, retained=False)
        return None

    return hit


def _hear_topic(body: bytes) -> str | None:
    topic = body.decode(errors="replace")
    parsed = topics.parse_from_edge(topic)
    if parsed is None:
        return "a topic that no edge may write to"
    edge_id, kind = parsed
    assert topic in (f"onebook/v1/e/{edge_id}/up/{kind}", f"onebook/v1/e/{edge_id}/state"), topic
    return None


def _class_of(reason: str) -> str:
    """A reason without the values in it, so that it can be counted."""
    return "".join("#" if char.isdigit() else char for char in reason)[:48]
