"""Backup, restore and drill as an operator types them: real commands on real files, edges and broker, while bookings run."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

from onebook_collector.backup.folder_store import FolderStore
from onebook_collector.cli import main
from onebook_deploy.mosquitto import PrivateBroker, free_port, mosquitto_program, private_broker
from tests.integration.test_uplink import booked_texts, centre, delivered, edge, record


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[PrivateBroker]:
    mosquitto_program()  # Says which package is missing.
    with private_broker(tmp_path / "broker") as running:
        yield running


PROGRAM = [sys.executable, "-m", "onebook_deploy.command", "collector"]


class Ran(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@dataclass
class Installed:
    """A configuration, and the commands that read it."""

    folder: Path
    more: str = ""
    key: str = "backup.key"

    @property
    def data(self) -> Path:
        return self.folder / "c"

    @property
    def backups(self) -> list[Path]:
        return sorted((self.folder / "backups").glob("*.obk"))

    def command(self, *arguments: str) -> list[str]:
        configuration = self.folder / "collector.toml"
        text = json.dumps
        configuration.write_text(
            f"data_folder = {text(str(self.data))}\n[backup]\nkey_file = {text(str(self.folder / self.key))}\n"
            + (self.more or f'store = "folder"\nfolder = {text(str(self.folder / "backups"))}\n'),
            encoding="utf-8",
        )
        return [*PROGRAM, *arguments, "--config", str(configuration)]

    def run(self, *arguments: str) -> Ran:
        """In this process: the program's own entry, which takes a second to import."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), ThreadPoolExecutor(1) as thread:
            code = thread.submit(main, self.command(*arguments)[len(PROGRAM) :]).result()
        return Ran(code, out.getvalue(), err.getvalue())

    def run_alone(self, *arguments: str, before: Sequence[str] = ()) -> Ran:
        """As a process of its own."""
        command = [*before, *self.command(*arguments)]
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        return Ran(run.returncode, run.stdout, run.stderr)

    def done(self, *arguments: str) -> str:
        run = self.run(*arguments)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    made = Installed(tmp_path)
    made.done("backup", "new-key", str(tmp_path / made.key))
    return made


@pytest.fixture
def booked(installed: Installed) -> Installed:
    """A centre with a small book."""
    installed.done("import", "--items", "50")
    return installed


def rows(ledger: Path) -> list[tuple[int, bytes]]:
    with contextlib.closing(sqlite3.connect(ledger)) as database:
        return database.execute("SELECT ledger_seq, hash FROM movement ORDER BY ledger_seq").fetchall()


async def test_a_backup_made_while_bookings_run_is_a_beginning_of_the_book_and_edges_refill_the_rest(
    broker: PrivateBroker, installed: Installed, tmp_path: Path
) -> None:
    async with edge(tmp_path / "e", broker.port) as (outbox, _):
        async with centre(installed.data, broker.port):
            await record(outbox, *range(100))
            await delivered(outbox)
            running = asyncio.create_task(asyncio.to_thread(installed.run_alone, "backup", "run"))
            recorded = 100
            while not running.done():
                await record(outbox, *range(recorded, recorded + 10))
                recorded += 10
                await asyncio.sleep(0.01)
            assert (await running).returncode == 0
            await delivered(outbox)
        truth = booked_texts(installed.data)
        shutil.move(installed.data, tmp_path / "lost")
        assert "feed_epoch" in installed.done("restore", "--reason", "disk failed")
        restored = booked_texts(installed.data)
        assert 100 <= len(restored) < len(truth)
        assert restored == truth[: len(restored)]
        async with centre(installed.data, broker.port):
            while len(booked_texts(installed.data)) < recorded:
                await asyncio.sleep(0.05)
    assert booked_texts(installed.data) == [str(n) for n in range(recorded)]
    assert installed.done("verify")


def test_a_data_folder_that_is_not_empty_is_never_written_over(booked: Installed) -> None:
    booked.done("backup", "run")
    before = (booked.data / "ledger.db").read_bytes()
    run = booked.run("restore", "--reason", "mistake")
    assert run.returncode == 1
    assert f"mv {booked.data}" in run.stderr
    assert (booked.data / "ledger.db").read_bytes() == before


