"""`onebook collector`: run the centre, register sites and edges, verify and rebuild the book."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from onebook_collector import access_cli, backup_cli, care_cli, coverage_cli, furnish_cli
from onebook_collector.clock import SystemClock, utc
from onebook_collector.errors import CollectorError, ConfigurationError
from onebook_collector.ledger import queries
from onebook_collector.ledger.book_state import BookState
from onebook_collector.ledger.checkpoints import make_checkpoint, prepare
from onebook_collector.ledger.cursor import LogKey
from onebook_collector.ledger.rebuild import differences, rebuild
from onebook_collector.ledger.registry import import_items, import_sites, register_edge
from onebook_collector.ledger.registry_files import read_edges, read_items, read_sites
from onebook_collector.ledger.signing import create_key, load_key, public_file
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_collector.ledger.verify import verify
from onebook_collector.logs import configure_logging
from onebook_collector.reference import read_catalogue
from onebook_collector.settings import CollectorSettings, load_settings
from onebook_collector.wiring import broker_tls, open_ledger, run_collector
from onebook_schemas.uplink import Stream

_RowT = TypeVar("_RowT")
DEFAULT_CONFIGURATION = Path("/etc/onebook/collector.toml")


def main(arguments: Sequence[str]) -> int:
    """Exit codes: 0 done and right, 1 it failed or the book is wrong, 2 the configuration or the call is wrong."""
    asked = _parser().parse_args(arguments)
    try:
        settings = load_settings(asked.config)
        configure_logging(settings.log_level)
        return int(asyncio.run(asked.run(settings, asked)) or 0)
    except ConfigurationError as error:
        for problem in error.problems:
            print(f"✗ {problem}", file=sys.stderr)
        return 2
    except CollectorError as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="onebook collector", description="省级中心 / the centre")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    configured = argparse.ArgumentParser(add_help=False)
    configured.add_argument("--config", type=Path, default=DEFAULT_CONFIGURATION, help="TOML file")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text, parents=[configured])
        added.set_defaults(run=run)
        return added

    command("run", _run, "运行 / run the centre until stopped")
    command("check-config", _check_config, "检查配置 / check the configuration")
    importing = command("import", _import, "登记 / register the catalogue, sites and edges; may be repeated")
    importing.add_argument("--catalogue", type=Path, help="CSV of items; without it the one that onebook brings")
    importing.add_argument("--items", type=int, help="only the first N items")
    importing.add_argument("--sites", type=Path, help="CSV: site_id,name_zh,name_en,division_code,lon,lat")
    importing.add_argument("--edges", type=Path, help="CSV: edge_id,site_id")
    furnish_cli.add_import_options(importing)
    coverage_cli.add_import_options(importing)
    command("verify", _verify, "核对 / re-check every invariant of the book; exit 1 if one is broken")
    rebuilding = command("rebuild", _rebuild, "重算 / recompute balances from the postings and compare")
    rebuilding.add_argument(
        "--replace", action="store_true", help="put the recomputed rows in place of those that differ"
    )
    restored = command("restored", _restored, "恢复后登记 / say that this book was restored from a backup")
    restored.add_argument("--reason", required=True, help="why, for the ledger")
    command("checkpoint", _checkpoint, "检查点 / sign what the book is now; before a copy for an auditor")
    keys = command("checkpoint-key", _checkpoint_key, "检查点密钥 / the key that signs checkpoints")
    keys.add_argument("what", choices=("init", "rotate", "show"), help="make it, replace it, print the public keys")
    keys.add_argument("--if-none", action="store_true", help="init: 已有则保留 / leave one that is there as it is")
    forks = command("forks", _forks, "分叉 / logs that are held because of a clone, and their release")
    forks.add_argument("--release", metavar="EDGE/EPOCH", help="take uploads of this log again")
    forks.add_argument("--actor", help="who decides")
    forks.add_argument("--note", default="", help="why")
    backup_cli.add_commands(command)
    care_cli.add_commands(command)
    access_cli.add_commands(commands, configured)
    return parser


async def _run(settings: CollectorSettings, asked: argparse.Namespace) -> int:
    return await _until_stopped(run_collector(settings, lambda address: print(address, flush=True)))


async def _check_config(settings: CollectorSettings, asked: argparse.Namespace) -> int:
    line = "TLS" if broker_tls(settings) else "明文，仅限本机 / plain text, this machine only"
    print(f"✓ broker {settings.broker.host}:{settings.broker.port} {line}")
    print(f"✓ {asked.config}: 配置正确 / the configuration is right; ledger {settings.ledger_path}")
    return 0


async def _import(settings: CollectorSettings, asked: argparse.Namespace) -> int:
    items = (_read(asked.catalogue, read_items) if asked.catalogue else read_catalogue())[: asked.items]
    sites = _read(asked.sites, read_sites) if asked.sites else []
    edges = _read(asked.edges, read_edges) if asked.edges else []
    furnishings = furnish_cli.read_furnishings(asked)
    registers = coverage_cli.read_registers(asked)

    def register(book: BookState) -> None:
        import_items(book, items)
        import_sites(book, sites)
        for edge_id, site_id in edges:
            register_edge(book, edge_id, site_id)

    async with _open_ledger(settings) as ledger:
        await ledger.write(register)
        print(f"✓ 物资 items {len(items)}  仓库 sites {len(sites)}  采集端 edges {len(edges)}")
        if furnishings.rows:
            print("✓ " + await furnish_cli.import_furnishings(settings, asked, ledger, furnishings))
        if registers.rows:
            print("✓ " + await coverage_cli.import_registers(settings, asked, ledger, registers))
    return 0


def _read(path: Path, rows_of: Callable[[bytes], list[_RowT]]) -> list[_RowT]:
    """The rows of a CSV file. Raises ConfigurationError with the file's name before each problem."""
    try:
        return rows_of(path.read_bytes())
    except OSError as error:
        raise ConfigurationError([f"{path}: {error.strerror}. 请检查路径 / check the path."]) from error
    except ConfigurationError as error:
        raise ConfigurationError([f"{path}: {problem}" for problem in error.problems]) from error


