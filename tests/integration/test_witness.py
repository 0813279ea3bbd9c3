"""Each site as a witness: what the centre signs reaches the edges by a real broker, stays there, and proves the book."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from onebook_collector.early_warning.rule import Kind, Severity
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_collector.proving.witnessing import Witnessing
from onebook_deploy.mosquitto import PrivateBroker, mosquitto_program, private_broker
from onebook_edge.witness import DOCUMENT, Witness, contradiction, export_of, held_in
from onebook_schemas.checkpoint import Checkpoint
from onebook_schemas.device_events import CheckpointContradicted
from onebook_schemas.encoding import encode
from tests.contract import ledger_events as events
from tests.contract.ledger_bench import open_store
from tests.contract.proven_book import load_verifier, make_book, new_key
from tests.integration.running_centre import HandClock, running_centre
from tests.integration.test_uplink import centre, delivered, edge, record

KEY = new_key()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[PrivateBroker]:
    mosquitto_program()
    with private_broker(tmp_path / "broker") as running:
        yield running


@contextlib.asynccontextmanager
async def running(task: asyncio.Task[None]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_an_edge_holds_what_the_centre_signed_and_says_so(broker: PrivateBroker, tmp_path: Path) -> None:
    path = tmp_path / "checkpoints.db"
    async with (
        centre(tmp_path / "c", broker.port) as (ingest, seen),
        edge(tmp_path / "e", broker.port) as (outbox, uplink),
    ):
        witness = Witness(path, "edge-1", uplink.hold_document, outbox.record)
        uplink.listen(DOCUMENT, witness.hear)
        await record(outbox, "a", "b")
        await delivered(outbox)
        ledger = ingest._ledger
        assert isinstance(ledger, SqlLedgerStore)
        witnessing = Witnessing(ledger, ingest.link, KEY, HandClock(), movements=1, minutes=1)
        async with running(asyncio.create_task(witness.run())), running(asyncio.create_task(witnessing.run())):
            while not any(state.documents_held for state in seen.states):
                await asyncio.sleep(0.02)
    (held,) = held_in(path)
    assert {"checkpoint": held.version} in [state.documents_held for state in seen.states]
    assert [(one.stream, one.accepted_through) for one in held.positioned().logs if one.stream == "journal"] == [
        ("journal", 2)
    ]
    with sqlite3.connect(tmp_path / "c" / "ledger.db") as book:
        documents = [("edge-1", one) for one in export_of(path, "edge-1")["documents"]]
        found = load_verifier().prove(book, {KEY.key_id: KEY.public}, documents)
    assert (found.wrong, found.open) == ([], [])


async def test_a_checkpoint_is_published_again_to_a_broker_that_lost_its_disk(
    broker: PrivateBroker, tmp_path: Path
) -> None:
    async with centre(tmp_path / "c", broker.port) as (ingest, _):
        ledger = ingest._ledger
        assert isinstance(ledger, SqlLedgerStore)
        await ledger.write(events.furnish)
        witnessing = Witnessing(ledger, ingest.link, KEY, HandClock(), movements=1, minutes=1, look_every_s=0.02)
        async with running(asyncio.create_task(witnessing.run())):
            first = await held_by_a_new_edge(broker, tmp_path / "before")
            broker.kill()
            (broker.folder / "mosquitto.db").unlink(missing_ok=True)
            broker.start()
            assert await held_by_a_new_edge(broker, tmp_path / "after") == first


async def held_by_a_new_edge(broker: PrivateBroker, folder: Path) -> list[Checkpoint]:
    """What the broker gives a box that comes for the first time."""
    held = asyncio.Event()
    async with edge(folder, broker.port) as (outbox, uplink):
        witness = Witness(folder / "checkpoints.db", "edge-1", lambda *_: held.set(), outbox.record)
        uplink.listen(DOCUMENT, witness.hear)
        async with running(asyncio.create_task(witness.run())):
            await held.wait()
    return held_in(folder / "checkpoints.db")


async def test_a_checkpoint_is_made_when_enough_was_written_and_not_before(tmp_path: Path) -> None:
    store, clock = await open_store(tmp_path / "ledger.db"), HandClock()
    witnessing = Witnessing(store, None, KEY, clock, movements=2, minutes=10)  # type: ignore[arg-type]
    assert await witnessing.make_if_due() is not None  # The first one.
    await store.write(lambda book: book.new_feed_epoch("one", 1))
    assert await witnessing.make_if_due() is None
    await store.write(lambda book: book.new_feed_epoch("two", 1))
    assert await witnessing.make_if_due() is not None
    clock.at_ms += 11 * 60_000
    assert await witnessing.make_if_due() is None  # Nothing was written.
    await store.write(events.furnish)
    assert await witnessing.make_if_due() is not None  # A register alone is signed too.
    await store.close()


async def two_checkpoints(tmp_path: Path) -> tuple[Checkpoint, Checkpoint]:
    book = await make_book(tmp_path / "ledger.db", 1, rounds=2)
    one, two = (Checkpoint.model_validate(document) for document in book.held["edge-1"])
    return one, two


async def test_an_edge_refuses_a_book_that_has_shrunk_or_changed(tmp_path: Path) -> None:
    early, late = await two_checkpoints(tmp_path)
    assert contradiction([early], late, "edge-1") is None
    assert contradiction([late], early, "edge-1") is None  # An old one that comes late says nothing else.
    assert contradiction([], late, "edge-2") == "it is meant for edge-1"
    shrunk = _restated(late, made_at=late.version + 1, ledger_seq=early.stated().ledger_seq - 1)
    other = _restated(late, made_at=late.version + 1, head="0" * 64)
    assert "shrunk" in (contradiction([early, late], shrunk, "edge-1") or "")
    assert "another hash" in (contradiction([late], other, "edge-1") or "")
    cut = late.model_copy(update={"position": json.dumps({**json.loads(late.position), "logs": []})})
    assert "are gone" in (contradiction([early], cut, "edge-1") or "")
    assert contradiction([late], _restated(shrunk, feed_epoch="another"), "edge-1") is None  # A restore says so itself.


async def test_what_contradicts_is_kept_with_the_reason_and_displaces_nothing(tmp_path: Path) -> None:
    early, late = await two_checkpoints(tmp_path)
    shrunk = _restated(late, made_at=late.version + 1, ledger_seq=1)
    again = _restated(late, made_at=late.version + 2)
    path, held, journal = tmp_path / "checkpoints.db", list[int](), list[CheckpointContradicted]()
    witness = Witness(path, "edge-1", lambda name, version: held.append(version), writing_to(journal))
    async with running(asyncio.create_task(witness.run())):
        for document in (early, late, shrunk, late, shrunk):
            witness.hear(encode(document))
        witness.hear(b"no checkpoint")
        while len(held) < 3:
            await asyncio.sleep(0.01)
    assert held == [early.version, late.version, late.version]
    export = export_of(path, "edge-1")
    assert [one["version"] for one in export["documents"]] == [early.version, late.version]
    assert [one["document"]["version"] for one in export["refused"]] == [shrunk.version]
    assert "shrunk" in export["refused"][0]["reason"]
    assert [(one.version, one.reason, one.settled) for one in journal] == [
        (shrunk.version, export["refused"][0]["reason"], False)
    ]
    restarted = Witness(path, "edge-1", lambda name, version: held.append(version), writing_to(journal))
    async with running(asyncio.create_task(restarted.run())):
        for document in (shrunk, again, again):
            restarted.hear(encode(document))
        while held.count(again.version) < 2:
            await asyncio.sleep(0.01)
    assert [(one.version, one.settled) for one in journal[1:]] == [(again.version, True)]


async def test_a_contradiction_is_an_early_warning_at_the_centre_until_checkpoints_agree_again(tmp_path: Path) -> None:
    async with running_centre(tmp_path) as centre:
        await centre.register()
        async with running(asyncio.create_task(centre.onlooker._judge())):
            await centre.book("edge-1", contradicted(7, reason="the book has shrunk"))
            while not (opened := await centre.centre.watcher.open_warnings()):
                await asyncio.sleep(0.01)
            (warning,) = opened
            assert (warning.kind, warning.severity) == (Kind.CHECKPOINT_CONTRADICTED, Severity.HIGH)
            assert "the book has shrunk" in warning.text_zh
            assert "the book has shrunk" in warning.text_en
            await centre.book("edge-1", contradicted(8, settled=True))
            while await centre.centre.watcher.open_warnings():
                await asyncio.sleep(0.01)


def contradicted(version: int, **more: object) -> dict[str, Any]:
    return {"type": "checkpoint_contradicted", "version": version, **more}


def writing_to(
    journal: list[CheckpointContradicted],
) -> Callable[[Sequence[CheckpointContradicted]], Awaitable[None]]:
    async def record(facts: Sequence[CheckpointContradicted]) -> None:
        journal.extend(facts)

    return record


async def test_the_file_of_a_witness_stays_small(tmp_path: Path) -> None:
    _, late = await two_checkpoints(tmp_path)
    witness = Witness(tmp_path / "checkpoints.db", "edge-1", lambda name, version: None, writing_to([]))
    for n in range(1, 261):
        await witness._take(_restated(late, made_at=late.version + n * 3_600_000))
    assert 200 < len(held_in(tmp_path / "checkpoints.db")) < 210  # The newest, and one for each of the days before.


def _restated(checkpoint: Checkpoint, **changes: object) -> Checkpoint:
    text = json.dumps({**json.loads(checkpoint.statement), **changes})
    return checkpoint.model_copy(update={"statement": text, "version": changes.get("made_at", checkpoint.version)})
