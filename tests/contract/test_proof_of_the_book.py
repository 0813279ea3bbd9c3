"""The stand-alone verifier: no untouched book is accused, and no change of a book goes unseen. 1,000 random ones, from seeds."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from onebook_collector.ledger import tables as t
from onebook_collector.ledger.chain_audit import _entries, algorithm_of
from onebook_collector.ledger.hashing import next_hash
from onebook_collector.ledger.records import RECORDS, STANDING
from onebook_collector.ledger.registry import import_items
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_collector.sqlite_engine import reader_engine
from onebook_schemas.chain import HashAlgorithm, chain_next, chain_start
from onebook_schemas.checkpoint import POSITION_PREFIX, STATEMENT_PREFIX
from tests.contract.ledger_events import CATALOGUE, LOT, NOON
from tests.contract.proven_book import ProvenBook, load_verifier, make_book, new_key, sign
from tests.house.tree import ROOT

MUTATIONS = 1_000
TABLES = tuple(t.metadata.tables)  # All of them: nothing that the book consists of is outside the proof.
verifier = load_verifier()


@pytest.fixture(scope="module", params=HashAlgorithm)
async def book(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ProvenBook:
    """Of either algorithm; one of its edges has always SM3."""
    return await make_book(tmp_path_factory.mktemp("proof") / "ledger.db", seed=1, algorithm=request.param)


@pytest.mark.parametrize("algorithm", HashAlgorithm)
@pytest.mark.parametrize("seed", range(2, 8))
async def test_an_untouched_book_is_proven(tmp_path: Path, seed: int, algorithm: HashAlgorithm) -> None:
    book = await make_book(tmp_path / "ledger.db", seed, rounds=1 + seed % 3, algorithm=algorithm)
    found = prove(book, book.bytes())
    assert (found.wrong, found.open) == ([], [])


async def test_every_random_change_of_the_book_is_found(book: ProvenBook) -> None:
    untouched, seen = book.bytes(), set()
    missed = []
    for seed in range(MUTATIONS):
        with opened(untouched) as database:
            what = mutate(database, random.Random(seed))
            found = verifier.prove(database, book.keys, book.documents)
        seen.add(what.split()[1])
        if not found.wrong:
            missed.append((seed, what, found.open))
    assert missed == []
    assert seen >= set(TABLES), "every table was tried"


@pytest.mark.parametrize("table", TABLES)
async def test_every_column_is_within_the_proof(book: ProvenBook, table: str) -> None:
    untouched = book.bytes()
    for column in (one.name for one in t.metadata.tables[table].columns):
        with opened(untouched) as database, unguarded(database):
            edit(database, table, column, random.Random(column))
            found = verifier.prove(database, book.keys, book.documents)
        assert found.wrong, f"{table}.{column} may be edited unseen"


def prove(book: ProvenBook, image: bytes, *, documents: bool = True) -> Any:
    with opened(image) as database:
        return verifier.prove(database, book.keys, book.documents if documents else [])


def opened(image: bytes) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.deserialize(image)
    return database


# Who knows more ------------------------------------------------------------------------------------------------------


async def test_a_thief_who_computes_the_chain_anew_is_caught_by_what_the_edges_hold(
    book: ProvenBook, tmp_path: Path
) -> None:
    """He makes a movement, its envelope and all hashes agree again, and takes away the checkpoints of the book."""
    path = tmp_path / "ledger.db"
    path.write_bytes(book.bytes())
    with sqlite3.connect(path, isolation_level=None) as database, unguarded(database):
        database.execute("UPDATE movement SET actor = 'P9' WHERE ledger_seq = 1")
        (body,) = database.execute("SELECT body FROM envelope WHERE ledger_seq = 1").fetchone()
        database.execute("UPDATE envelope SET body = ? WHERE ledger_seq = 1", (body.replace(b'"P1"', b'"P9"'),))
        database.execute("DELETE FROM checkpoint")
        chain_anew(database)
    with reader_engine(path, connections=1).begin() as connection:
        head, hashes = bytes(32), []
        for seq, _, text in _entries(connection):
            hashes.append((head := next_hash(head, text, algorithm_of(connection)), seq))
    with sqlite3.connect(path, isolation_level=None) as database, unguarded(database):
        database.executemany("UPDATE movement SET hash = ? WHERE ledger_seq = ?", hashes)
        database.execute("UPDATE sequencer SET head = ?", (head,))
    alone, witnessed = (prove(book, replace(book, path=path).bytes(), documents=held) for held in (False, True))
    assert alone.wrong == []  # The book agrees with itself ...
    assert alone.open  # ... and that is not taken for a proof.
    assert any(one.startswith("movement：") and "are not those of the checkpoint" in one for one in witnessed.wrong)
    journals = [one for one in witnessed.wrong if "/journal: its first" in one]
    assert any("edge-1" in one and "not those of the checkpoint" in one for one in journals)


def chain_anew(database: sqlite3.Connection) -> None:
    logs = database.execute("SELECT log_id, hash_algorithm, edge_id, epoch, stream FROM log").fetchall()
    for log_id, algorithm, *name in logs:
        head = chain_start(*name, algorithm=HashAlgorithm(algorithm))
        query = "SELECT body, sequence FROM envelope WHERE log_id = ? ORDER BY sequence"
        for body, sequence in database.execute(query, (log_id,)).fetchall():
            head = chain_next(head, body, algorithm=HashAlgorithm(algorithm))
            database.execute(
                "UPDATE envelope SET chain_hash = ? WHERE log_id = ? AND sequence = ?", (head, log_id, sequence)
            )
        database.execute("UPDATE log SET head = ? WHERE log_id = ?", (head, log_id))


async def test_a_signature_of_another_key_is_no_checkpoint(book: ProvenBook) -> None:
    found = prove(replace(book, key=new_key()), book.bytes())
    assert any("not signed by any of the keys given" in one for one in found.wrong)


async def test_two_words_of_the_centre_that_contradict_each_other_are_told(book: ProvenBook) -> None:
    """It told an edge two things about the same place of its journal, and signed both."""
    edge_id, true = book.documents[-1]
    position = json.loads(true["position"])
    place = next(log for log in position["logs"] if log["stream"] == "journal")
    place["head"] = "0" * 64
    other = json.dumps(position)
    lie = true | {"position": other, "position_signature": book.key.sign(POSITION_PREFIX, other).hex()}
    for documents in ([(edge_id, lie), (edge_id, true)], [(edge_id, true), (edge_id, lie)]):
        with opened(book.bytes()) as database:
            found = verifier.prove(database, book.keys, documents)
        assert any("are not those of the checkpoint" in one for one in found.wrong)


async def test_a_book_that_was_written_to_since_its_checkpoint_is_not_called_proven(tmp_path: Path) -> None:
    book = await make_book(tmp_path / "ledger.db", 1, rounds=1)
    store = await SqlLedgerStore.open(book.path)
    await store.write(lambda open_book: open_book.new_feed_epoch("backup of last night", NOON))
    found = prove(book, book.bytes())
    assert found.wrong == []
    assert found.open
    await sign(store, book.key, NOON + 3_600_000)
    found = prove(book, book.bytes())
    assert (found.wrong, found.open) == ([], [])  # What was signed before the restore does not accuse the book.
    assert any("restored 2 times" in one for one in found.said)
    await store.close()


async def test_a_book_from_before_there_was_a_choice_is_proven_and_stays_so_when_it_is_brought_up_to_date(
    tmp_path: Path,
) -> None:
    """Its tables have no column for an algorithm, and its checkpoints do not speak of one."""
    book = await make_book(tmp_path / "ledger.db", 1, of_edges=[HashAlgorithm.SHA256] * 3)
    with sqlite3.connect(book.path) as database:
        for table in ("log", "sequencer"):
            database.execute(f"ALTER TABLE {table} DROP COLUMN hash_algorithm")
        database.execute("DROP INDEX ix_movement_document_no")
        database.execute("ALTER TABLE item DROP COLUMN piece_weight_mg")
        database.execute("UPDATE alembic_version SET version_num = '0003_postings_by_time'")
        (statement,) = database.execute("SELECT statement FROM checkpoint").fetchone()
    assert "hash_algorithm" not in statement
    found = prove(book, book.bytes())
    assert (found.wrong, found.open) == ([], [])
    store = await SqlLedgerStore.open(book.path)
    found = prove(book, book.bytes())
    assert (found.wrong, found.open) == ([], [])
    await book.witness(store, NOON + 86_400_000)
    await store.close()
    found = prove(book, book.bytes())
    assert (found.wrong, found.open) == ([], [])


async def test_what_a_piece_weighs_is_signed_from_the_first_one_on(tmp_path: Path) -> None:
    """An empty weight stands in no hash: the checkpoints from before there was one hold."""
    book = await make_book(tmp_path / "ledger.db", 1, rounds=1)
    store = await SqlLedgerStore.open(book.path)
    (row,) = (row for row in CATALOGUE if row["code"] == LOT)
    await store.write(lambda book: import_items(book, [row | {"piece_weight_g": "12.5"}]))
    assert prove(book, book.bytes()).open, "written to since it was signed"
    await book.witness(store, NOON + 86_400_000)
    await store.close()
    found = prove(book, book.bytes())
    assert (found.wrong, found.open) == ([], [])
    for weight in ("NULL", "12501"):
        with opened(book.bytes()) as database:
            database.execute(f"UPDATE item SET piece_weight_mg = {weight} WHERE code = '{LOT}'")
            assert verifier.prove(database, book.keys, book.documents).wrong, weight


async def test_a_checkpoint_of_another_algorithm_than_the_books_is_told(book: ProvenBook) -> None:
    edge_id, document = book.documents[-1]
    statement = json.loads(document["statement"])
    statement["hash_algorithm"] = "sm3" if "hash_algorithm" not in statement else "sha256"
    text = json.dumps(statement)
    lie = document | {"statement": text, "statement_signature": book.key.sign(STATEMENT_PREFIX, text).hex()}
    with opened(book.bytes()) as database:
        found = verifier.prove(database, book.keys, [(edge_id, lie)])
    assert any("another hash algorithm than the book" in one for one in found.wrong)


async def test_the_file_runs_alone_and_says_what_is_wrong_in_two_languages(book: ProvenBook, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"{book.key.key_id} {book.key.public.hex()} 2026-09-21\n")
    for edge_id, documents in book.held.items():
        (tmp_path / f"{edge_id}.json").write_text(json.dumps({"edge_id": edge_id, "documents": documents}))
    (tmp_path / "good.db").write_bytes(book.bytes())
    (tmp_path / "bad.db").write_bytes(book.bytes())
    with sqlite3.connect(tmp_path / "bad.db") as database, unguarded(database):
        delete_log(database, random.Random(1))
    good, bad, none = (run_alone(tmp_path, name) for name in ("good.db", "bad.db", "none.db"))
    assert (good.returncode, bad.returncode, none.returncode) == (0, 1, 2), good.stdout + bad.stdout
    assert "账本属实 / proven" in good.stdout
    assert "整个仓库日志缺失" in bad.stdout
    assert "the whole log edge-" in bad.stdout


def run_alone(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    """In a folder of its own and without the project on its path."""
    script = ROOT / "deploy/audit/onebook_verify.py"
    files = sorted(map(str, folder.glob("edge-*.json")))
    command = [sys.executable, "-I", str(script), name, "--keys", "keys", "--checkpoints", *files]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_proof_leaves_no_table_out() -> None:
    in_chain = {"movement", "posting", "posting_serial", "count_assertion"}
    derived = {"balance", "day_net", "serial_place", "sequencer"}
    assert in_chain | derived | {table.name for table in (*RECORDS, *STANDING)} == set(TABLES)
    for table in t.metadata.tables.values():
        named = {*RECORDS.get(table, ()), *STANDING.get(table, ())}
        named |= {"hash_algorithm"} if table.name == "log" else set()  # With another one no hash of its chain is right.
        assert table.name in in_chain | derived or named == set(table.columns.keys()), (
            f"{table.name}: a column is in no proof"
        )
    for ours, its in ((RECORDS, verifier.RECORDS), (STANDING, verifier.STANDING)):
        whole = {table.name: ", ".join(table.columns.keys()) for table in ours}
        written_out = {name: whole[name] if columns == "*" else columns for name, columns in its.items()}
        assert {table.name: ", ".join(columns) for table, columns in ours.items()} == written_out
    for table, columns in STANDING.items():  # The verifier sorts by two columns.
        keys = table.primary_key.columns.keys()
        assert len(keys) <= 2
        assert keys == list(columns[: len(keys)])


# Changes -------------------------------------------------------------------------------------------------------------


class unguarded:
    """Without triggers and foreign keys, as a thief would; he puts the triggers back afterwards."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        self._triggers = self._database.execute(query).fetchall()
        for name, _ in self._triggers:
            self._database.execute(f"DROP TRIGGER {name}")
        self._database.execute("PRAGMA ignore_check_constraints = on")

    def __exit__(self, *_: object) -> None:
        for _, sql in self._triggers:
            self._database.execute(sql)


