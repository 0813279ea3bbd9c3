"""`onebook collector import --facilities --prices --outages`: what coverage needs and the book does not know."""

from __future__ import annotations

import argparse
import getpass
from contextlib import aclosing

from onebook_collector.administration.store import AdministrationStore
from onebook_collector.clock import SystemClock
from onebook_collector.coverage.files import KINDS, Registers
from onebook_collector.import_files import add_file_options, given_files, read_files, refuse_problems
from onebook_collector.ledger import queries
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_collector.settings import CollectorSettings

_WORDS = {"facilities": "储备库名录 facilities", "prices": "单价 prices", "outages": "停用申报 outages"}


def add_import_options(importing: argparse.ArgumentParser) -> None:
    add_file_options(importing, KINDS)


def read_registers(asked: argparse.Namespace) -> Registers:
    """Raises ConfigurationError with every problem of every file."""
    read = Registers()
    read_files(given_files(asked, KINDS), read.read)
    return read


async def import_registers(
    settings: CollectorSettings, asked: argparse.Namespace, ledger: SqlLedgerStore, read: Registers
) -> str:
    """All of it, or nothing; gives what to tell. Raises ConfigurationError with every problem."""
    sites, items = await ledger.read(
        lambda db: ({one.site_id: one for one in queries.sites(db)}, {one.code: one for one in queries.items(db)})
    )
    by, now_ms = f"command line:{getpass.getuser()}", SystemClock().now_ms()
    async with aclosing(await AdministrationStore.open(settings.administration_path)) as administration:
        found = await administration.read(lambda db: read.problems(db, sites, items))
        refuse_problems(given_files(asked, KINDS), found)
        counts = await administration.write(lambda db: read.write(db, by=by, now_ms=now_ms))
    return "  ".join(f"{_WORDS[kind]} {count}" for kind, count in counts.items())
