"""`onebook collector import --setup --zones --bins --people --tasks`: what warehouses work by, from spreadsheets."""

from __future__ import annotations

import argparse
import asyncio
import getpass
from contextlib import aclosing

from onebook_collector.administration.store import AdministrationStore
from onebook_collector.clock import SystemClock
from onebook_collector.furnishing import book
from onebook_collector.furnishing.desk import Act
from onebook_collector.furnishing.files import KINDS, BookFacts, Furnishings
from onebook_collector.import_files import add_file_options, given_files, read_files, refuse_problems
from onebook_collector.ledger import queries
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
    add_file_options(importing, KINDS)


def read_furnishings(asked: argparse.Namespace) -> Furnishings:
    """Raises ConfigurationError with every problem of every file."""
    read = Furnishings()
    read_files(given_files(asked, KINDS), read.read)
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
    async with aclosing(await AdministrationStore.open(settings.administration_path)) as administration:
        found = await administration.read(lambda db: read.problems(db, facts))
        refuse_problems(given_files(asked, KINDS), found)
        people = await asyncio.to_thread(read.people)
        counts = await administration.write(lambda db: read.write(db, facts, people, act))
    return "  ".join(f"{_WORDS[kind]} {count}" for kind, count in counts.items())