def mutate(database: sqlite3.Connection, dice: random.Random) -> str:
    """One change of the rows; says which."""
    while True:
        how: Callable[[sqlite3.Connection, random.Random], str | None] = dice.choice(
            [any_edit, any_edit, any_edit, delete, swap, cut_tail, delete_log, add_again]
        )
        before = database.serialize()
        with unguarded(database):
            what = how(database, dice)
        if what is not None and _contents(database) != _contents_of(before):
            return what


def _contents(database: sqlite3.Connection) -> list[Any]:
    return [database.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES]


def _contents_of(image: bytes) -> list[Any]:
    with opened(image) as database:
        return _contents(database)


def any_edit(database: sqlite3.Connection, dice: random.Random) -> str:
    table = dice.choice(TABLES)
    return edit(database, table, dice.choice(t.metadata.tables[table].columns.keys()), dice)


def edit(database: sqlite3.Connection, table: str, column: str, dice: random.Random) -> str:
    key, row = _some_row(database, table, dice)
    (value,) = database.execute(f"SELECT {column} FROM {table} WHERE {key}", row).fetchone()
    try:
        other = next(other for _ in iter(int, 1) if (other := _other(value, dice)) != value)
        database.execute(f"UPDATE {table} SET {column} = ? WHERE {key}", (other, *row))
    except sqlite3.IntegrityError:  # A key that is taken, NULL where none may be: something that is surely new.
        database.execute(f"UPDATE {table} SET {column} = ? WHERE {key}", (_new(value, dice), *row))
    return f"edit {table} {column}"