def test_a_backup_under_another_key_is_refused_and_names_its_key_until_the_old_key_is_given(booked: Installed) -> None:
    booked.done("backup", "run")
    booked.done("backup", "new-key", str(booked.folder / "new.key"))
    changed = Installed(booked.folder, key="new.key")
    run = changed.run("backup", "check")
    assert run.returncode == 1
    assert "old_key_files" in run.stderr
    folder, old = json.dumps(str(booked.folder / "backups")), json.dumps(str(booked.folder / "backup.key"))
    both = Installed(
        booked.folder, key="new.key", more=f'store = "folder"\nfolder = {folder}\nold_key_files = [{old}]\n'
    )
    both.done("backup", "rekey")
    changed.done("backup", "check")
    assert booked.run("backup", "check").returncode == 1


def test_an_altered_byte_anywhere_is_refused_and_leaves_the_data_folder_empty(booked: Installed) -> None:
    booked.done("backup", "run")
    shutil.rmtree(booked.data)
    good = booked.backups[0].read_bytes()
    dice = random.Random(4)
    for at in (0, 20, 60, len(good) - 1, *(dice.randrange(len(good)) for _ in range(3))):
        altered = bytearray(good)
        altered[at] ^= 0x10
        booked.backups[0].write_bytes(altered)
        run = booked.run("restore", "--reason", "test")
        assert run.returncode == 1, at
        assert list(booked.data.iterdir()) == [], at
    booked.backups[0].write_bytes(good)
    booked.done("restore", "--reason", "test")
    booked.done("verify")


def noise(path: Path, mib: int) -> str:
    path.write_bytes(random.Random(mib).randbytes(mib << 20))
    return json.dumps(str(path))


def test_a_power_cut_in_the_middle_leaves_the_earlier_backups_good(booked: Installed) -> None:
    booked.done("backup", "run")
    first = booked.backups
    folder, big = json.dumps(str(booked.folder / "backups")), noise(booked.folder / "big", 48)
    slow = Installed(booked.folder, more=f'store = "folder"\nfolder = {folder}\nextra_files = [{big}]\n')
    process = subprocess.Popen(slow.command("backup", "run"), stdout=subprocess.DEVNULL)
    while not list((booked.folder / "backups").glob("*.partial")):
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list((booked.folder / "backups").glob("*.partial"))
    assert booked.backups == first
    booked.done("backup", "check")
    booked.done("backup", "run")
    assert not list((booked.folder / "backups").glob("*.partial"))
    assert not (booked.data / "backup-scratch").exists(), "no plain copy is left behind"


@pytest.mark.parametrize("kib", [64, 2_048], ids=["while copying", "while sealing"])
def test_a_disk_that_fills_up_in_the_middle_leaves_the_earlier_backups_good(booked: Installed, kib: int) -> None:
    booked.done("backup", "run")
    first = booked.backups
    folder, big = json.dumps(str(booked.folder / "backups")), noise(booked.folder / "big", 4)
    full = Installed(booked.folder, more=f'store = "folder"\nfolder = {folder}\nextra_files = [{big}]\n')
    run = full.run_alone("backup", "run", before=["bash", "-c", f'ulimit -f {kib}; exec "$@"', "-"])
    assert run.returncode == 1, run.stderr
    assert "✗" in run.stderr
    assert sorted((booked.folder / "backups").iterdir()) == first
    booked.done("backup", "check")


def test_extra_files_come_back_beside_the_book_and_not_in_place(booked: Installed) -> None:
    secret = booked.folder / "authority.key"
    secret.write_text("the authority's key", encoding="utf-8")
    folder = json.dumps(str(booked.folder / "backups"))
    more = f'store = "folder"\nfolder = {folder}\nextra_files = [{json.dumps(str(secret))}]\n'
    taking = Installed(booked.folder, more=more)
    taking.done("backup", "run")
    assert b"authority" not in booked.backups[0].read_bytes()
    shutil.rmtree(booked.data)
    secret.unlink()
    taking.done("restore", "--reason", "test")
    back = booked.data / "restored-files" / secret.relative_to("/")
    assert back.read_text(encoding="utf-8") == "the authority's key"
    assert not secret.exists()


