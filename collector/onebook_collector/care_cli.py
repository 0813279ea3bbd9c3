"""`onebook collector configure ...`, `command`: what the centre wants of an edge. A running centre sends it at once."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

from pydantic import ValidationError

from onebook_collector.administration.store import AdministrationStore
from onebook_collector.care import desk
from onebook_collector.clock import SystemClock, new_id, utc
from onebook_collector.errors import ConfigurationError
from onebook_collector.settings import CollectorSettings
from onebook_schemas.encoding import explain
from onebook_schemas.remote_care import Command, CommandAction


def add_commands(command: Callable[..., argparse.ArgumentParser]) -> None:
    configuring = command("configure", _configure, "远程配置 / the configuration that the centre wants of an edge")
    configuring.add_argument("edge", help="采集端 / edge_id")
    configuring.add_argument(
        "file", nargs="?", type=Path, help="TOML file; without it: what is wanted and what is held"
    )
    configuring.add_argument("--actor", help="who decides")
    configuring.add_argument("--reason", default="", help="why, for the audit log")
    commanding = command("command", _command, "远程命令 / make an edge do one thing, once")
    commanding.add_argument("edge", help="采集端 / edge_id")
    commanding.add_argument(
        "action", nargs="?", choices=[action.value for action in CommandAction], help="without it: the last ones"
    )
    commanding.add_argument("--device", help="of which device")
    commanding.add_argument("--actor", help="who decides")
    commanding.add_argument("--within-s", type=int, default=300, help="expires after so many seconds")


async def _configure(settings: CollectorSettings, asked: argparse.Namespace) -> int:
    async with aclosing(await AdministrationStore.open(settings.administration_path)) as administration:
        if asked.file is not None:
            actor, now_ms = _actor(asked), SystemClock().now_ms()
            toml = _toml(asked.file)
            version = await administration.write(
                lambda db: desk.want(db, asked.edge, toml, by=actor, reason=asked.reason, now_ms=now_ms)
            )
            print(f"✓ {asked.edge}: 版本 {version} 已下达 / version {version} is wanted; see what became of it:")
            print(f"  onebook collector configure {asked.edge}")
            return 0
        wanted = await administration.read(lambda db: desk.wanted_of(db, asked.edge))
        reported = await administration.read(lambda db: desk.reported_by(db, asked.edge))
    if wanted is not None:
        print(f"期望 / wanted: {wanted.version}  {_when(wanted.given_at_ms)}  {wanted.given_by}  {wanted.reason}")
    if reported is not None:
        print(f"采集端 / the edge says: {reported.version} {reported.outcome}  {_when(reported.heard_at_ms)}")
        for problem in reported.problems:
            print(f"  ✗ {problem}")
    if wanted is None and reported is None:
        print(f"{asked.edge}: 未下达配置 / nothing is wanted of it; it runs with its own file")
    return 0


async def _command(settings: CollectorSettings, asked: argparse.Namespace) -> int:
    async with aclosing(await AdministrationStore.open(settings.administration_path)) as administration:
        if asked.action is not None:
            given = _given(asked)
            await administration.write(lambda db: desk.give(db, given))
            print(
                f"✓ {given.command_id}: 已下达 / given; see what became of it: onebook collector command {asked.edge}"
            )
            return 0
        for one in await administration.read(lambda db: desk.commands_of(db, asked.edge)):
            outcome = one.outcome or (
                "过期未答 expired" if one.expires_at_ms < SystemClock().now_ms() else "待答 waiting"
            )
            print(f"{_when(one.issued_at_ms)}  {one.action} {one.device or ''}  {outcome}  {one.outcome_reason or ''}")
            if one.logs:
                print(one.logs)
    return 0


def _given(asked: argparse.Namespace) -> Command:
    now_ms = SystemClock().now_ms()
    try:
        return Command(
            edge_id=asked.edge,
            command_id=new_id(),
            action=asked.action,
            device=asked.device,
            issued_at_ms=now_ms,
            expires_at_ms=now_ms + asked.within_s * 1_000,
            issued_by=_actor(asked),
        )
    except ValidationError as error:
        raise ConfigurationError([f"{explain(error)}. 请更正 / correct it."]) from error


def _actor(asked: argparse.Namespace) -> str:
    if not asked.actor:
        raise ConfigurationError(["--actor: 缺少 / missing. Say who decides: --actor NAME"])
    return f"command line:{asked.actor}"


def _toml(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{path}: {error}. 需要 UTF-8 的 TOML / a TOML file in UTF-8 is needed."]) from error


def _when(at_ms: int) -> str:
    return f"{utc(at_ms):%Y-%m-%d %H:%M:%S} UTC"
