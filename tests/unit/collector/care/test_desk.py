"""What the centre wants is kept with who and why; what edges say is kept once, and only of what they were asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
from sqlalchemy import select

from onebook_collector.administration.store import AdministrationStore
from onebook_collector.administration.tables import audit_entry
from onebook_collector.care import desk
from onebook_schemas.remote_care import (
    Command,
    CommandAction,
    CommandOutcome,
    CommandReport,
    ConfigurationOutcome,
    ConfigurationReport,
)

NOW_MS = 1_790_000_000_000
TARE = Command(
    edge_id="hz-01",
    command_id="0f8fad5b-d9cb-469f-a165-70867728950e",
    action=CommandAction.TARE,
    device="scale-1",
    issued_at_ms=NOW_MS,
    expires_at_ms=NOW_MS + 60_000,
    issued_by="person:liwei",
)


@pytest.fixture
async def administration(tmp_path: Path) -> AsyncIterator[AdministrationStore]:
    async with aclosing(await AdministrationStore.open(tmp_path / "administration.db")) as store:
        yield store


async def want(administration: AdministrationStore, edge_id: str, toml: str) -> int:
    return await administration.write(
        lambda db: desk.want(db, edge_id, toml, by="person:liwei", reason="a second scale", now_ms=NOW_MS)
    )


async def hear(administration: AdministrationStore, reply: ConfigurationReport | CommandReport) -> None:
    await administration.write(lambda db: desk.take_reply(db, reply, NOW_MS + 5))


async def test_versions_count_up_edge_by_edge_and_the_audit_log_says_who_and_why(
    administration: AdministrationStore,
) -> None:
    assert [await want(administration, edge, "") for edge in ("hz-01", "hz-01", "wz-01")] == [1, 2, 1]
    rows = await administration.read(lambda db: db.execute(select(audit_entry)).all())
    assert {(row.actor, row.action, row.subject) for row in rows} == {
        ("person:liwei", "edge.configure", "hz-01"),
        ("person:liwei", "edge.configure", "wz-01"),
    }
    assert all("a second scale" in row.detail for row in rows)


async def test_a_restored_centre_gives_no_version_twice(administration: AdministrationStore) -> None:
    report = ConfigurationReport(edge_id="hz-01", version=7, outcome=ConfigurationOutcome.HELD)
    await hear(administration, report)
    assert await want(administration, "hz-01", "") == 8


async def test_only_the_newest_of_each_edge_is_sent_and_only_once(administration: AdministrationStore) -> None:
    for edge_id, toml in (("hz-01", "a = 1"), ("hz-01", "a = 2"), ("wz-01", "b = 1")):
        await want(administration, edge_id, toml)
    mark, documents = await administration.read(lambda db: desk.newest_wanted(db, after=0))
    assert {(one.edge_id, one.version, one.toml) for one in documents} == {("hz-01", 2, "a = 2"), ("wz-01", 1, "b = 1")}
    assert await administration.read(lambda db: desk.newest_wanted(db, after=mark)) == (mark, [])


async def test_what_the_edge_said_last_is_what_counts(administration: AdministrationStore) -> None:
    await want(administration, "hz-01", "")
    for outcome in (ConfigurationOutcome.TRYING, ConfigurationOutcome.ROLLED_BACK):
        await hear(
            administration, ConfigurationReport(edge_id="hz-01", version=1, outcome=outcome, problems=("无回执",))
        )
    reported = await administration.read(lambda db: desk.reported_by(db, "hz-01"))
    assert reported is not None
    assert (reported.outcome, reported.problems) == ("rolled_back", ("无回执",))


async def test_a_command_is_sent_until_it_is_answered_or_expires(administration: AdministrationStore) -> None:
    await administration.write(lambda db: desk.give(db, TARE))
    assert await administration.read(lambda db: desk.unanswered(db, NOW_MS)) == [TARE]
    assert await administration.read(lambda db: desk.unanswered(db, TARE.expires_at_ms)) == []
    done = CommandReport(edge_id="hz-01", command_id=TARE.command_id, outcome=CommandOutcome.DONE)
    await hear(administration, done)
    assert await administration.read(lambda db: desk.unanswered(db, NOW_MS)) == []


async def test_the_first_answer_stays_and_another_edges_answer_is_none(administration: AdministrationStore) -> None:
    await administration.write(lambda db: desk.give(db, TARE))
    for edge_id, outcome in (
        ("wz-01", CommandOutcome.FAILED),
        ("hz-01", CommandOutcome.DONE),
        ("hz-01", CommandOutcome.FAILED),
    ):
        await hear(administration, CommandReport(edge_id=edge_id, command_id=TARE.command_id, outcome=outcome))
    (one,) = await administration.read(lambda db: desk.commands_of(db, "hz-01"))
    assert (one.outcome, one.heard_at_ms) == ("done", NOW_MS + 5)
