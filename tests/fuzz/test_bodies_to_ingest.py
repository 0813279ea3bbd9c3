"""Goal: whatever comes in from the broker is booked, or rejected with a reason and counted; nothing valid is held up. 250 bodies.

Method: a real broker, a centre with its databases, and one honest edge that goes on recording. A stranger sends to the same
topics: 150 bodies that are no messages, 50 uploads that were changed on the way, 50 whose events nobody can read. Each must be
found again where it belongs: among the rejections, among the damaged, or in quarantine with its bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from onebook_deploy.mosquitto import private_broker
from onebook_schemas.chain import chain_heads, chain_start
from onebook_schemas.encoding import encode_upload
from onebook_schemas.mqtt_link import MqttLink
from onebook_schemas.uplink import Stream, Upload, UploadHeader
from tests.integration.test_uplink import centre, delivered, edge, record

SEED = 20261123
NO_MESSAGES, DAMAGED, UNREADABLE = 150, 50, 50
STRANGER, LIAR, BABBLER = "edge-7", "edge-8", "edge-9"
EPOCH = "00112233445566aa"

Message = tuple[str, bytes]  # Topic, body.


async def test_what_is_no_upload_is_counted_and_explained_and_an_honest_edge_is_not_held_up(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    hostile = [*_no_messages(dice), *_damaged(dice), *_unreadable(dice)]
    order = list(range(len(hostile)))
    dice.shuffle(order)
    order.sort(key=lambda n: n >= NO_MESSAGES + DAMAGED)  # The unreadable are a log of their own: in order, at the end.
    order[NO_MESSAGES + DAMAGED :] = range(NO_MESSAGES + DAMAGED, len(hostile))
    with private_broker(tmp_path / "broker") as broker:
        async with (
            centre(tmp_path / "c", broker.port) as (runner, _),
            edge(tmp_path / "e", broker.port) as (outbox, _),
            _connected(broker.port) as stranger,
        ):
            for number, at in enumerate(order):
                topic, body = hostile[at]
                await stranger.publish(topic, body)
                if number % 10 == 0:
                    await record(outbox, number)
            await delivered(outbox)
            while runner.counters.events["journal"] < len(hostile) // 10 + UNREADABLE:
                await asyncio.sleep(0.02)
            counters = runner.counters
            assert counters.rejected.total() == NO_MESSAGES
            assert all(rejection.reason for rejection in counters.rejections)
            assert counters.outcomes["damaged"] == DAMAGED
            assert counters.failures == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "c" / "ledger.db")) as database:
        query = "SELECT body, reason FROM envelope JOIN log USING (log_id) WHERE edge_id = ? ORDER BY sequence"
        honest = database.execute(query, ("edge-1",)).fetchall()
        babble = database.execute(query, (BABBLER,)).fetchall()
    assert [json.loads(body)["fact"]["text"] for body, _ in honest] == [str(n) for n in range(0, len(hostile), 10)]
    assert [body for body, _ in babble] == [_lines_of(body) for _, body in hostile[NO_MESSAGES + DAMAGED :]]
    assert all(reason for _, reason in babble)


@contextlib.asynccontextmanager
async def _connected(port: int) -> Any:
    link = MqttLink("127.0.0.1", port, "stranger")
    running = asyncio.create_task(link.run())
    await link.connected.wait()
    yield link
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def _topic(edge_id: str, kind: str = "journal") -> str:
    return f"onebook/v1/e/{edge_id}/up/{kind}"


def _header(edge_id: str, lines: list[bytes], first: int = 1, head: bytes | None = None) -> UploadHeader:
    before = head or chain_start(edge_id, EPOCH, Stream.JOURNAL)
    return UploadHeader(
        edge_id=edge_id,
        epoch=EPOCH,
        stream=Stream.JOURNAL,
        first_sequence=first,
        last_sequence=first + len(lines) - 1,
        waiting=0,
        chain_before=before.hex(),
        chain_after=(chain_heads(before, lines) or [before])[-1].hex(),
    )


def _event(dice: random.Random, sequence: int = 1) -> bytes:
    fact = {"type": "code_set_aside", "text": f"{dice.random()}", "reason": "fuzz"}
    event = {"sequence": sequence, "wall_ms": 1_790_000_000_000, "monotonic_ms": 5, "boot_id": EPOCH}
    return json.dumps(event | {"clock_synchronised": True, "fact": fact}).encode()


# No messages ------------------------------------------------------------------------------------------------------


def _no_messages(dice: random.Random) -> Iterator[Message]:
    for _ in range(NO_MESSAGES):
        lines = [_event(dice, sequence) for sequence in range(1, dice.randrange(2, 8))]
        whole = encode_upload(Upload(_header(STRANGER, lines), tuple(lines)))
        yield dice.choice(_SPOILERS)(whole, dice)


def _here(body: bytes) -> Message:
    return _topic(STRANGER), body


def _noise(whole: bytes, dice: random.Random) -> Message:
    return _here(dice.randbytes(dice.randrange(200)))


def _cut(whole: bytes, dice: random.Random) -> Message:
    return _here(whole[: dice.randrange(len(whole))])


def _flipped(whole: bytes, dice: random.Random) -> Message:
    at = dice.randrange(2, len(whole))
    return _here(whole[:at] + bytes([whole[at] ^ 1 << dice.randrange(8)]) + whole[at + 1 :])


def _bomb(whole: bytes, dice: random.Random) -> Message:
    return _here(zlib.compress(bytes(dice.randrange(5, 40) * 1024 * 1024), 1))


def _nested(whole: bytes, dice: random.Random) -> Message:
    return _here(b'{"v":' + b"[" * dice.randrange(100, 100_000))


def _other_header(
    change: Callable[[dict[str, Any], random.Random], object],
) -> Callable[[bytes, random.Random], Message]:
    def spoil(whole: bytes, dice: random.Random) -> Message:
        head, *lines = zlib.decompress(whole).split(b"\n") if whole[:1] != b"{" else whole.split(b"\n")
        header = json.loads(head)
        change(header, dice)
        return _here(b"\n".join((json.dumps(header).encode(), *lines)))

    return spoil


def _wrong_topic(whole: bytes, dice: random.Random) -> Message:
    places = (_topic("edge-1"), _topic(STRANGER, "telemetry"), _topic(STRANGER, "reply"), _topic(STRANGER, "live"))
    return dice.choice(places), whole


def _huge_event(whole: bytes, dice: random.Random) -> Message:
    line = b"7" * dice.randrange(65_537, 200_000)
    return _here(encode_upload(Upload(_header(STRANGER, [line]), (line,))))


_SPOILERS: tuple[Callable[[bytes, random.Random], Message], ...] = (
    _noise,
    _cut,
    _flipped,
    _bomb,
    _nested,
    _wrong_topic,
    _huge_event,
    _other_header(
        lambda header, dice: header.pop(dice.choice(("edge_id", "epoch", "stream", "first_sequence", "waiting")))
    ),
    _other_header(lambda header, dice: header.update({"v": dice.choice((0, 2, "1.5", None, []))})),
    _other_header(lambda header, dice: header.update({f"x{dice.random()}": 1})),
    _other_header(lambda header, dice: header.update(first_sequence=dice.choice((0, -1, 2**63, "a", 1.5)))),
    _other_header(lambda header, dice: header.update(last_sequence=dice.choice((0, 99, 2**63 - 1, -5)))),
    _other_header(lambda header, dice: header.update(epoch=dice.choice(("", "A" * 16, "zz", 7)))),
    _other_header(lambda header, dice: header.update(chain_before=dice.choice(("", "00", "g" * 64, 1)))),
)


# Damaged, and unreadable --------------------------------------------------------------------------------------------


def _damaged(dice: random.Random) -> Iterator[Message]:
    """The header is whole; one event is not the one that was hashed."""
    for _ in range(DAMAGED):
        lines = [_event(dice, sequence) for sequence in range(1, 6)]
        header = _header(LIAR, lines)
        lines[dice.randrange(5)] = _event(dice, 1)
        yield _topic(LIAR), encode_upload(Upload(header, tuple(lines)))


def _unreadable(dice: random.Random) -> Iterator[Message]:
    """The chain is right, but nobody can make sense of the event."""
    head = chain_start(BABBLER, EPOCH, Stream.JOURNAL)
    for sequence in range(1, UNREADABLE + 1):
        event = _event(dice, sequence)
        line = dice.choice(
            (
                dice.randbytes(dice.randrange(1, 300)).replace(b"\n", b""),
                event[: dice.randrange(1, len(event))],
                event.replace(b"code_set_aside", dice.choice((b"goods_teleported", b"", b"samples_taken"))),
                event.replace(b'"sequence": ', b'"sequence": 9'),
                event.replace(b'"boot_id"', b'"shoe_id"'),
                event.replace(b"true", dice.choice((b"maybe", b"[]", b"2"))),
                b"[" * dice.randrange(1, 50_000),
            )
        )
        upload = Upload(_header(BABBLER, [line], sequence, head), (line,))
        (head,) = chain_heads(head, [line])
        yield _topic(BABBLER), encode_upload(upload)


def _lines_of(body: bytes) -> bytes:
    plain = body if body[:1] == b"{" else zlib.decompress(body)
    return plain.split(b"\n", 1)[1]