async def _verify(settings: CollectorSettings, asked: argparse.Namespace) -> int:
    async with _open_ledger(settings) as ledger:
        report = await ledger.read(verify)
    for check in report.checks:
        print(f"{'✓' if check.holds else '✗'} {check.name}: {check.checked} checked")
        for finding in check.findings:
            print(f"    {finding}")
    return 0 if report.holds else 1


async def _rebuild(settings: CollectorSettings, asked: argparse.Namespace) -> int:
    async with _open_ledger(settings) as ledger:
        if asked.replace:
            found = await ledger.maintain(rebuild)
        else:
            found = await ledger.read(lambda connection: list(differences(connection)))
    for difference in found:
        print(f"✗ {difference}")
    print("✓ 重算一致 / recomputed, bit-identical" if not found else f"{len(found)} rows differ")
    return 0 if not found or asked.replace else 1


async def _restored(settings: CollectorSettings, asked: argparse.Namespace) -> int:
    async with _open_ledger(settings) as ledger:
        now_ms = SystemClock().now_ms()
        epoch = await ledger.write(lambda book: book.new_feed_epoch(asked.reason, now_ms))
    print(f"✓ feed_epoch {epoch}: 旧游标失效，采集端自动补传 / old feed cursors end, edges refill by themselves")
    return 0


async def _checkpoint(settings: CollectorSettings, asked: argparse.Namespace) -> int:
    path = settings.checkpoint_key_path
    key = load_key(path)
    if key is None:
        raise ConfigurationError([f"{path}: 没有密钥 / no key. Run: onebook collector checkpoint-key init"])
    async with _open_ledger(settings) as ledger:
        prepared = await ledger.read(lambda connection: prepare(connection, None))
        now_ms = SystemClock().now_ms()
        made = await ledger.maintain(lambda connection: make_checkpoint(connection, key, now_ms, prepared))
    print(
        f"✓ 第 {made.stated.ledger_seq} 笔已签名 / entry {made.stated.ledger_seq} signed by {made.key_id}: {made.stated.head}"
    )
    return 0


async def _checkpoint_key(settings: CollectorSettings, asked: argparse.Namespace) -> int:
    path = settings.checkpoint_key_path
    if asked.what == "init" and asked.if_none and path.exists():
        return 0
    if asked.what != "show":
        now = f"{utc(SystemClock().now_ms()):%Y-%m-%dT%H:%M:%SZ}"
        key = create_key(path, now, replace=asked.what == "rotate")
        print(f"✓ {path}: 密钥 / key {key.key_id}; 公钥交审计方 / give the auditor {public_file(path)}")
    if asked.what == "show":
        if not public_file(path).exists():
            raise ConfigurationError([f"{path}: 没有密钥 / no key. Run: onebook collector checkpoint-key init"])
        print(public_file(path).read_text(encoding="ascii"), end="")
    return 0


async def _forks(settings: CollectorSettings, asked: argparse.Namespace) -> int:
    async with _open_ledger(settings) as ledger:
        if asked.release:
            if not asked.actor:
                raise ConfigurationError(["--actor: 缺少 / missing. Say who decides: --actor NAME"])
            edge_id, _, epoch = asked.release.partition("/")
            key = LogKey(edge_id, epoch, Stream.JOURNAL)
            now_ms = SystemClock().now_ms()
            await ledger.write(lambda book: book.release_fork(key, asked.actor, asked.note, now_ms))
            print(f"✓ {asked.release}: 已放行 / released")
        for fork in await ledger.read(queries.forks):
            state = "已放行 released" if fork.released_at_ms else "暂停 held"
            when = f"{utc(fork.received_at_ms):%Y-%m-%d %H:%M:%S}"
            print(f"{fork.edge_id}/{fork.epoch}  {state}  {when}  {fork.reason}")
    return 0


@contextlib.asynccontextmanager
async def _open_ledger(settings: CollectorSettings) -> AsyncIterator[SqlLedgerStore]:
    ledger = await open_ledger(settings)
    try:
        yield ledger
    finally:
        await ledger.close()


async def _until_stopped(work: Coroutine[Any, Any, None]) -> int:
    """Run until SIGTERM or SIGINT; both are a proper end."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return 0
