"""Gathers what the judges judge: files of the system, the data folder, the ports, the way to the centre. Changes nothing."""

from __future__ import annotations

import asyncio
import contextlib
import grp
import os
import shutil
import socket
import sqlite3
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from onebook_edge.clock import SystemClock
from onebook_edge.doctor.judges import (
    CertificateFacts,
    ClockFacts,
    DiskFacts,
    PortFacts,
    StreamFacts,
    UplinkFacts,
)
from onebook_edge.identity.broker_line import BrokerLine
from onebook_edge.settings import EdgeSettings
from onebook_schemas import topics
from onebook_schemas.chain import HashAlgorithm
from onebook_schemas.encoding import UndecodableError, decode, encode_upload
from onebook_schemas.mqtt_link import Inbound, LostError, MqttLink, RefusedByBrokerError
from onebook_schemas.uplink import Ack, Stream, Upload, UploadHeader

ANSWER_S = 6.0
EARLIER_S = 0.5
_WEAR = "/sys/block/mmcblk0/device/life_time"


def holders_of(path: Path) -> tuple[str, ...]:
    """Other programs that have this file open, as "name (pid)"; only those that this user may see."""
    wanted, found = os.path.realpath(path), []
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        with contextlib.suppress(OSError):  # It has ended, or belongs to somebody else.
            if any(os.path.realpath(link) == wanted for link in (process / "fd").iterdir()):
                found.append(f"{(process / 'comm').read_text().strip()} ({process.name})")
    return tuple(found)


def port_facts(device: str, port: str, agent: tuple[str, ...]) -> PortFacts:
    """`agent`: the programs that hold the outbox."""
    if not os.path.exists(port):
        return PortFacts(device, port, exists=False)
    holders = holders_of(Path(port))
    group_id = os.stat(port).st_gid
    try:
        group = grp.getgrgid(group_id).gr_name
    except KeyError:
        group = str(group_id)
    may_open = os.access(port, os.R_OK | os.W_OK)
    return PortFacts(device, port, True, may_open, group, holders, bool(set(holders) & set(agent)))


def clock_facts(settings: EdgeSettings) -> ClockFacts:
    clock = SystemClock(trusted=settings.clock.source == "trusted")
    newest = 0
    with contextlib.suppress(sqlite3.Error):
        newest = _ask(settings.data_folder / "journal.db", "SELECT coalesce(max(wall_ms), 0) FROM event")[0]
    return ClockFacts(clock.now().wall_ms, clock.synchronised(), newest, time.localtime().tm_gmtoff // 60)


def disk_facts(settings: EdgeSettings) -> DiskFacts:
    folder, budget = settings.data_folder, settings.outbox.budget
    if not folder.is_dir():
        return DiskFacts(str(folder), exists=False)
    disk = os.statvfs(folder)
    return DiskFacts(
        str(folder),
        True,
        bool(disk.f_flag & os.ST_RDONLY),
        shutil.disk_usage(folder).free,
        sum(file.stat().st_size for file in folder.iterdir() if file.is_file()),
        budget.journal_bytes + budget.telemetry_bytes,
        budget.free_bytes_min,
        _wear_percent(Path(_WEAR)),
    )


def _wear_percent(path: Path) -> int | None:
    """eMMC says in tenths how much of its life is used: "0x03 0x01" (JEDEC 84-B51, EXT_CSD 268 and 269)."""
    if not path.exists():
        return None
    return max(int(word, 16) for word in path.read_text(encoding="ascii").split()) * 10


def stream_facts(settings: EdgeSettings) -> Iterator[StreamFacts]:
    for stream in Stream:
        path = settings.data_folder / f"{stream}.db"
        if path.exists():
            try:
                query = "SELECT (SELECT coalesce(max(through), 0) FROM event), (SELECT delivered_through FROM position)"
                last, delivered = _ask(path, query)
                _ask(path, "SELECT count(*), sum(length(body)) FROM event")  # Reads every page.
                yield StreamFacts(stream, max(last - delivered, 0))
            except sqlite3.Error as error:
                yield StreamFacts(stream, problem=str(error))


def _ask(path: Path, query: str) -> tuple[int, ...]:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as database:
        row: tuple[int, ...] = database.execute(query).fetchone()
        return row


def available_bytes() -> int:
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))


