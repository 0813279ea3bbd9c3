"""`onebook edge`: run the agent, check its configuration, watch a device, look into the outbox."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import faulthandler
import io
import json
import signal
import sqlite3
import sys
import time
import urllib.parse
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from onebook_edge.care.configuration import Configuration
from onebook_edge.catalog import DRIVERS
from onebook_edge.clock import SystemClock
from onebook_edge.device import CodeScanned, Faulted, Measured, Observed, Reading, TagRead, Weighed
from onebook_edge.errors import ConfigurationError, EdgeError, RefusedError
from onebook_edge.folder_lock import alone_in
from onebook_edge.identity.broker_line import broker_line
from onebook_edge.identity.enrolment import enrol
from onebook_edge.links.device_status import DeviceState
from onebook_edge.links.serial_ports import list_serial_ports
from onebook_edge.logs import configure_logging
from onebook_edge.outbox.outbox import Outbox
from onebook_edge.outbox.sqlite_store import plain_body
from onebook_edge.settings import EdgeSettings, load_settings
from onebook_edge.wiring import Agent, build_bus, build_device
from onebook_edge.witness import export_of, held_in
from onebook_schemas.enrolment import Invitation, parse_invitation
from onebook_schemas.uplink import Stream

DEFAULT_CONFIGURATION = Path("/etc/onebook/edge.toml")


def main(arguments: Sequence[str]) -> int:
    """Exit codes: 0 done, 1 it failed, 2 the configuration or the call is wrong."""
    asked = _parser().parse_args(arguments)
    try:
        return int(asked.run(asked) or 0)
    except ConfigurationError as error:
        for problem in error.problems:
            print(f"✗ {problem}", file=sys.stderr)
        return 2
    except EdgeError as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="onebook edge", description="仓库端采集程序 / the agent in a warehouse")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    for name, run, text in (
        ("run", _run, "运行 / run the agent until stopped"),
        ("check-config", _check_config, "检查配置 / check the configuration: all problems at once, each with its fix"),
        ("watch-device", _watch_device, "查看设备读数 / live readings of one device"),
        ("enroll", _enroll, "登记 / get this box its certificate from the centre, with a one-time code"),
        ("show-outbox", _show_outbox, "查看待上传 / what waits in the outbox"),
        (
            "new-epoch",
            _new_epoch,
            "换新纪元 / after a fork that this box lost: send what it recorded under new numbers",
        ),
        (
            "checkpoints",
            _checkpoints,
            "查看留存的检查点 / signed checkpoints of the book that this site holds as a witness",
        ),
        ("doctor", _doctor, "查找故障 / find what is wrong, and say what to do"),
    ):
        added = command(name, run, text)
        added.add_argument("--config", type=Path, default=DEFAULT_CONFIGURATION, help="TOML file")
        if name == "watch-device":
            added.add_argument("device", help="设备名 / name of the device in the configuration")
        if name == "checkpoints":
            added.add_argument(
                "--export", type=Path, metavar="FILE", help="交审计方 / write them to a file for the auditor"
            )
        if name == "enroll":
            source = added.add_mutually_exclusive_group(required=True)
            source.add_argument("--code", metavar="OBE-...", help="登记码 / the code as the centre printed it")
            source.add_argument(
                "--scan", metavar="DEVICE", help="用本机扫码枪 / read it with this scanner of the configuration"
            )
            added.add_argument(
                "--centre", metavar="https://HOST:PORT", help="中心地址 / another address than in the code"
            )
        if name == "show-outbox":
            added.add_argument("--events", type=int, default=0, metavar="N", help="print the newest N events too")
        if name == "doctor":
            added.add_argument(
                "--scan-bus", default="", metavar="LINE", help="查线上所有地址 / ask every unit of a line"
            )
            added.add_argument("--scan-seconds", type=float, default=60.0, help="at most so long (default: 60)")
            added.add_argument(
                "--support-bundle", type=Path, metavar="FILE", help="诊断包,不含密钥 / archive for support"
            )
    command("list-ports", _list_ports, "列出串口 / serial ports of this machine")
    command("list-drivers", _list_drivers, "列出驱动 / drivers that there are")
    return parser


def _run(asked: argparse.Namespace) -> int:
    faulthandler.enable()  # When the service manager ends a hanging agent (SIGABRT), the log says where it hung.
    return _until_stopped(_run_agent(asked.config))


async def _run_agent(path: Path) -> None:
    """One life after the other: each begins with what the configuration is then."""
    with alone_in(load_settings(path).data_folder):
        while True:
            configuration = Configuration.read(path)
            configure_logging(configuration.settings.log_level)
            agent = await Agent.open(configuration)
            _give_back_memory()
            await agent.run()


def _give_back_memory() -> None:
    """What building the models took and nobody uses any more: 3 MiB that the C library would keep. Only glibc has the call."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _check_config(asked: argparse.Namespace) -> int:
    settings = load_settings(asked.config)
    used = settings.capture.devices
    for device in settings.device_ids:
        role = used[device].role if device in used else "climate (default)"
        print(f"✓ {device}: {role}")
    line = broker_line(settings.edge_id, settings.identity_folder, settings.broker)
    print(f"✓ broker {line.host}:{line.port} {'TLS' if line.tls else '明文，仅限本机 / plain text, this machine only'}")
    print(f"✓ {asked.config}: 配置正确 / the configuration is right ({settings.edge_id})")
    return 0