def delete(database: sqlite3.Connection, dice: random.Random) -> str:
    table = dice.choice(TABLES)
    key, row = _some_row(database, table, dice)
    database.execute(f"DELETE FROM {table} WHERE {key}", row)
    return f"delete {table}"


def swap(database: sqlite3.Connection, dice: random.Random) -> str | None:
    """Two rows exchange what they say in one column."""
    table = dice.choice(TABLES)
    columns = [column.name for column in t.metadata.tables[table].columns if not (column.primary_key or column.unique)]
    if not columns:
        return None
    column = dice.choice(columns)
    (key, one), (_, other) = _some_row(database, table, dice), _some_row(database, table, dice)
    values = [database.execute(f"SELECT {column} FROM {table} WHERE {key}", row).fetchone()[0] for row in (one, other)]
    try:
        for row, value in ((one, values[1]), (other, values[0])):
            database.execute(f"UPDATE {table} SET {column} = ? WHERE {key}", (value, *row))
    except sqlite3.IntegrityError:
        return None
    return f"swap {table} {column}"


def cut_tail(database: sqlite3.Connection, dice: random.Random) -> str:
    """The newest entries go, with all that hangs on them; the sequencer and what follows from the postings are put right."""
    (last,) = database.execute("SELECT ledger_seq FROM sequencer").fetchone()
    end = dice.randrange(1, last)
    for table in (
        "posting",
        "posting_serial",
        "count_assertion",
        "discrepancy",
        "movement",
        "balance",
        "day_net",
        "serial_place",
    ):
        column = "last_seq" if table in ("balance", "serial_place") else "ledger_seq"
        if table != "day_net":
            database.execute(f"DELETE FROM {table} WHERE {column} > ?", (end,))
    database.execute(
        "UPDATE sequencer SET ledger_seq = ?, head = (SELECT hash FROM movement WHERE ledger_seq = ?)", (end, end)
    )
    return f"cut movement behind {end}"


