"""`onebook collector import --facilities --prices --outages`: what coverage needs and the book does not know."""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

from onebook_collector.administration.store import AdministrationStore
from onebook_collector.clock import SystemClock
from onebook_collector.coverage.files import KINDS, Registers
from onebook_collector.errors import ConfigurationError
from onebook_collector.ledger import queries
from onebook_collector.ledger.registry_files import PROBLEMS_MAX
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_collector.settings import CollectorSettings

_WORDS = {"facilities": "储备库名录 facilities", "prices": "单价 prices", "outages": "停用申报 outages"}


def add_import_options(importing: argparse.ArgumentParser) -> None:
    for kind, row in KINDS.items():
        importing.add_argument(f"--{kind}", type=Path, help=f"CSV: {','.join(row.model_fields)}")


def read_registers(asked: argparse.Namespace) -> Registers:
    """Raises ConfigurationError with every problem of every file."""
    read, problems = Registers(), list[str]()
    for kind, path in _files(asked):
        try:
            read.read(kind, path.read_bytes())
        except OSError as error:
            problems.append(f"{path}: {error.strerror}. 请检查路径 / check the path.")
        except ConfigurationError as error:
            problems += [f"{path}: {problem}" for problem in error.problems]
    if problems:
        raise ConfigurationError(problems)
    return read


async def import_registers(
    settings: CollectorSettings, asked: argparse.Namespace, ledger: SqlLedgerStore, read: Registers
) -> str:
    """All of it, or nothing; gives what to tell. Raises ConfigurationError with every problem."""
    sites, items = await ledger.read(
        lambda db: ({one.site_id: one for one in queries.sites(db)}, {one.code: one for one in queries.items(db)})
    )
    by, now_ms, paths = f"command line:{getpass.getuser()}", SystemClock().now_ms(), dict(_files(asked))
    async with aclosing(await AdministrationStore.open(settings.administration_path)) as administration:
        found = await administration.read(lambda db: read.problems(db, sites, items))
        problems = [f"{paths[kind]}: {problem}" for kind, ones in found.items() for problem in ones]
        if problems:
            more = len(problems) - PROBLEMS_MAX
            last = [f"… 还有 {more} 处 / {more} more"] if more > 0 else []
            raise ConfigurationError(problems[:PROBLEMS_MAX] + last)
        counts = await administration.write(lambda db: read.write(db, by=by, now_ms=now_ms))
    return "  ".join(f"{_WORDS[kind]} {count}" for kind, count in counts.items())


def _files(asked: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    for kind in KINDS:
        path = getattr(asked, kind)
        if path is not None:
            yield kind, path
