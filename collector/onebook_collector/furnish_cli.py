"""`onebook collector import --setup --zones --bins --people --tasks`: what warehouses work by, from spreadsheets."""

from __future__ import annotations

import argparse
import asyncio
import getpass
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

from onebook_collector.administration.store import AdministrationStore
from onebook_collector.clock import SystemClock
from onebook_collector.errors import ConfigurationError
from onebook_collector.furnishing import book
from onebook_collector.furnishing.desk import Act
from onebook_collector.furnishing.files import KINDS, BookFacts, Furnishings
from onebook_collector.ledger import queries
from onebook_collector.ledger.registry_files import PROBLEMS_MAX
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_collector.settings import CollectorSettings

_WORDS = {
    "setup": "设置 setups",
    "zones": "库区 zones",
    "bins": "货位 bins",
    "people": "人员 people",
    "tasks": "任务 tasks",
}


def add_import_options(importing: argparse.ArgumentParser) -> None:
    for kind, row in KINDS.items():
        importing.add_argument(f"--{kind}", type=Path, help=f"CSV: {','.join(row.model_fields)}")


def read_furnishings(asked: argparse.Namespace) -> Furnishings:
    """Raises ConfigurationError with every problem of every file."""
    read, problems = Furnishings(), list[str]()
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


async def import_furnishings(
    settings: CollectorSettings, asked: argparse.Namespace, ledger: SqlLedgerStore, read: Furnishings
) -> str:
    """All of it, or nothing; gives what to tell. Raises ConfigurationError, RefusedError."""
    facts = await ledger.read(
        lambda db: BookFacts(
            {site.site_id: site for site in queries.sites(db)}, queries.edges(db), book.worths_of(db, read.items)
        )
    )
    act = Act(f"command line:{getpass.getuser()}", SystemClock().now_ms())
    paths = dict(_files(asked))
    async with aclosing(await AdministrationStore.open(settings.administration_path)) as administration:
        found = await administration.read(lambda db: read.problems(db, facts))
        problems = [f"{paths[kind]}: {problem}" for kind, ones in found.items() for problem in ones]
        if problems:
            more = len(problems) - PROBLEMS_MAX
            last = [f"… 还有 {more} 处 / {more} more"] if more > 0 else []
            raise ConfigurationError(problems[:PROBLEMS_MAX] + last)
        people = await asyncio.to_thread(read.people)
        counts = await administration.write(lambda db: read.write(db, facts, people, act))
    return "  ".join(f"{_WORDS[kind]} {count}" for kind, count in counts.items())


def _files(asked: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    for kind in KINDS:
        path = getattr(asked, kind)
        if path is not None:
            yield kind, path