def certificate_facts(settings: EdgeSettings) -> Iterator[CertificateFacts]:
    """Every file that the broker's settings name, whatever it is called there, and what enrolment has written."""
    identity = settings.identity_folder.file
    if identity.exists():
        mode = identity.stat().st_mode & 0o777
        said = settings.identity_folder.read()
        expires_ms = said.not_after_ms if said is not None else None
        yield CertificateFacts("identity", str(identity), "", expires_ms, is_private_key=True, mode=mode)
    for key, value in _files(settings.broker) if settings.broker is not None else ():
        try:
            text = value.read_text(encoding="ascii", errors="replace")
            mode = value.stat().st_mode & 0o777
            expires_ms = _expires_ms(value) if "BEGIN CERTIFICATE" in text else None
            yield CertificateFacts(f"broker.{key}", str(value), "", expires_ms, "PRIVATE KEY" in text, mode)
        except OSError as error:  # Includes ssl.SSLError: no certificate.
            yield CertificateFacts(f"broker.{key}", str(value), error.strerror or str(error))


def _files(model: BaseModel) -> Iterator[tuple[str, Path]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, Path):
            yield name, value
        elif isinstance(value, BaseModel):
            yield from _files(value)


def _expires_ms(path: Path) -> int:
    # The standard library reads a certificate from a file only here; a library for it would cost the box 10 MiB.
    decoded = ssl._ssl._test_decode_cert(str(path))  # type: ignore[attr-defined]
    return ssl.cert_time_to_seconds(decoded["notAfter"]) * 1000


async def uplink_facts(settings: EdgeSettings, line: BrokerLine, *, agent_runs: bool) -> UplinkFacts:
    """Go the way to the centre step by step. While the agent runs its connection is left alone, and its progress looked at."""
    host, port = line.host, line.port
    where = f"{host}:{port}"
    try:
        address = (await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM))[0][4][0]
    except OSError as error:
        return UplinkFacts(where, name_problem=error.strerror or str(error))
    try:
        async with asyncio.timeout(ANSWER_S):
            _, writer = await asyncio.open_connection(str(address), port)
        writer.close()
    except OSError as error:  # Includes the time-out.
        return UplinkFacts(where, name_problem="", tcp_problem=str(error) or "time-out")
    if agent_runs:
        return UplinkFacts(where, "", "", agent_delivers=await _agent_delivers(settings))
    return await _probe_centre(settings, line, where)


async def _agent_delivers(settings: EdgeSettings) -> bool:
    """Whether everything that waits now is delivered, or at least something of it, within a few seconds."""
    before = {one.stream: one.waiting for one in stream_facts(settings)}
    end = time.monotonic() + ANSWER_S
    while time.monotonic() < end:
        now = {one.stream: one.waiting for one in stream_facts(settings)}
        if all(now[stream] == 0 or now[stream] < waiting for stream, waiting in before.items()):
            return True
        await asyncio.sleep(0.5)
    return False


async def _probe_centre(settings: EdgeSettings, line: BrokerLine, where: str) -> UplinkFacts:
    """Connect as this edge and send an empty upload, as an idle agent does; the collector answers it."""
    edge_id, heard, up = settings.edge_id, asyncio.Event(), asyncio.Event()

    def hear(message: Inbound) -> None:
        link.acknowledge(message)
        with contextlib.suppress(UndecodableError):
            decode(Ack, message.body)
            heard.set()

    link = MqttLink(
        line.host,
        line.port,
        edge_id,
        tls=line.tls,
        subscriptions=[(topics.ack(edge_id), 1)],
        on_connected=up.set,
        on_message=hear,
    )
    task = asyncio.create_task(link.run())
    problem = ""
    try:
        async with asyncio.timeout(ANSWER_S):
            await up.wait()
            if (probe := _probe(settings)) is None:
                return UplinkFacts(where, "", "", "")
            await asyncio.sleep(EARLIER_S)
            heard.clear()  # What the broker had kept for this edge answers an earlier question.
            await link.publish(topics.upload(edge_id, Stream.JOURNAL), probe)
            await heard.wait()
    except TimeoutError:
        problem = "" if up.is_set() else link.last_problem
    except (LostError, RefusedByBrokerError) as error:
        problem = str(error)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return UplinkFacts(where, "", "", problem, heard.is_set())


def _probe(settings: EdgeSettings) -> bytes | None:
    """The journal's empty upload; None when there is no journal yet, so that no new epoch is made up."""
    path = settings.data_folder / "journal.db"
    if not path.exists():
        return None
    query = "SELECT epoch, hash_algorithm, through, hex(chain_hash) FROM identity, event ORDER BY sequence DESC LIMIT 1"
    try:
        epoch, algorithm, last, head = (str(word) for word in _ask(path, query))
    except (sqlite3.Error, TypeError):
        return None  # Damaged, of another version, or empty: the check of the outbox says so.
    header = UploadHeader(
        edge_id=settings.edge_id,
        epoch=epoch,
        stream=Stream.JOURNAL,
        first_sequence=int(last) + 1,
        last_sequence=int(last),
        waiting=0,
        chain_before=head.lower(),
        chain_after=head.lower(),
        hash_algorithm=HashAlgorithm(algorithm),
    )
    return encode_upload(Upload(header))