def _enroll(asked: argparse.Namespace) -> int:
    settings = load_settings(asked.config)
    configure_logging("WARNING")
    text = asked.code if asked.scan is None else asyncio.run(_scanned_invitation(settings, asked.scan))
    invitation = parse_invitation(text)
    if invitation is None:
        raise ConfigurationError(
            ["--code: 不是登记码 / not an enrolment code. It begins with OBE- and must be complete."]
        )
    if asked.centre:
        invitation = _at(invitation, asked.centre)
    identity = enrol(settings.identity_folder, settings.edge_id, invitation)
    until = time.strftime("%Y-%m-%d", time.gmtime(identity.not_after_ms / 1000))
    print(f"✓ {identity.edge_id}: 已登记，有效至 {until}，自动续期 / enrolled until {until}, renews by itself")
    print(f"  broker {identity.broker_host}:{identity.broker_port} (TLS)   {settings.identity_folder.file}")
    return 0


def _at(invitation: Invitation, address: str) -> Invitation:
    parts = urllib.parse.urlsplit(address)
    if parts.scheme != "https" or parts.hostname is None:
        raise ConfigurationError([f"--centre {address}: 例如 / for example https://centre.example:8443"])
    return replace(invitation, host=parts.hostname, port=parts.port or 443)


async def _scanned_invitation(settings: EdgeSettings, device_id: str) -> str:
    """The first enrolment code that this scanner reads."""
    found: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def hear(output: Observed | Faulted | DeviceState) -> None:
        match output:
            case Observed(CodeScanned(text=text)) if not found.done():
                code = text[max(text.find("OBE-"), 0) :]  # What stands before it says which symbology it was.
                if parse_invitation(code):
                    found.set_result(code)
                else:
                    print(f"! 不是登记码 / not an enrolment code: {text[:40]!r}", flush=True)
            case DeviceState(_, state, reason) if reason:
                print(f"-- {state}: {reason.zh} / {reason.en}", flush=True)

    device = next((one for one in settings.devices if one.id == device_id), None)
    if device is None:
        raise ConfigurationError(
            [f"--scan {device_id}: 没有设备 / no such device; there are: {', '.join(settings.device_ids)}"]
        )
    print(f"请用 {device_id} 扫描登记码 / scan the code with {device_id} ...", flush=True)
    reading = asyncio.create_task(build_device(device, hear, SystemClock(trusted=True)).run())
    try:
        return await found
    finally:
        reading.cancel()


def _watch_device(asked: argparse.Namespace) -> int:
    settings = load_settings(asked.config)
    configure_logging("WARNING")
    clock = SystemClock(trusted=True)
    for device in settings.devices:
        if device.id == asked.device:
            return _until_stopped(build_device(device, _print_output, clock).run())
    for bus in settings.buses:
        if any(one.id == asked.device for one in bus.devices):
            alone = bus.model_copy(update={"devices": tuple(one for one in bus.devices if one.id == asked.device)})
            return _until_stopped(build_bus(alone, _print_output, clock).run())
    known = ", ".join(settings.device_ids) or "-"
    raise ConfigurationError([f"没有设备 {asked.device!r} / no such device; there are: {known}"])


def _print_output(output: Observed | Faulted | DeviceState) -> None:
    match output:
        case Observed(reading):
            print(_in_words(reading), flush=True)
        case Faulted(reason, detail):
            print(f"!  {reason} {detail}", flush=True)
        case DeviceState(_, state, reason):
            print(f"-- {state}" + (f": {reason.zh} / {reason.en}" if reason else ""), flush=True)


def _in_words(reading: Reading) -> str:
    match reading:
        case Measured():
            return f"   {reading.quantity} {reading.value} {reading.unit} [{reading.quality}]"
        case Weighed():
            return (
                f"   {reading.value} {reading.unit or ''} stable={reading.stable} net={reading.net} [{reading.quality}]"
            )
        case CodeScanned():
            return f"   {reading.text!r}"
        case TagRead():
            return f"   {reading.epc} {reading.rssi_dbm} dBm"
        case _:
            return f"   {reading}"


def _show_outbox(asked: argparse.Namespace) -> int:
    settings = load_settings(asked.config)
    for stream in ("journal", "telemetry"):
        path = settings.data_folder / f"{stream}.db"
        if not path.exists():
            print(f"{stream:<10} 尚无数据 / nothing yet ({path})")
            continue
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            _print_stream(database, stream, path, asked.events)
    return 0


