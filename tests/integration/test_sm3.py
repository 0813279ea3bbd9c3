"""国密: edge and centre with SM3, through a real broker, with the commands of an operator and the file of an auditor."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onebook_deploy.mosquitto import PrivateBroker, mosquitto_program, private_broker
from onebook_edge.cli import main as edge_command
from onebook_edge.clock import SystemClock
from onebook_edge.outbox.outbox import Outbox
from onebook_schemas.chain import HashAlgorithm, chain_heads, chain_start
from onebook_schemas.stock_events import GoodsMoved
from onebook_schemas.uplink import Stream
from tests.contract.ledger_events import LOT, line, moved
from tests.house.tree import ROOT
from tests.integration.test_backup import Installed
from tests.integration.test_uplink import centre, delivered, edge, measure, record

SM3 = HashAlgorithm.SM3


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[PrivateBroker]:
    mosquitto_program()  # Says which package is missing.
    with private_broker(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """A centre that asks for SM3, with two edges at one site."""
    folder = json.dumps(str(tmp_path / "backups"))
    made = Installed(tmp_path, f'store = "folder"\nfolder = {folder}\n[ledger]\nchain_hash = "sm3"\n')
    (tmp_path / "sites.csv").write_text("site_id,name_zh,name_en,division_code,lon,lat\nwh-1,一号库,One,330102,,\n")
    (tmp_path / "edges.csv").write_text("edge_id,site_id\nedge-1,wh-1\nedge-2,wh-1\n")
    made.done("backup", "new-key", str(tmp_path / made.key))
    made.done("import", "--sites", str(tmp_path / "sites.csv"), "--edges", str(tmp_path / "edges.csv"))
    made.done("checkpoint-key", "init")
    return made


async def receive(outbox: Outbox, *numbers: int) -> None:
    facts = [moved(number, "receipt", line(LOT, 5, to_bin="A-01")) for number in numbers]
    await outbox.record([GoodsMoved.model_validate_json(json.dumps(fact)) for fact in facts])


@pytest.mark.timeout(120)
async def test_a_book_of_sm3_is_kept_checked_backed_up_and_proven(
    broker: PrivateBroker, installed: Installed, tmp_path: Path
) -> None:
    """One edge with SM3, one that has never heard of it; a collector and an edge that start again in between."""
    for first in (1, 21):
        async with (
            centre(installed.data, broker.port, SM3),
            edge(tmp_path / "e1", broker.port, "edge-1", SM3) as (outbox, _),
            edge(tmp_path / "e2", broker.port, "edge-2") as (usual, _),
        ):
            await receive(outbox, *range(first, first + 10))
            await receive(usual, *range(first + 10, first + 20))
            await measure(outbox, first)
            await record(usual, first)
            await delivered(outbox)
            await delivered(usual)
    assert of_logs(installed.data) == {
        ("edge-1", "journal"): "sm3",
        ("edge-1", "telemetry"): "sm3",
        ("edge-2", "journal"): "sha256",
    }
    for command in (("verify",), ("rebuild",), ("checkpoint",), ("backup", "run"), ("restore-drill",)):
        installed.done(*command)
    auditor = tmp_path / "auditor"
    auditor.mkdir()
    shutil.copy(installed.data / "ledger.db", auditor)
    shutil.copy(installed.data / "checkpoint.key.pub", auditor)
    assert prove(auditor).returncode == 0, prove(auditor).stdout
    with contextlib.closing(sqlite3.connect(auditor / "ledger.db")) as database, database:
        database.execute("DROP TRIGGER movement_refuses_update")
        database.execute("UPDATE movement SET actor = 'X' WHERE ledger_seq = 7")
    assert "movement: 7 has another hash than its content gives" in prove(auditor).stdout
    shutil.rmtree(installed.data)
    installed.done("restore", "--reason", "disk failed")
    installed.done("verify")


@pytest.mark.timeout(60)
async def test_a_new_epoch_takes_what_the_configuration_says_and_the_old_one_stays_as_it_was(
    broker: PrivateBroker, installed: Installed, tmp_path: Path
) -> None:
    async with centre(installed.data, broker.port, SM3):
        async with edge(tmp_path / "e", broker.port) as (outbox, _):
            await receive(outbox, 1, 2)
            await delivered(outbox)
        shutil.copytree(tmp_path / "e", tmp_path / "old")
        async with edge(tmp_path / "e", broker.port, algorithm=SM3) as (outbox, _):
            assert outbox[Stream.JOURNAL].algorithm is HashAlgorithm.SHA256
            await receive(outbox, 3, 4)
            await delivered(outbox)
        async with edge(tmp_path / "old", broker.port, algorithm=SM3) as (outbox, _):
            while outbox[Stream.JOURNAL].algorithm is not SM3:  # The collector knows more of it: it begins anew.
                await asyncio.sleep(0.02)
            await receive(outbox, 5)
            await delivered(outbox)
            journal = outbox[Stream.JOURNAL]
            bodies = [event.body for event in await journal.load(0, 99, 1 << 20)]
            start = chain_start("edge-1", journal.epoch, Stream.JOURNAL, algorithm=SM3)
            assert await journal.chain_hash(len(bodies)) == chain_heads(start, bodies, algorithm=SM3)[-1]
    with contextlib.closing(sqlite3.connect(installed.data / "ledger.db")) as database:
        kept = database.execute("SELECT hash_algorithm FROM log WHERE stream = 'journal' ORDER BY log_id").fetchall()
    assert kept == [("sha256",), ("sm3",)]
    installed.done("verify")


def test_a_new_epoch_by_command_takes_the_setting_too(tmp_path: Path) -> None:
    async def begin() -> None:
        outbox = await Outbox.open(tmp_path / "e", "edge-1", SystemClock(trusted=True))
        await receive(outbox, 1)
        await outbox.close()

    asyncio.run(begin())
    configuration = tmp_path / "edge.toml"
    configuration.write_text(
        f'edge_id = "edge-1"\ndata_folder = {json.dumps(str(tmp_path / "e"))}\n[outbox]\nchain_hash = "sm3"\n'
        '[broker]\nhost = "127.0.0.1"\n'
    )
    assert edge_command(["new-epoch", "--config", str(configuration)]) == 0
    for stream in Stream:
        with contextlib.closing(sqlite3.connect(tmp_path / "e" / f"{stream}.db")) as database:
            assert database.execute("SELECT hash_algorithm FROM identity").fetchall() == [("sm3",)]


def test_another_algorithm_for_a_book_that_is_there_is_refused_and_it_is_said_what_to_write(
    installed: Installed,
) -> None:
    installed.more = installed.more.replace('"sm3"', '"sha256"')
    run = installed.run("verify")
    assert run.returncode == 2
    assert 'write chain_hash = "sm3"' in run.stderr
    assert "本账以 sm3 建立" in run.stderr


def of_logs(data: Path) -> dict[tuple[str, str], str]:
    with contextlib.closing(sqlite3.connect(data / "ledger.db")) as database:
        rows: list[Any] = database.execute("SELECT edge_id, stream, hash_algorithm FROM log").fetchall()
    return {(edge_id, stream): algorithm for edge_id, stream, algorithm in rows}


def prove(folder: Path) -> subprocess.CompletedProcess[str]:
    script = ROOT / "deploy/audit/onebook_verify.py"
    command = [sys.executable, "-I", str(script), "ledger.db", "--keys", "checkpoint.key.pub"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
