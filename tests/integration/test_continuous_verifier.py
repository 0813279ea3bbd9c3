"""The verifier that never stops: what it has seen stands in the metrics, what it finds becomes an early warning."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import httpx

from onebook_collector.administration.rights import Role
from onebook_collector.early_warning.rule import Kind
from tests.contract.ledger_events import LOT, line, moved
from tests.contract.test_proof_of_the_book import unguarded
from tests.integration.running_centre import RunningCentre, running_centre


async def figures(running: RunningCentre) -> dict[str, str]:
    transport = httpx.ASGITransport(app=running.app)
    headers = await running.token(role=Role.PROVINCIAL_OPS)
    async with httpx.AsyncClient(transport=transport, base_url="http://centre", headers=headers) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return dict(each.split(" ") for each in answer.text.splitlines() if each.startswith("onebook_book_"))


async def test_damage_is_found_while_the_centre_runs_and_a_mended_book_clears_the_warning(tmp_path: Path) -> None:
    async with running_centre(tmp_path) as running:
        centre, verifier = running.centre, running.centre.verifier
        await running.register()
        await running.book(
            "edge-1", moved(1, "receipt", line(LOT, 9, to_bin="A-01")), moved(2, "issue", line(LOT, 4, from_bin="A-01"))
        )
        assert (await figures(running))["onebook_book_unverified_entries"] == "2"
        judging = asyncio.create_task(running.onlooker._judge())
        await verifier.check_all()
        assert (await figures(running))["onebook_book_unverified_entries"] == "0"
        assert verifier.findings == ()
        for damage, mending, finding in (
            ("UPDATE movement SET actor = 'X' WHERE ledger_seq = 2", "UPDATE movement SET actor = 'P1' WHERE ledger_seq = 2",
             "entry 2 has another hash"),
            ("UPDATE balance SET quantity = quantity + 1", "UPDATE balance SET quantity = quantity - 1", "balance of"),
        ):  # fmt: skip
            execute(tmp_path, damage)
            await verifier.check_all()
            assert (await figures(running))["onebook_book_findings"] != "0"
            while not (opened := await centre.watcher.open_warnings()):
                await asyncio.sleep(0.01)
            assert opened[0].kind is Kind.BOOK_BROKEN
            assert finding in opened[0].text_en
            assert finding in opened[0].text_zh
            execute(tmp_path, mending)
            await verifier.check_all()
            while await centre.watcher.open_warnings():
                await asyncio.sleep(0.01)
        judging.cancel()
        await asyncio.gather(judging, return_exceptions=True)


def execute(folder: Path, statement: str) -> None:
    database = sqlite3.connect(folder / "ledger.db", isolation_level=None)
    with unguarded(database):
        assert database.execute(statement).rowcount > 0
    database.close()