def _new_epoch(asked: argparse.Namespace) -> int:
    settings = load_settings(asked.config)
    if not (settings.data_folder / "journal.db").exists():
        raise RefusedError(
            f"{settings.data_folder}: 没有记录 / nothing was recorded here", "检查 / check data_folder, edge.toml"
        )
    configure_logging("ERROR")
    with alone_in(settings.data_folder):
        asyncio.run(_renew_epochs(settings))
    print("  账上已有的变动按编号认出，不会重复记账 / the book knows a movement by its id: none is booked twice")
    print("  现在启动 / start it now: systemctl start onebook-edge")
    return 0


async def _renew_epochs(settings: EdgeSettings) -> None:
    asked = settings.outbox
    outbox = await Outbox.open(settings.data_folder, settings.edge_id, SystemClock(), asked.budget, asked.chain_hash)
    try:
        for stream in Stream:
            old = outbox[stream].epoch
            await outbox.renew_epoch(stream)
            new = outbox[stream]
            print(
                f"✓ {stream}: {old} → {new.epoch}，待传 / waiting {new.usage.waiting}；旧文件 / kept {stream}-{old}.old.db"
            )
    finally:
        await outbox.close()


def _checkpoints(asked: argparse.Namespace) -> int:
    settings = load_settings(asked.config)
    export = export_of(settings.checkpoints_path, settings.edge_id)
    for one in held_in(settings.checkpoints_path):
        stated = one.stated()
        print(
            f"✓ {one.version}  {stated.feed_epoch}  第 {stated.ledger_seq} 笔 / entry {stated.ledger_seq}  {stated.head}"
        )
    for refused in export["refused"]:
        print(f"✗ {refused['document']['version']}  与留存的不符 / contradicts: {refused['reason']}")
    if not export["documents"]:
        print("尚无检查点 / no checkpoint yet")
    if asked.export:
        asked.export.write_text(json.dumps(export, ensure_ascii=False), encoding="utf-8")
        print(f"✓ {asked.export}: {len(export['documents'])}")
    return 1 if export["refused"] else 0


def _doctor(asked: argparse.Namespace) -> int:
    """Exit codes of the doctor: 0 all is fine, 1 something is odd, 2 something is broken."""
    from onebook_edge.doctor.bundle import write_bundle  # Only here: the agent need not load them at each start.
    from onebook_edge.doctor.examine import examine
    from onebook_edge.doctor.finding import exit_code

    findings = []
    for finding in examine(asked.config, scan_bus=asked.scan_bus, scan_seconds=asked.scan_seconds):
        print(finding, flush=True)
        findings.append(finding)
    if asked.support_bundle is not None:
        outbox = io.StringIO()
        with contextlib.redirect_stdout(outbox), contextlib.suppress(ConfigurationError, sqlite3.Error):
            asked.events = 0
            _show_outbox(asked)
        write_bundle(asked.support_bundle, asked.config, findings, outbox.getvalue())
        print(f"诊断包 / written: {asked.support_bundle}")
    return exit_code(findings)


def _print_stream(database: sqlite3.Connection, stream: str, path: Path, events: int) -> None:
    (epoch,) = database.execute("SELECT epoch FROM identity").fetchone()
    (delivered,) = database.execute("SELECT delivered_through FROM position").fetchone()
    last, kept = database.execute("SELECT coalesce(max(through), 0), count(*) FROM event").fetchone()
    print(
        f"{stream:<10} epoch {epoch}  last {last}  delivered {delivered}  waiting {last - delivered}  kept {kept}  {path}"
    )
    rows = database.execute("SELECT sequence, body FROM event ORDER BY sequence DESC LIMIT ?", (events,)).fetchall()
    for sequence, body in reversed(rows):
        fact = json.loads(plain_body(body))["fact"]
        print(f"  {sequence:>8} {fact.pop('type'):<22} {json.dumps(fact, ensure_ascii=False)[:160]}")


def _list_ports(_asked: argparse.Namespace) -> int:
    ports = list_serial_ports()
    for port in ports:
        access = "" if port.may_open else f"  无权限: 加入用户组 {port.group} / no right: join group {port.group}"
        print(f"{port.by_id or port.by_path or port.device}  ({port.device}, {port.product or '?'}){access}")
    if not ports:
        print("没有串口 / no serial ports")
    return 0


def _list_drivers(_asked: argparse.Namespace) -> int:
    for name, entry in DRIVERS.items():
        print(f"{name:<20} {entry.kind}")
    return 0


def _until_stopped(work: Coroutine[Any, Any, None]) -> int:
    """Run until SIGTERM or SIGINT; both are a proper end."""

    async def stoppable() -> None:
        task = asyncio.ensure_future(work)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(stoppable())
    return 0
