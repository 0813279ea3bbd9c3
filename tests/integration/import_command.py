"""`onebook collector import` in a temporary data folder, and what it left there."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

from onebook_collector.administration.store import AdministrationStore
from onebook_collector.cli import main


def imported(configuration: Path, **files: str) -> int:
    """Kind of file -> its text. Gives the exit code."""
    arguments = []
    for kind, text in files.items():
        path = configuration.with_name(f"{kind}.csv")
        path.write_text(text, encoding="utf-8")
        arguments += [f"--{kind}", str(path)]
    return main(["import", "--config", str(configuration), *arguments])


def kept(configuration: Path, query: Any) -> Any:
    """What the administration has."""

    async def read() -> Any:
        async with aclosing(await AdministrationStore.open(configuration.with_name("administration.db"))) as store:
            return await store.read(query)

    return asyncio.run(read())
