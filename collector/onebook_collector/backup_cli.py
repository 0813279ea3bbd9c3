"""`onebook collector backup ...`, `restore`, `restore-drill`."""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from onebook_collector.backup.archive import reseal
from onebook_collector.backup.drill import drill
from onebook_collector.backup.making import check_backup, make_backup, prune
from onebook_collector.backup.manifest import Manifest
from onebook_collector.backup.record import DrillReport, alone, read_record, write_record
from onebook_collector.backup.restoring import EXTRA_FOLDER, restore
from onebook_collector.backup.retention import named
from onebook_collector.backup.sealing import BackupKey, key_id_of
from onebook_collector.backup.settings import current_key, every_key, open_store
from onebook_collector.backup.store import BackupStore, Stored
from onebook_collector.clock import BUSINESS_ZONE, SystemClock, utc
from onebook_collector.errors import ConfigurationError, NotFoundError
from onebook_collector.settings import CollectorSettings

_DAY_MS = 86_400_000


def add_commands(command: Callable[..., argparse.ArgumentParser]) -> None:
    backup = command("backup", _backup, "备份 / encrypted backups: make, list, check, prune, change the key")
    backup.add_argument("action", choices=sorted(_ACTIONS))
    backup.add_argument(
        "name", nargs="?", help="check: of which backup (default: the newest); new-key: the file to make"
    )
    restoring = command("restore", _restore, "恢复 / restore a backup into an empty data folder; stop the centre first")
    restoring.add_argument("--from", dest="source", help="name or file of a backup; without it the newest")
    restoring.add_argument(
        "--at", help="newest backup that is no younger than this, e.g. 2026-11-22T06:00 (Beijing time)"
    )
    restoring.add_argument("--reason", required=True, help="why, for the ledger")
    proving = command("restore-drill", _drill, "恢复演练 / prove that the newest backup would bring the book back")
    proving.add_argument("--fresh", action="store_true", help="make a backup first")
    proving.add_argument("--scratch", type=Path, help="folder for the restored copy (default: in the data folder)")


async def _backup(settings: CollectorSettings, asked: argparse.Namespace) -> int:
    return _ACTIONS[asked.action](settings, asked.name)


def _run(settings: CollectorSettings, name: str | None) -> int:
    with alone(settings.data_folder):
        _make(settings)
        _prune_now(settings)
    return 0


def _list(settings: CollectorSettings, name: str | None) -> int:
    store, record = _store(settings), read_record(settings.data_folder)
    for stored in store.stored():
        with store.reading(stored.name) as source:
            key_id = key_id_of(source)
        state = "✓ 已核对 checked" if stored.name in record.good else "  未核对 not checked here"
        print(f"{stored.name}  {stored.bytes:>14,} B  key {key_id}  {state}")
    return 0


def _check(settings: CollectorSettings, name: str | None) -> int:
    store = _store(settings)
    with alone(settings.data_folder):
        found = name or _newest(store).name
        manifest = check_backup(store, found, every_key(settings.backup))
        record = read_record(settings.data_folder)
        good = tuple(sorted({*record.good, found}))
        write_record(settings.data_folder, record.model_copy(update={"good": good}))
    print(f"✓ {found}: 完整可读 / read back whole")
    _tell(manifest)
    return 0


def _prune(settings: CollectorSettings, name: str | None) -> int:
    with alone(settings.data_folder):
        _prune_now(settings)
    return 0


def _rekey(settings: CollectorSettings, name: str | None) -> int:
    """Seal older backups anew under the current key; each is replaced only by one that was read back whole."""
    store, keys, changed = _store(settings), every_key(settings.backup), 0
    with alone(settings.data_folder):
        for stored in store.stored():
            with store.reading(stored.name) as source:
                if key_id_of(source) == keys[0].key_id:
                    continue
                check_backup(store, stored.name, keys)
                source.seek(0)
                with store.writing(stored.name) as target:
                    reseal(source, keys, target, keys[0])
            check_backup(store, stored.name, keys[:1])
            changed += 1
            print(f"✓ {stored.name}: 已换密钥 / sealed anew, key {keys[0].key_id}")
    print(f"✓ {changed} 份 / backups; 旧密钥可从 old_key_files 去掉 / the old keys may go from old_key_files")
    return 0


def _new_key(settings: CollectorSettings, name: str | None) -> int:
    if name is None:
        raise ConfigurationError(["new-key: 缺少文件名 / name the file to make, e.g. /etc/onebook/backup.key"])
    key = BackupKey.new()
    try:
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigurationError(
            [f"{name}: {error.strerror}. 不覆盖旧密钥 / an existing key is never written over"]
        ) from error
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key.to_text() + "\n")
        file.flush()
        os.fsync(file.fileno())
    print(
        f"✓ {name}  key {key.key_id}\n  另存一份于保险柜：没有它备份打不开 / keep a copy in a safe: without it no backup opens"
    )
    return 0


_ACTIONS: dict[str, Callable[[CollectorSettings, str | None], int]] = {
    "run": _run,
    "list": _list,
    "check": _check,
    "prune": _prune,
    "rekey": _rekey,
    "new-key": _new_key,
}