def delete_log(database: sqlite3.Connection, dice: random.Random) -> str:
    """A whole site disappears."""
    (log_id,) = dice.choice(database.execute("SELECT log_id FROM log").fetchall())
    seqs = "(SELECT ledger_seq FROM movement WHERE log_id = ?)"
    for table in ("posting", "posting_serial", "count_assertion", "discrepancy"):
        database.execute(f"DELETE FROM {table} WHERE ledger_seq IN {seqs}", (log_id,))
    for table in ("movement", "envelope", "fork", "fork_release", "quarantine_decision", "log"):
        database.execute(f"DELETE FROM {table} WHERE log_id = ?", (log_id,))
    return "delete log and all its entries"


def add_again(database: sqlite3.Connection, dice: random.Random) -> str | None:
    """A row once more, under another key."""
    table = dice.choice(TABLES)
    key, row = _some_row(database, table, dice)
    values = list(database.execute(f"SELECT * FROM {table} WHERE {key}", row).fetchone())
    n = dice.randrange(len(t.metadata.tables[table].primary_key))
    values[n] = _new(values[n], dice)
    try:
        database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)
    except sqlite3.IntegrityError:
        return None
    return f"add {table}"


def _some_row(database: sqlite3.Connection, table: str, dice: random.Random) -> tuple[str, tuple[Any, ...]]:
    names = [column.name for column in t.metadata.tables[table].primary_key]
    rows = database.execute(f"SELECT {', '.join(names)} FROM {table} ORDER BY {', '.join(names)}").fetchall()
    return " AND ".join(f"{name} = ?" for name in names), dice.choice(rows)


def _other(value: Any, dice: random.Random) -> Any:
    match value:
        case None:
            return dice.choice(["X", 7])
        case int():
            return dice.choice([value + 1, value - 1, -value - 1, value + 1_000, None])
        case float():
            return value + 0.5
        case bytes():
            at = dice.randrange(len(value) or 1)
            return value[:at] + bytes([value[at] ^ 1 << dice.randrange(8)]) + value[at + 1 :] if value else b"x"
        case _:
            return dice.choice([value + " ", value[:-1] + "~", "", None])


def _new(value: Any, dice: random.Random) -> Any:
    if isinstance(value, int):
        return 10_000 + dice.randrange(10**9)
    return b"%d" % dice.randrange(10**9) if isinstance(value, bytes) else f"new {dice.randrange(10**9)}"