def test_a_backup_holds_the_key_that_signs_checkpoints_only_when_it_is_told_to(booked: Installed) -> None:
    booked.done("checkpoint-key", "init")
    booked.done("backup", "run")
    shutil.rmtree(booked.data)
    booked.done("restore", "--reason", "test")
    assert [path.name for path in booked.data.rglob("checkpoint.key*")] == []


def test_a_drill_proves_the_newest_backup_and_leaves_the_live_book_as_it_was(booked: Installed) -> None:
    before = (booked.data / "ledger.db").read_bytes()
    said = booked.done("restore-drill")
    assert "proven" in said
    assert (booked.data / "ledger.db").read_bytes() == before
    kept = json.loads((booked.data / "backups.json").read_text(encoding="utf-8"))
    assert kept["last_drill"]["proven"]
    assert kept["last_proof_ms"] == kept["last_drill"]["at_ms"]


def test_a_drill_finds_a_live_book_that_is_another_one(booked: Installed) -> None:
    booked.done("restored", "--reason", "an entry")
    booked.done("backup", "run")
    (booked.data / "ledger.db").unlink()
    booked.done("import", "--items", "50")
    booked.done("restored", "--reason", "another entry")
    run = booked.run("restore-drill")
    assert run.returncode == 1
    assert "not proven" in run.stdout


def test_a_key_beside_the_backups_or_one_that_everybody_may_read_is_refused(booked: Installed) -> None:
    beside = Installed(booked.folder, key="backups/backup.key").run("backup", "run")
    assert beside.returncode == 2
    assert "beside the backups" in beside.stderr
    (booked.folder / "backup.key").chmod(0o644)
    open_to_all = booked.run("backup", "run")
    assert open_to_all.returncode == 2
    assert "chmod o-rwx" in open_to_all.stderr


def test_a_name_is_there_with_all_of_its_bytes_or_not_at_all(tmp_path: Path) -> None:
    """A block that fails leaves nothing, one that ends well leaves all of it."""
    store, name = FolderStore(tmp_path), "onebook-20261125T043000000Z.obk"
    with pytest.raises(ValueError), store.writing(name) as file:
        file.write(b"half")
        raise ValueError
    assert list(tmp_path.iterdir()) == []
    with store.writing(name) as file:
        file.write(b"whole")
    assert [(one.name, one.bytes) for one in store.stored()] == [(name, 5)]


@pytest.fixture
def s3() -> Iterator[str]:
    """A server that speaks S3, as a process of its own."""
    port = free_port()
    program = Path(sys.executable).with_name("moto_server")
    process = subprocess.Popen([program, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        import boto3

        client = boto3.client(
            "s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1",
            aws_access_key_id="who", aws_secret_access_key="knows",
        )  # fmt: skip
        for _ in range(300):
            with contextlib.suppress(Exception):
                client.create_bucket(Bucket="onebook")
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def test_a_backup_goes_to_a_store_that_speaks_s3_in_pieces_and_comes_back(
    booked: Installed, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = noise(booked.folder / "big", 20)  # Above the size from which it goes up in pieces.
    more = f'store = "s3"\nextra_files = [{big}]\nkeep = {{daily = 1, weekly = 0, monthly = 0}}\n'
    more += f'[backup.s3]\nurl = "{s3}"\nbucket = "onebook"\n'
    monkeypatch.setenv("ONEBOOK_BACKUP_S3_ACCESS_KEY", "who")
    monkeypatch.setenv("ONEBOOK_BACKUP_S3_SECRET_KEY", "knows")
    remote = Installed(booked.folder, more=more)
    remote.done("backup", "run")
    assert "no longer kept" in remote.done("backup", "run"), "of one day the newest stays"
    assert len(remote.done("backup", "list").splitlines()) == 1
    truth = rows(booked.data / "ledger.db")
    shutil.rmtree(booked.data)
    remote.done("restore", "--reason", "test")
    assert rows(booked.data / "ledger.db")[:-1] == truth
    remote.done("verify")
    monkeypatch.delenv("ONEBOOK_BACKUP_S3_ACCESS_KEY")
    run = remote.run("backup", "list")
    assert run.returncode == 2
    assert "ONEBOOK_BACKUP_S3_ACCESS_KEY" in run.stderr
