"""What used to need a shell at the centre, over the API: remote care, codes, certificates, discrepancies, counts, checkpoints.

Each is done in the name of whoever asks, stands in the audit log, and is refused in words when it cannot be done.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select

from onebook_collector.administration.rights import Role
from onebook_collector.administration.tables import audit_entry
from onebook_collector.care import desk
from onebook_collector.certificates.authority import Profile, new_key
from onebook_collector.ledger.checkpoints import make_checkpoint, prepare
from onebook_collector.ledger.signing import create_key
from onebook_collector.scope import Scope
from onebook_schemas.enrolment import parse_invitation
from onebook_schemas.remote_care import CommandOutcome, CommandReport, ConfigurationOutcome, ConfigurationReport
from onebook_schemas.uplink import EdgeState
from tests.contract.ledger_events import LOT, counted, line, moved, movement_id
from tests.integration.running_centre import RunningCentre, running_centre

V1 = "/api/v1"


@pytest_asyncio.fixture
async def running(tmp_path: Path) -> AsyncIterator[RunningCentre]:
    async with running_centre(tmp_path, has_authority=True) as found:
        await found.register()
        yield found


@pytest_asyncio.fixture
async def api(running: RunningCentre) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(running.app, raise_app_exceptions=False)
    key = await running.token(role=Role.ADMINISTRATOR)
    async with httpx.AsyncClient(transport=transport, base_url="http://centre" + V1, headers=key) as client:
        yield client


async def audited(running: RunningCentre) -> list[tuple[str, str, str, str]]:
    rows = await running.centre.administration.read(lambda c: c.execute(select(audit_entry)).all())
    return [(row.actor, row.action, row.subject, row.outcome) for row in rows]


# Remote care ----------------------------------------------------------------------------------------------------


async def test_a_configuration_is_wanted_and_says_what_became_of_it(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    assert (await api.get("/edges/edge-1/configuration")).json() == {
        "edge_id": "edge-1",
        "wanted": None,
        "reported": None,
    }
    asked = {"toml": 'log_level = "DEBUG"\n', "reason": "a second probe"}
    given = (await api.put("/edges/edge-1/configuration", json=asked)).json()
    assert (given["wanted"]["version"], given["wanted"]["given_by"], given["reported"]) == (1, "token:test-1", None)
    _, sent = await running.centre.administration.read(lambda db: desk.newest_wanted(db, after=0))
    assert [(one.edge_id, one.toml) for one in sent] == [("edge-1", asked["toml"].strip())]
    for outcome in (ConfigurationOutcome.TRYING, ConfigurationOutcome.ROLLED_BACK):
        report = ConfigurationReport(edge_id="edge-1", version=1, outcome=outcome, problems=("no broker there",))
        await running.centre.administration.write(lambda db, r=report: desk.take_reply(db, r, running.clock.at_ms))
        reported = (await api.get("/edges/edge-1/configuration")).json()["reported"]
        assert (reported["outcome"], reported["problems"]) == (outcome, ["no broker there"])
    assert ("token:test-1", "edge.configure", "edge-1", "done") in await audited(running)


@pytest.mark.parametrize(
    ("toml", "status"), [("= 1", 400), ("a" * 70_000, 422), ("x = [" + "[" * 5_000, 400), ("a = 1\na = 2", 400)]
)
async def test_what_is_no_configuration_is_refused_and_not_kept(
    running: RunningCentre, api: httpx.AsyncClient, toml: str, status: int
) -> None:
    answer = await api.put("/edges/edge-1/configuration", json={"toml": toml})
    assert answer.status_code == status, answer.text
    assert await running.centre.administration.read(lambda db: desk.wanted_of(db, "edge-1")) is None
    assert (await api.put("/edges/nobody/configuration", json={"toml": ""})).status_code == 404


async def test_a_command_is_given_listed_and_answered(running: RunningCentre, api: httpx.AsyncClient) -> None:
    given = await api.post("/edges/edge-1/commands", json={"action": "tare", "device": "scale-1", "within_s": 60})
    assert (given.status_code, given.json()["outcome"]) == (201, None)
    command_id = given.json()["command_id"]
    waiting = await running.centre.administration.read(lambda db: desk.unanswered(db, running.clock.at_ms))
    assert [(one.command_id, one.issued_by) for one in waiting] == [(command_id, "token:test-1")]
    report = CommandReport(edge_id="edge-1", command_id=command_id, outcome=CommandOutcome.FAILED, reason="no answer")
    await running.centre.administration.write(lambda db: desk.take_reply(db, report, running.clock.at_ms))
    (listed,) = (await api.get("/edges/edge-1/commands")).json()["items"]
    assert (listed["outcome"], listed["outcome_reason"]) == ("failed", "no answer")
    for wrong in ({"action": "tare"}, {"action": "identify", "device": "scale-1"}):
        assert (await api.post("/edges/edge-1/commands", json=wrong)).status_code == 400
    assert ("token:test-1", "edge.command", "edge-1", "done") in await audited(running)


async def test_commands_are_paged(running: RunningCentre, api: httpx.AsyncClient) -> None:
    for _ in range(5):
        running.clock.at_ms += 1_000
        await api.post("/edges/edge-1/commands", json={"action": "identify"})
    seen, before = [], None
    while True:
        asked = {"limit": 2} | ({"before": before} if before else {})
        page = (await api.get("/edges/edge-1/commands", params=asked)).json()
        seen += [one["issued_at"] for one in page["items"]]
        before = page["next_before"]
        if before is None:
            break
    assert (len(seen), seen) == (5, sorted(seen, reverse=True))


# Codes and certificates -----------------------------------------------------------------------------------------


async def test_a_code_is_told_once_and_can_be_withdrawn(
    running: RunningCentre, api: httpx.AsyncClient, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made = await api.post("/enrolment-codes", json={"edge_id": "edge-7", "site_id": "wh-1", "valid_hours": 2})
    assert made.status_code == 201
    invitation = parse_invitation(made.json()["text"])
    assert invitation is not None
    assert (await api.get("/edges/edge-7")).json()["site_id"] == "wh-1"
    listed = await api.get("/enrolment-codes")
    (code,) = listed.json()["items"]
    assert (code["edge_id"], code["used_at"]) == ("edge-7", None)
    assert (await api.delete(f"/enrolment-codes/{code['code_id']}")).status_code == 204
    assert (await api.delete(f"/enrolment-codes/{code['code_id']}")).status_code == 404
    said = capfd.readouterr()
    told = "".join([listed.text, (await api.get("/audit")).text, said.out, said.err])
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert invitation.code not in told
    assert invitation.code.encode() not in kept
    assert [entry[1:] for entry in await audited(running) if entry[1].startswith("edge.")] == [
        ("edge.invite", "edge-7", "done"),
        ("edge.withdraw_code", "edge-7", "done"),
    ]


async def test_a_code_is_made_for_a_site_in_scope_and_takes_no_edge_away_from_another(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    assert (await api.post("/enrolment-codes", json={"edge_id": "edge-7", "site_id": "wh-9"})).status_code == 404
    api.headers.update(await running.token(role=Role.ADMINISTRATOR, scope=Scope("3301")))
    for asked in ({"edge_id": "edge-7", "site_id": "wh-2"}, {"edge_id": "edge-3", "site_id": "wh-1"}):
        assert (await api.post("/enrolment-codes", json=asked)).status_code == 404
    api.headers.update(await running.token())
    assert (await api.get("/edges/edge-3")).json()["site_id"] == "wh-2"


async def test_a_certificate_is_revoked_and_what_is_left_to_do_is_said(
    running: RunningCentre, api: httpx.AsyncClient, tmp_path: Path
) -> None:
    office = running.centre.certificates
    assert office is not None
    issued = [await office.issue(f"edge-{n}", Profile.EDGE, new_key()[0], days=9, actor="test") for n in (1, 3)]
    first = (await api.get("/certificates", params={"limit": 1})).json()
    rest = (await api.get("/certificates", params={"limit": 1, "after": first["next_after"]})).json()
    assert [page["items"][0]["subject"] for page in (first, rest)] == ["edge-1", "edge-3"]
    assert rest["next_after"] is None
    before = office.crl_file.read_bytes()
    answer = await api.post(f"/certificates/{issued[0].serial}/revoke", json={"reason": "stolen"})
    assert (answer.json()["certificate"]["state"], answer.json()["is_shut_out"]) == ("revoked", False)
    assert "吊销列表已写" in answer.json()["what_to_do"]
    assert office.crl_file.read_bytes() != before
    again = await api.post(f"/certificates/{issued[0].serial}/revoke", json={"reason": "stolen"})
    assert again.status_code == 409
    assert (await api.post("/certificates/none/revoke", json={"reason": "x"})).status_code == 404
    assert ("token:test-1", "certificate.revoke", "edge-1", "done") in await audited(running)


async def test_the_broker_is_told_of_a_revocation_where_it_is_said_how(tmp_path: Path) -> None:
    told = tmp_path / "told"
    async with running_centre(tmp_path, has_authority=True, reload_command=("touch", str(told))) as running:
        await running.register()
        assert running.centre.certificates is not None
        issued = await running.centre.certificates.issue("edge-1", Profile.EDGE, new_key()[0], days=9, actor="test")
        transport = httpx.ASGITransport(running.app, raise_app_exceptions=False)
        key = await running.token(role=Role.ADMINISTRATOR)
        async with httpx.AsyncClient(transport=transport, base_url="http://centre" + V1, headers=key) as api:
            answer = await api.post(f"/certificates/{issued.serial}/revoke", json={"reason": "stolen"})
        assert (answer.json()["is_shut_out"], answer.json()["what_to_do"]) == (True, None)
        assert told.exists()


# Discrepancies and counts ---------------------------------------------------------------------------------------


async def doubts(running: RunningCentre) -> None:
    """One issue too many, and a count that is far off."""
    await running.book(
        "edge-1",
        moved(1, "receipt", line(LOT, 40, to_bin="A-01", lot="L1")),
        moved(2, "issue", line(LOT, 50, from_bin="A-01", lot="L1")),
        counted(3, LOT, "A-01", 30, lot="L1"),
    )


async def test_discrepancies_are_narrowed_paged_and_closed_by_a_person(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    await doubts(running)
    key = await running.token(role=Role.CITY_OPS, scope=Scope("3301"))
    page = (await api.get("/discrepancies", params={"limit": 1})).json()
    rest = (await api.get("/discrepancies", params={"limit": 1, "before": page["next_before"]})).json()
    kinds = [page["items"][0]["kind"], rest["items"][0]["kind"]]
    assert (sorted(kinds), rest["next_before"]) == (["book_too_small", "count_to_review"], None)
    (one,) = (await api.get("/discrepancies", params={"kind": "book_too_small", "item": LOT})).json()["items"]
    place = f"/discrepancies/{one['id']}/close"
    assert (await api.post(place, json={"note": "found"})).status_code == 403  # An administrator decides on no goods.
    foreign = await running.token(role=Role.CITY_OPS, scope=Scope("3302"))
    assert (await api.post(place, json={"note": "found"}, headers=foreign)).status_code == 404
    closed = (await api.post(place, json={"note": "found in B-02"}, headers=key)).json()
    assert (closed["closed_by"], closed["note"]) == ("token:test-2", "found in B-02")
    assert (await api.post(place, json={"note": "again"}, headers=key)).status_code == 404
    assert ("token:test-2", "discrepancy.close", str(one["id"]), "done") in await audited(running)


async def test_a_count_that_waits_is_approved_and_the_book_follows(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    await doubts(running)
    api.headers.update(await running.token(role=Role.CITY_OPS, scope=Scope("3301")))
    (waiting,) = (await api.get("/counts")).json()["items"]
    assert (waiting["state"], waiting["movement"]["count"]["counted"]) == ("waiting", "30")
    approved = (await api.post(f"/counts/{movement_id(3)}/approve")).json()
    assert (approved["state"], approved["closed_by"]) == ("closed", "token:test-2")
    assert approved["adjustment_seq"] == 4
    (balance,) = (await api.get("/balances")).json()["items"]
    assert balance["quantity"] == "30"
    again = await api.post(f"/counts/{movement_id(3)}/approve")
    assert (again.status_code, again.json()["type"]) == (409, "urn:onebook:problem:count_not_waiting")
    assert (await api.post(f"/counts/{movement_id(1)}/approve")).status_code == 404
    outcomes = [entry[3] for entry in await audited(running) if entry[1] == "count.approve"]
    assert outcomes == ["done", "count_not_waiting"]


# Checkpoints ----------------------------------------------------------------------------------------------------


async def test_checkpoints_and_their_witnesses_are_listed_for_the_province(
    running: RunningCentre, api: httpx.AsyncClient, tmp_path: Path
) -> None:
    key = create_key(tmp_path / "checkpoint.key", "2026-09-21T00:00:00Z", replace=False)

    async def sign() -> int:
        ledger: Any = running.centre.ledger
        prepared = await ledger.read(lambda connection: prepare(connection, None))
        made = await ledger.maintain(lambda c: make_checkpoint(c, key, running.clock.at_ms, prepared))
        return int(made.stated.made_at)

    old = await sign()
    running.clock.at_ms += 60_000
    new = await sign()
    for edge_id, holds in (("edge-1", new), ("edge-2", old)):
        state = EdgeState(edge_id=edge_id, online=True, documents_held={"checkpoint": holds})
        running.onlooker.see_state(state, running.clock.at_ms, retained=False)
    page = (await api.get("/checkpoints", params={"limit": 1})).json()
    assert (page["items"][0]["version"], page["items"][0]["key_id"]) == (new, key.key_id)
    rest = (await api.get("/checkpoints", params={"before": page["next_before"]})).json()
    assert [one["version"] for one in rest["items"]] == [old]
    witnesses = (await api.get("/checkpoints/witnesses")).json()
    assert [(one["edge_id"], one["holds"], one["is_newest"]) for one in witnesses["items"]] == [
        ("edge-1", new, True),
        ("edge-2", old, False),
        ("edge-3", None, False),
    ]
    city = await running.token(role=Role.INSPECTOR, scope=Scope("3301"))
    assert (await api.get("/checkpoints", headers=city)).status_code == 403
