"""Each check of `verify` finds the damage that it is there for. The triggers are taken away first, as a thief would."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection

from onebook_collector.ledger import tables as t
from onebook_collector.ledger import verify as v
from onebook_collector.ledger.chain_audit import audit_ledger_slice
from onebook_collector.ledger.hashing import GENESIS
from onebook_collector.ledger.rebuild import differences, rebuild
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_schemas.chain import HashAlgorithm
from tests.contract import ledger_events as events
from tests.contract.ledger_bench import Journal, bin_code, open_store, stock_of, verified
from tests.contract.ledger_events import LOT, SERIAL, counted, line, moved, reversed_
from tests.contract.proven_book import sign


@pytest.fixture(params=HashAlgorithm)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlLedgerStore]:
    opened = await open_store(tmp_path / "ledger.db", request.param)
    await opened.write(events.furnish)
    journal = Journal(opened, algorithm=request.param)
    await journal.book(
        moved(
            1, "receipt", line(LOT, 100, lot="L1", to_bin="A-01"), line(SERIAL, 2, serials=["S1", "S2"], to_bin="A-01")
        ),
        moved(2, "issue", line(LOT, 40, lot="L1", from_bin="A-01")),
        reversed_(3, 2),
        counted(4, LOT, "A-01", 99, lot="L1"),
        {"type": "edge_started", "software_version": "1"},
        moved(5, "receipt", line("LS99999", 1, to_bin="A-01")),
    )
    await sign(opened)
    await Journal(opened, "edge-3").book(moved(6, "donation", line(LOT, 5, to_bin="C-01")))
    await verified(opened)
    yield opened
    await opened.close()


def damage(folder: Path, *statements: str) -> None:
    """Open the file past the program, as a thief would: no triggers, no foreign keys."""
    database = sqlite3.connect(folder / "ledger.db", isolation_level=None)
    for table in t.APPEND_ONLY:
        for change in ("update", "delete"):
            database.execute(f"DROP TRIGGER {table.name}_refuses_{change}")
    database.execute("PRAGMA ignore_check_constraints = on")
    for statement in statements:
        assert database.execute(statement).rowcount > 0
    database.close()


@pytest.mark.parametrize(
    ("check", "statements", "finding"),
    [
        (v.check_chain, ["UPDATE movement SET actor = 'X' WHERE ledger_seq = 2"], "entry 2 has another hash"),
        (v.check_chain, ["UPDATE movement SET reason = 'X' WHERE ledger_seq = 3"], "entry 3 has another hash"),
        (
            v.check_chain,
            ["UPDATE posting SET quantity = -99 WHERE ledger_seq = 1 AND leg = 1"],
            "entry 1 has another hash",
        ),
        (
            v.check_chain,
            ["UPDATE posting_serial SET serial_id = 3 - serial_id WHERE leg = 1"],
            "entry 1 has another hash",
        ),
        (v.check_chain, ["UPDATE count_assertion SET counted = 100"], "entry 4 has another hash"),
        (
            v.check_chain,
            ["UPDATE account SET code = 'supplier/elsewhere' WHERE kind = 'supplier'"],
            "entry 1 has another",
        ),
        (v.check_chain, ["UPDATE lot SET number = 'L9' WHERE number = 'L1'"], "entry 1 has another hash"),
        (v.check_chain, ["UPDATE envelope SET chain_hash = x'00' WHERE ledger_seq = 2"], "entry 2 has another hash"),
        (v.check_chain, ["UPDATE movement SET hash = x'00' WHERE ledger_seq = 4"], "entry 4 has another hash"),
        (
            v.check_chain,
            ['UPDATE checkpoint SET statement = replace(statement, \'"head":"\', \'"head":"' + "0" * 64 + '","x":"\')'],
            "the checkpoint of entry 4 has another hash",
        ),
        (v.check_chain, ["UPDATE sequencer SET ledger_seq = 4"], "the sequencer stands at entry 4, the last one is 5"),
        (
            v.check_chain,
            [
                "UPDATE sequencer SET ledger_seq = 3, head = (SELECT hash FROM movement WHERE ledger_seq = 3)",
                "DELETE FROM count_assertion",
                "DELETE FROM posting WHERE ledger_seq > 3",
                "DELETE FROM movement WHERE ledger_seq > 3",
            ],
            "a checkpoint names entry 4, which the book does not hold: its end is cut off",
        ),
        (
            v.check_chain,
            ["DELETE FROM posting WHERE ledger_seq = 3", "DELETE FROM movement WHERE ledger_seq = 3"],
            "entry 4 follows entry 2: there is a hole",
        ),
        (
            v.check_chain,
            ["UPDATE sequencer SET hash_algorithm = iif(hash_algorithm = 'sm3', 'sha256', 'sm3')"],
            "entry 1 has another hash",
        ),
        (
            v.check_edge_chains,
            ["UPDATE log SET hash_algorithm = iif(hash_algorithm = 'sm3', 'sha256', 'sm3') WHERE edge_id = 'edge-1'"],
            "event 1 has another hash",
        ),
        (v.check_edge_chains, ["UPDATE log SET hash_algorithm = 'md5'"], "'md5' is no algorithm that a chain is made"),
        (v.check_edge_chains, ["UPDATE envelope SET body = x'7b7d' WHERE sequence = 5"], "event 5 has another hash"),
        (v.check_edge_chains, ["DELETE FROM envelope WHERE sequence = 5"], "event 6 follows event 4: there is a hole"),
        (
            v.check_edge_chains,
            ["UPDATE log SET accepted_through = 9 WHERE edge_id = 'edge-1'"],
            "the cursor stands at 9",
        ),
        (
            v.check_lines_balance,
            ["UPDATE posting SET quantity = 7 WHERE ledger_seq = 2 AND leg = 2"],
            "the legs sum to -33",
        ),
        (
            v.check_lines_balance,
            [
                "UPDATE posting SET account_id = (SELECT account_id FROM account WHERE kind = 'donor') WHERE ledger_seq = 5"
            ],
            "entry 5 line 1: no leg is real",
        ),
        (
            v.check_balances,
            ["UPDATE balance SET quantity = quantity + 1 WHERE quantity = 99"],
            "kept 100, last entry 4",
        ),
        (v.check_balances, ["UPDATE balance SET quantity = quantity + 1 WHERE quantity = 99"], "come to 1, not to 0"),
        (v.check_balances, ["DELETE FROM balance WHERE quantity = 99"], "kept nothing, its postings give 99"),
        (v.check_day_nets, ["UPDATE day_net SET business_day = business_day + 1"], "its postings give nothing"),
        (
            v.check_day_nets,
            ["UPDATE posting SET event_time = event_time + 1 WHERE ledger_seq = 5"],
            "entry 5: a posting is dated",
        ),
        (v.check_serials, ["UPDATE serial_place SET account_id = 1"], "its postings give real/wh-1/A-01"),
        (v.check_serials, ["DELETE FROM posting_serial WHERE position = 2 AND leg = 1"], "moves -2 pieces and names 1"),
        (
            v.check_verdicts,
            ["UPDATE envelope SET ledger_seq = 4 WHERE ledger_seq = 2"],
            "is posted as entry 4, which is not",
        ),
        (
            v.check_verdicts,
            ["UPDATE envelope SET verdict = 'noted', ledger_seq = NULL WHERE ledger_seq = 2"],
            "entry 2 names event 2, whose verdict is noted",
        ),
        (
            v.check_reversals,
            ["UPDATE posting SET quantity = 39 * sign(quantity) WHERE ledger_seq = 3"],
            "entry 3 is not the exact opposite of entry 2",
        ),
        (v.check_guards, ["UPDATE log SET waiting = 0"], "trigger movement_refuses_update is missing"),
    ],
)
async def test_planted_damage_is_found(
    store: SqlLedgerStore,
    tmp_path: Path,
    check: Callable[[Connection], v.Check],
    statements: Sequence[str],
    finding: str,
) -> None:
    damage(tmp_path, *statements)
    found = await store.read(check)
    assert any(finding in one for one in found.findings), found


async def test_what_follows_from_the_postings_can_be_made_anew(store: SqlLedgerStore, tmp_path: Path) -> None:
    before = await stock_of(store)
    damage(tmp_path, "UPDATE balance SET quantity = 5", "DELETE FROM day_net", "DELETE FROM serial_place")
    found = await store.maintain(rebuild)
    assert len(found) > 10
    assert await store.read(lambda connection: list(differences(connection))) == []
    assert await stock_of(store) == before
    await Journal(store, "edge-2").book(moved(9, "issue", line(LOT, 99, lot="L1", from_bin="A-01")))
    assert (bin_code("A-01"), LOT, "L1") not in await stock_of(
        store
    )  # The writer did not go on from what it remembered.


async def test_slice_by_slice_the_chain_is_the_same(store: SqlLedgerStore, tmp_path: Path) -> None:
    """As the continuous verifier reads it."""

    async def slices() -> tuple[int, list[str]]:
        after, head, found = 0, GENESIS, list[str]()
        while True:
            step = partial(audit_ledger_slice, after=after, head=head, entries_max=2)
            last, head, wrong = await store.read(step)
            found += wrong
            if last == after:
                return last, found
            after = last

    assert await slices() == (5, [])
    damage(tmp_path, "UPDATE movement SET actor = 'X' WHERE ledger_seq = 4")
    assert await slices() == (5, ["entry 4 has another hash than its rows give"])