async def _restore(settings: CollectorSettings, asked: argparse.Namespace) -> int:
    keys, sources = every_key(settings.backup), settings.backup_sources
    with _source(settings, asked.source, asked.at) as source:
        clock = SystemClock()
        arguments = (settings.data_folder, sources.databases, asked.reason, clock)
        proof, feed_epoch = await restore(source, keys, *arguments)
    print(f"✓ 已恢复并核对 / restored and verified in {proof.read_s + proof.verify_s:.1f} s; feed_epoch {feed_epoch}")
    _tell(proof.manifest)
    if (settings.data_folder / EXTRA_FOLDER).exists():
        print(
            f"  其他文件 / extra files: {settings.data_folder / EXTRA_FOLDER}: 请放回原处 / put them where they belong"
        )
    _tell_what_will_come_back(proof.manifest, settings.backup.edge_retain_days, clock.now_ms())
    return 0


async def _drill(settings: CollectorSettings, asked: argparse.Namespace) -> int:
    store, keys = _store(settings), every_key(settings.backup)
    with alone(settings.data_folder):
        if asked.fresh or not store.stored():
            _make(settings)
        began = time.monotonic()
        scratch = (asked.scratch or settings.data_folder) / "restore-drill"
        report = await drill(store, _newest(store), keys, settings.ledger_path, scratch, SystemClock())
        record = read_record(settings.data_folder)
        proven = {"last_proof_ms": report.at_ms} if report.proven else {}
        write_record(settings.data_folder, record.model_copy(update={"last_drill": report, **proven}))
    _tell_drill(report, time.monotonic() - began)
    return 0 if report.proven else 1


def _make(settings: CollectorSettings) -> None:
    began = time.monotonic()
    made = make_backup(settings.backup_sources, _store(settings), current_key(settings.backup), SystemClock())
    print(f"✓ {made.name}: {made.bytes:,} B, {time.monotonic() - began:.1f} s; 已回读核对 / read back whole")
    _tell(made.manifest)


def _prune_now(settings: CollectorSettings) -> None:
    for gone in prune(_store(settings), settings.backup.keep, read_record(settings.data_folder)):
        print(f"- {gone}: 过期已删 / no longer kept")


def _store(settings: CollectorSettings) -> BackupStore:
    return open_store(settings.backup, settings.backup_sources.scratch_folder.with_name("backup-transfer"))


def _newest(store: BackupStore, at: datetime | None = None) -> Stored:
    """The newest, or the newest that was made by then. Raises NotFoundError."""
    for stored in reversed(store.stored()):
        made = named(stored.name)
        if made and (at is None or made.made_at <= at):
            return stored
    raise NotFoundError("没有备份 / there is no such backup: onebook collector backup list")


@contextlib.contextmanager
def _source(settings: CollectorSettings, wanted: str | None, at: str | None) -> Iterator[BinaryIO]:
    if wanted and at:
        raise ConfigurationError(["--from, --at: 只用其一 / give one of them"])
    if wanted and Path(wanted).is_file():
        with Path(wanted).open("rb") as file:
            yield file
        return
    store = open_store(settings.backup, Path(os.environ.get("TMPDIR", "/var/tmp")) / "onebook-restore")
    name = wanted or _newest(store, _moment(at) if at else None).name
    print(f"  {name}")
    with store.reading(name) as source:
        yield source


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError([f"--at {text}: {error}. 例 / e.g. 2026-11-22T06:00"]) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=BUSINESS_ZONE)


def _tell(manifest: Manifest) -> None:
    made = f"{utc(manifest.made_at_ms).astimezone(BUSINESS_ZONE):%Y-%m-%d %H:%M:%S}"
    print(f"  {made}  ledger_seq {manifest.ledger_seq}  head {manifest.head[:16]}  onebook {manifest.software_version}")
    for part in manifest.parts:
        print(f"    {part.name:<20} {part.bytes:>14,} B  sha256 {part.sha256[:16]}  {part.revision}")


def _tell_what_will_come_back(manifest: Manifest, retain_days: int, now_ms: int) -> None:
    """Edges refill what they keep; what nobody keeps any more is said by name."""
    print(
        "  采集端将自动补传；中心自备份后的人工处理须重做 / edges refill; decisions made at the centre since must be done again"
    )
    days = (now_ms - manifest.made_at_ms) // _DAY_MS
    if days < retain_days:
        print(
            f"  备份 {days} 天，采集端保留 {retain_days} 天：可补齐 / {days} days old, edges keep {retain_days}: all can return"
        )
        return
    print(f"✗ 备份 {days} 天，采集端只保留 {retain_days} 天 / {days} days old, edges keep only {retain_days}.")
    print(
        "  这些日志此序号之后、保留期之前的记录无处可补 / nobody keeps what these logs said after this and before then:"
    )
    for log in manifest.logs:
        print(f"    {log.edge_id}/{log.epoch} {log.stream}: {log.accepted_through}")


def _tell_drill(report: DrillReport, took_s: float) -> None:
    print("恢复演练报告 / restore drill")
    print(f"  备份 / backup        {report.backup}, {report.archive_bytes:,} B -> {report.restored_bytes:,} B")
    print(f"  账序 / ledger_seq    {report.ledger_seq}")
    print(
        f"  用时 / took          读取 read {report.read_s:.2f} s, 核对 verify {report.verify_s:.2f} s, 共 in all {took_s:.2f} s"
    )
    for finding in report.findings:
        print(f"    ✗ {finding}")
    if report.proven:
        print("✓ 已证明：可恢复，且与现账一致 / proven: it can be restored, and equals the live book up to there")
    else:
        print("✗ 未证明 / not proven")
