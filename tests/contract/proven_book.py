"""Small books with everything in them, checkpoints on the way, and what the edges hold as witnesses. From a seed."""

from __future__ import annotations

import importlib.util
import json
import random
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from onebook_collector.ledger.checkpoints import Made, document_for, make_checkpoint, prepare
from onebook_collector.ledger.signing import CheckpointKey
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_schemas.chain import HashAlgorithm
from tests.contract import ledger_events as events
from tests.contract.ledger_bench import Journal, open_store
from tests.contract.ledger_events import BULK, LOT, NOON, SERIAL, counted, line, log_of, moved, reversed_
from tests.house.tree import ROOT

EDGES = ("edge-1", "edge-2", "edge-3")


def load_verifier() -> ModuleType:
    """The stand-alone file, as the auditor has it."""
    spec = importlib.util.spec_from_file_location("onebook_verify", ROOT / "deploy/audit/onebook_verify.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def new_key() -> CheckpointKey:
    return CheckpointKey(Ed25519PrivateKey.generate())


async def sign(store: SqlLedgerStore, key: CheckpointKey | None = None, now_ms: int = NOON) -> Made:
    """A checkpoint of the book as it stands."""
    key = key or new_key()
    prepared = await store.read(lambda connection: prepare(connection, None))
    return await store.maintain(lambda connection: make_checkpoint(connection, key, now_ms, prepared))


@dataclass
class ProvenBook:
    """A book on disk, the public keys of its centre, and what each edge holds."""

    path: Path
    key: CheckpointKey
    held: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def keys(self) -> dict[str, bytes]:
        return {self.key.key_id: self.key.public}

    @property
    def documents(self) -> list[tuple[str, dict[str, Any]]]:
        return [(edge_id, document) for edge_id, documents in self.held.items() for document in documents]

    async def witness(self, store: SqlLedgerStore, now_ms: int) -> None:
        made = await sign(store, self.key, now_ms)
        for edge_id in EDGES:
            document = document_for(made, edge_id, self.key)
            self.held.setdefault(edge_id, []).append(json.loads(document.model_dump_json()))

    def bytes(self) -> bytes:
        """The database file as one that can be opened in memory: there is no write-ahead log (format, bytes 18, 19)."""
        with sqlite3.connect(self.path) as database:
            image = database.serialize()
        return image[:18] + b"\x01\x01" + image[20:]


async def make_book(
    path: Path,
    seed: int,
    *,
    rounds: int = 3,
    algorithm: HashAlgorithm = HashAlgorithm.SHA256,
    of_edges: Sequence[HashAlgorithm] = (HashAlgorithm.SHA256, HashAlgorithm.SM3, HashAlgorithm.SHA256),
) -> ProvenBook:
    """Every kind of row: moves, counts, reversals, serials, quarantine and its decisions, discrepancies, a fork, a restore."""
    dice, book = random.Random(seed), ProvenBook(path, new_key())
    store = await open_store(path, algorithm)
    await store.write(events.furnish)
    algorithms = dict(zip(EDGES, of_edges, strict=True))
    journals = {edge_id: Journal(store, edge_id, algorithm=algorithms[edge_id]) for edge_id in EDGES}
    number = 0
    for turn in range(rounds):
        for journal in journals.values():
            ids = range(number, number := number + 12)
            a, b = dice.sample(["A-01", "A-02", "B-01"], 2)
            serial, lot = f"S{seed}-{number}", {"number": f"L{dice.randrange(3)}", "expires_on": "2031-05-01"}
            await journal.book(
                moved(ids[0], "receipt", line(LOT, dice.randrange(20, 90), lot=lot, to_bin=a),
                      line(SERIAL, 1, serials=[serial], to_bin=a), document={"kind": "receipt_order", "number": f"RK{number}"}),
                moved(ids[1], "receipt", line(BULK, "2.5", unit="TNE", to_bin=b), reason="first"),
                moved(ids[2], "issue", line(LOT, dice.randrange(1, 99), lot=lot["number"], from_bin=a)),
                moved(ids[3], "bin_move", line(SERIAL, 1, serials=[serial], from_bin=b, to_bin=a)),
                reversed_(ids[4], ids[2]),
                moved(ids[5], "issue", line(LOT, 3, lot=lot["number"], from_bin=a), corrects=events.movement_id(ids[2])),
                counted(ids[6], BULK, b, "2.45" if turn == 0 else "9.9", unit="TNE"),
                {"type": "edge_started", "software_version": f"1.{dice.randrange(9)}"},
                moved(ids[7], "receipt", line("LS99999", 1, to_bin=a)),
                moved(ids[8], "receipt", line("LS99998", 1, to_bin=a)),
                moved(ids[9], "transfer_out", line(LOT, 1, lot=lot["number"], from_bin=a),
                      document={"kind": "transfer_order", "number": "DB9"}),
            )  # fmt: skip
            instead = json.dumps(moved(ids[7], "receipt", line(LOT, 1, to_bin=a))).encode()
            key, at = journal.key, journal.sequence
            await store.write(
                lambda book, key=key, at=at, text=instead: book.release(key, at - 2, "Li", NOON, replacement=text)
            )
            await store.write(lambda book, key=key, at=at: book.reject(key, at - 1, "Li", "no such item", NOON))
        await store.write(lambda book, turn=turn: book.close_discrepancy(turn + 1, "Wang", "seen", NOON))
        if turn == 0:
            await store.write(lambda book: book.record_fork(log_of("edge-3"), b"upload", "why", NOON))
            await store.write(lambda book: book.release_fork(log_of("edge-3"), "Li", "card was cloned", NOON))
            await store.write(lambda book: book.new_feed_epoch("drill", NOON))
        await book.witness(store, NOON + turn * 60_000)
    await store.close()
    return book
