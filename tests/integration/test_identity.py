"""Edges with certificates at a real broker: who is who is let in; everybody else is refused, logged and harmless."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from onebook_collector.certificates.authority import Profile
from onebook_collector.certificates.eviction import end_session
from onebook_collector.certificates.office import TRIES_MAX
from onebook_collector.clock import utc
from onebook_deploy.mosquitto import BrokerTls, private_broker
from onebook_edge.clock import SystemClock
from onebook_edge.errors import ConfigurationError, RefusedError, RetryableError
from onebook_edge.identity.broker_line import broker_line
from onebook_edge.identity.enrolment import enrol, renew
from onebook_edge.identity.identity_file import Identity, IdentityFolder
from onebook_edge.identity.runner import RenewalRunner
from onebook_edge.identity.settings import BrokerSettings
from onebook_edge.outbox.outbox import Outbox
from onebook_edge.uplink.runner import BrokerAddress, UplinkRunner
from onebook_schemas import topics
from onebook_schemas.encoding import decode, encode_upload
from onebook_schemas.mqtt_link import Inbound, MqttLink, RefusedByBrokerError
from onebook_schemas.tls import TlsFiles, client_context
from onebook_schemas.uplink import EdgeState, Stream, Upload, UploadHeader
from tests.integration.test_uplink import QUICK, booked_texts, delivered, record
from tests.integration.tls_centre import HOST, TlsCentre, Workshop, tls_centre

EDGE, OTHER = "edge-330106-01", "edge-330106-02"
DAY = timedelta(days=1)


@pytest.fixture
async def centre(tmp_path: Path) -> AsyncIterator[TlsCentre]:
    async with tls_centre(tmp_path / "centre") as running:
        yield running


@pytest.fixture
def box(tmp_path: Path) -> IdentityFolder:
    (tmp_path / "box").mkdir()
    return IdentityFolder(tmp_path / "box/identity")


async def enrolled(centre: TlsCentre, box: IdentityFolder) -> Identity:
    invitation = await centre.office.invite(EDGE, "site-1", valid_hours=48, actor="test")
    return await asyncio.to_thread(enrol, box, EDGE, invitation)


@contextlib.asynccontextmanager
async def running_edge(box: IdentityFolder) -> AsyncIterator[tuple[Outbox, UplinkRunner, RenewalRunner]]:
    """The uplink of an enrolled box, and its renewal, which is not started."""
    clock, folder = SystemClock(trusted=True), box.path.parent
    line = broker_line(EDGE, box, None)
    assert line.tls is not None
    assert line.identity is not None
    outbox = await Outbox.open(folder, EDGE, clock)
    uplink = UplinkRunner(EDGE, outbox, clock, BrokerAddress(line.host, line.port, line.tls), "test", QUICK)
    renewal = RenewalRunner(box, line.identity, line.tls, clock, uplink.link.reconnect)
    task = asyncio.create_task(uplink.run())
    try:
        yield outbox, uplink, renewal
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await outbox.close()


@contextlib.asynccontextmanager
async def linked(port: int, files: TlsFiles, name: str = EDGE, **more: Any) -> AsyncIterator[MqttLink]:
    link = MqttLink(HOST, port, name, tls=client_context(files), **more)
    task = asyncio.create_task(link.run())
    try:
        yield link
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def outcome_of(port: int, files: TlsFiles) -> str:
    """ "connected", or why not."""
    problem: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with linked(port, files, on_problem=lambda why: problem.done() or problem.set_result(why)) as link:
        connected = asyncio.create_task(link.connected.wait())
        await asyncio.wait({connected, problem}, return_when=asyncio.FIRST_COMPLETED)
        connected.cancel()
        return problem.result() if problem.done() else "connected"


# Enrolment ------------------------------------------------------------------------------------------------------


async def test_a_box_enrols_with_a_code_and_its_work_reaches_the_book(centre: TlsCentre, box: IdentityFolder) -> None:
    identity = await enrolled(centre, box)
    assert (identity.edge_id, identity.broker_port) == (EDGE, centre.broker.port)
    assert box.file.stat().st_mode & 0o777 == 0o600
    assert list(box.path.iterdir()) == [box.file]
    async with running_edge(box) as (outbox, _, _):
        await record(outbox, "one", "two")
        await delivered(outbox)
    assert [entry.outcome for entry in await centre.audited()] == ["done", "done"]


async def test_a_code_is_good_once_for_its_edge_and_for_its_time(centre: TlsCentre, box: IdentityFolder) -> None:
    invitation = await centre.office.invite(EDGE, "site-1", valid_hours=48, actor="test")
    with pytest.raises(RefusedError, match="no such code"):
        await asyncio.to_thread(enrol, box, OTHER, invitation)
    centre.clock.moved = 2 * DAY
    with pytest.raises(RefusedError, match="has expired"):
        await asyncio.to_thread(enrol, box, EDGE, invitation)
    centre.clock.moved = timedelta()
    await asyncio.to_thread(enrol, box, EDGE, invitation)
    with pytest.raises(RefusedError, match="was used"):
        await asyncio.to_thread(enrol, box, EDGE, invitation)
    outcomes = [entry.outcome for entry in await centre.audited()]
    assert outcomes == ["done", "code_unknown", "code_expired", "done", "code_used"]


async def test_a_lost_answer_is_asked_for_again_with_the_same_code(centre: TlsCentre, box: IdentityFolder) -> None:
    invitation = await centre.office.invite(EDGE, "site-1", valid_hours=48, actor="test")
    box.make()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(IdentityFolder, "adopt", lambda *_: (_ for _ in ()).throw(RetryableError("power cut")))
        with pytest.raises(RetryableError, match="power cut"):
            await asyncio.to_thread(enrol, box, EDGE, invitation)
    await asyncio.to_thread(enrol, box, EDGE, invitation)
    async with running_edge(box) as (_, uplink, _):
        await uplink.link.connected.wait()


async def test_a_box_says_nothing_to_a_server_that_its_code_does_not_name(
    centre: TlsCentre, box: IdentityFolder
) -> None:
    invitation = await centre.office.invite(EDGE, "site-1", valid_hours=48, actor="test")
    stranger = dataclasses.replace(invitation, ca_fingerprint="A" * 32)
    with pytest.raises(RefusedError, match="is not the centre that gave out this code"):
        await asyncio.to_thread(enrol, box, EDGE, stranger)
    assert [entry.action for entry in await centre.audited()] == ["edge.invite"]


async def test_who_guesses_codes_is_stopped_after_a_few(centre: TlsCentre, box: IdentityFolder) -> None:
    invitation = await centre.office.invite(EDGE, "site-1", valid_hours=48, actor="test")
    guess = dataclasses.replace(invitation, code="A" * 16)
    for _ in range(TRIES_MAX):
        with pytest.raises(RefusedError, match="no such code"):
            await asyncio.to_thread(enrol, box, EDGE, guess)
    with pytest.raises(RetryableError, match="too many tries"):
        await asyncio.to_thread(enrol, box, EDGE, guess)


# The broker's door ----------------------------------------------------------------------------------------------


async def test_only_a_valid_certificate_of_our_authority_opens_the_broker(centre: TlsCentre, tmp_path: Path) -> None:
    ours, port = centre.workshop, centre.broker.port
    stranger = Workshop(tmp_path / "stranger").make(EDGE)
    refused = {
        "another authority's": stranger.model_copy(update={"ca_file": ours.make(EDGE).ca_file}),
        "expired": ours.make(EDGE, begins=-2 * DAY, ends=-DAY),
        "not yet valid": ours.make(EDGE, begins=DAY, ends=2 * DAY),
        "for servers only": ours.make(EDGE, Profile.SERVER, names=(HOST,)),
    }
    for which, files in refused.items():
        assert "does it believe our certificate?" in await outcome_of(port, files), which
    assert await outcome_of(port, ours.make(EDGE)) == "connected"
    assert (centre.broker.folder / "mosquitto.log").read_text().count("certificate") >= len(refused)


async def test_an_edge_refuses_a_broker_of_another_name_or_authority(centre: TlsCentre, tmp_path: Path) -> None:
    ours = centre.workshop
    elsewhere = ours.make("elsewhere", Profile.SERVER, names=("elsewhere.example",))
    tls = BrokerTls(elsewhere.ca_file, elsewhere.certificate_file, elsewhere.key_file)
    with private_broker(tmp_path / "elsewhere", tls=tls) as broker:
        assert "mismatch" in await outcome_of(broker.port, ours.make(EDGE))
    stranger = Workshop(tmp_path / "stranger").make(EDGE)
    assert "self-signed certificate" in await outcome_of(centre.broker.port, stranger)


async def test_a_revoked_edge_loses_its_session_and_does_not_come_back(centre: TlsCentre, box: IdentityFolder) -> None:
    await enrolled(centre, box)
    async with running_edge(box) as (outbox, uplink, _):
        await record(outbox, "before")
        await delivered(outbox)
        revoked = await centre.office.revoke(subject=EDGE, reason="stolen", actor="test")
        assert [one.subject for one in revoked] == [EDGE]
        centre.broker.reload()
        now = utc(centre.clock.now_ms())
        await end_session((HOST, centre.broker.port), EDGE, centre.workshop.authority, now)
        while "does it believe our certificate?" not in uplink.link.last_problem:
            await asyncio.sleep(0.02)
        await record(outbox, "after")
    assert await _retained_state(centre) == EdgeState(edge_id=EDGE, online=False)
    assert booked_texts(centre.office.crl_file.parent) == ["before"]
    with pytest.raises(RefusedError, match="is revoked"):
        await asyncio.to_thread(renew, box, box.read())


async def _retained_state(centre: TlsCentre) -> EdgeState:
    heard: asyncio.Queue[Inbound] = asyncio.Queue()
    files = centre.workshop.make("collector.1", Profile.COLLECTOR)
    watching: dict[str, Any] = {"subscriptions": [(topics.state(EDGE), 1)], "on_message": heard.put_nowait}
    async with linked(centre.broker.port, files, "watcher", **watching):
        return decode(EdgeState, (await heard.get()).body)


# What an edge may say and hear ----------------------------------------------------------------------------------


async def test_an_edge_can_neither_write_nor_read_in_the_name_of_another(centre: TlsCentre) -> None:
    heard: list[Inbound] = []
    await centre.ingest.link.connected.wait()
    subscriptions = [(topics.down_filter(OTHER), 1), (topics.down_filter(EDGE), 1), ("onebook/v1/#", 1)]
    async with linked(
        centre.broker.port, centre.workshop.make(EDGE), subscriptions=subscriptions, on_message=heard.append
    ) as link:
        await link.connected.wait()
        for topic in (
            topics.upload(OTHER, Stream.JOURNAL),
            topics.state(OTHER),
            topics.ack(EDGE),
            topics.reference("x"),
        ):
            with pytest.raises(RefusedByBrokerError, match="Not authorized"):
                await link.publish(topic, b"forged")
        for edge_id in (OTHER, EDGE):
            await centre.ingest.link.publish(topics.ack(edge_id), edge_id.encode())
        while not heard:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)
    assert {message.body for message in heard} == {EDGE.encode()}
    assert not centre.ingest.counters.messages


async def test_an_upload_that_names_another_edge_is_rejected(centre: TlsCentre) -> None:
    header = UploadHeader(
        edge_id=OTHER, epoch="0" * 16, stream=Stream.TELEMETRY, first_sequence=1, last_sequence=0, waiting=0
    )
    async with linked(centre.broker.port, centre.workshop.make(EDGE)) as link:
        await link.connected.wait()
        while not centre.ingest.counters.rejections:  # The collector may not have subscribed yet.
            await link.publish(topics.upload(EDGE, Stream.TELEMETRY), encode_upload(Upload(header, ())))
            await asyncio.sleep(0.1)
    assert "the body to another edge" in centre.ingest.counters.rejections[0].reason


async def test_nobody_ends_the_session_of_another_by_using_its_client_id(
    centre: TlsCentre, box: IdentityFolder
) -> None:
    await enrolled(centre, box)
    async with running_edge(box) as (outbox, uplink, _):
        await uplink.link.connected.wait()
        lost = asyncio.create_task(_lost(uplink.link))
        async with linked(centre.broker.port, centre.workshop.make(OTHER), EDGE) as thief:
            await thief.connected.wait()
            await record(outbox, "still here")
            await delivered(outbox)
        assert not lost.done()
        lost.cancel()


async def _lost(link: MqttLink) -> None:
    while link.connected.is_set():
        await asyncio.sleep(0)


# Renewal --------------------------------------------------------------------------------------------------------


async def test_a_certificate_is_renewed_before_its_end_and_the_line_is_made_anew(
    centre: TlsCentre, box: IdentityFolder
) -> None:
    centre.clock.moved = -70 * DAY
    first = await enrolled(centre, box)
    centre.clock.moved = timedelta()
    async with running_edge(box) as (outbox, uplink, renewal):
        await uplink.link.connected.wait()
        task = asyncio.create_task(renewal.run())
        while uplink.link.last_problem == "not connected yet":
            await asyncio.sleep(0.02)
        await record(outbox, "with the new one")
        await delivered(outbox)
        task.cancel()
    second = box.read()
    assert second is not None
    assert second.not_after_ms - first.not_after_ms >= 69 * 86_400_000
    assert second.serial != first.serial
    assert [entry.action for entry in await centre.audited()] == ["edge.invite", "edge.enrol", "edge.renew"]


async def test_a_certificate_that_ends_in_the_middle_of_a_run_is_renewed_and_nothing_is_lost(
    centre: TlsCentre, box: IdentityFolder, caplog: pytest.LogCaptureFixture
) -> None:
    centre.clock.moved = -90 * DAY + timedelta(seconds=3)
    ends_ms = (await enrolled(centre, box)).not_after_ms
    centre.clock.moved = timedelta()
    async with running_edge(box) as (outbox, uplink, renewal):
        await record(outbox, "valid")
        await delivered(outbox)
        while SystemClock().now().wall_ms < ends_ms + 1_000:
            await asyncio.sleep(0.1)
        with caplog.at_level(logging.WARNING):
            uplink.link.reconnect("test")
            while "does it believe our certificate?" not in uplink.link.last_problem:
                await asyncio.sleep(0.02)
            await record(outbox, "while nobody lets us in")
        task = asyncio.create_task(renewal.run())
        await delivered(outbox)
        task.cancel()
    assert "broker_unreachable" in caplog.text
    assert booked_texts(centre.office.crl_file.parent) == ["valid", "while nobody lets us in"]


async def test_a_box_that_was_away_for_too_long_enrols_again(centre: TlsCentre, box: IdentityFolder) -> None:
    identity = await enrolled(centre, box)
    centre.clock.moved = (90 + 365) * DAY
    with pytest.raises(RefusedError, match="enrol again"):
        await asyncio.to_thread(renew, box, identity)


async def test_a_copied_certificate_cannot_be_renewed_beside_the_real_one(
    centre: TlsCentre, box: IdentityFolder, tmp_path: Path
) -> None:
    identity = await enrolled(centre, box)
    copy = IdentityFolder(tmp_path / "copy/identity")
    copy.path.parent.mkdir()
    copy.make()
    copy.file.write_bytes(box.file.read_bytes())
    await asyncio.to_thread(renew, box, identity)
    with pytest.raises(RefusedError, match="two boxes of this name"):
        await asyncio.to_thread(renew, copy, identity)
    assert (await centre.audited())[-1].outcome == "certificate_superseded"


async def test_a_renewal_that_the_present_key_has_not_signed_is_refused(centre: TlsCentre, box: IdentityFolder) -> None:
    identity = await enrolled(centre, box)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("onebook_edge.identity.enrolment.sign", lambda _file, text: _signed_by_another(box, text))
        with pytest.raises(RefusedError, match="not signed by the key"):
            await asyncio.to_thread(renew, box, identity)


def _signed_by_another(box: IdentityFolder, text: str) -> str:
    from onebook_edge.identity.openssl import make_key, sign

    other = box.path / "another.key"
    make_key(other)
    return sign(other, text)


# Without TLS ----------------------------------------------------------------------------------------------------


def test_a_line_that_leaves_the_machine_is_encrypted_or_is_not_made(box: IdentityFolder) -> None:
    assert broker_line(EDGE, box, BrokerSettings(host="127.0.0.1")).tls is None
    for settings in (None, BrokerSettings(host="192.0.2.1"), BrokerSettings(host="centre.example")):
        with pytest.raises(ConfigurationError, match="onebook edge enroll"):
            broker_line(EDGE, box, settings)


async def test_an_enrolled_box_speaks_tls_wherever_it_is_told_to_go(centre: TlsCentre, box: IdentityFolder) -> None:
    await enrolled(centre, box)
    assert broker_line(EDGE, box, BrokerSettings(host="127.0.0.1", port=1883)).tls is not None
