"""Books one movement after another and says so on standard output, until killed. Run by the test of what a kill leaves."""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from pathlib import Path

from onebook_collector.ledger import queries
from onebook_collector.ledger.sql_store import SqlLedgerStore
from tests.contract import ledger_events as events
from tests.contract.ledger_bench import Journal
from tests.contract.ledger_events import LOT, line, moved


async def main(path: Path) -> None:
    store = await SqlLedgerStore.open(path)
    await store.write(events.furnish)
    journal = Journal(store)
    for number in count(1):
        await journal.book(moved(number, "receipt", line(LOT, 1, to_bin="A-01")))
        print((await store.read(queries.head))[0], flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
