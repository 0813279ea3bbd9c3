"""`onebook collector people`, `tokens` and `audit`: the doors' keys, for whoever has a shell on the centre's machine."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import json
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from onebook_collector.administration.audit import AuditEntry, audit_entries, write_audit
from onebook_collector.administration.credentials import hash_password
from onebook_collector.administration.people import add_person, people, set_lock, set_password
from onebook_collector.administration.rights import Role, parse_rights
from onebook_collector.administration.store import AdministrationStore
from onebook_collector.administration.tokens import issue_token, revoke_token, tokens
from onebook_collector.clock import SystemClock, utc
from onebook_collector.errors import ConfigurationError
from onebook_collector.scope import Scope
from onebook_collector.settings import CollectorSettings

DAY_MS = 86_400_000
DAYS_MAX = 3_660


def add_commands(commands: Any, configured: argparse.ArgumentParser) -> None:
    """`commands`: what argparse.add_subparsers gave; `configured`: a parser that takes --config."""

    def group(name: str, text: str) -> Any:
        return commands.add_parser(name, help=text, description=text).add_subparsers(required=True, metavar="COMMAND")

    def command(group: Any, name: str, work: Any, text: str, *, named: bool = True) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = group.add_parser(name, help=text, description=text, parents=[configured])
        added.set_defaults(run=_carry_out, work=work)
        if named:
            added.add_argument("--name", required=True, help="姓名或名称 / name")
        return added

    of_people = group("people", "人员 / people who may sign in")
    adding = command(of_people, "add", _add_person, "新增 / add a person")
    adding.add_argument("--role", required=True, type=Role, choices=list(Role), help="角色 / role")
    _add_scope(adding)
    _add_password(adding)
    command(of_people, "list", _list_people, "列表 / list them", named=False)
    command(of_people, "lock", _lock, "锁定并退出 / may not sign in any more, and is signed out")
    command(of_people, "unlock", _unlock, "解锁 / may sign in again")
    _add_password(command(of_people, "reset-password", _reset_password, "重置口令 / give a new password"))
    of_tokens = group("tokens", "接口令牌 / tokens of programs")
    issuing = command(of_tokens, "issue", _issue, "签发，仅显示一次 / issue one; it is shown once")
    issuing.add_argument("--rights", nargs="+", default=["read:*"], help="权限 / such as read:balances; read:*: all")
    issuing.add_argument("--days", type=int, default=365, help="有效天数 / days until it expires")
    _add_scope(issuing)
    command(of_tokens, "list", _list_tokens, "列表 / list them", named=False)
    command(of_tokens, "revoke", _revoke, "吊销 / revoke one at once")
    audit = commands.add_parser("audit", help="审计日志 / the audit log, newest first", parents=[configured])
    audit.add_argument("--limit", type=int, default=50, help="条数 / how many")
    audit.set_defaults(run=_carry_out, work=_list_audit)


async def _carry_out(settings: CollectorSettings, asked: argparse.Namespace) -> int:
    """Do what was asked in one transaction, and print what it says."""
    settings.administration_path.parent.mkdir(parents=True, exist_ok=True)
    now_ms = SystemClock().now_ms()
    async with contextlib.aclosing(await AdministrationStore.open(settings.administration_path)) as store:
        lines: list[str] = await store.write(lambda connection: asked.work(connection, asked, now_ms))
    for line in lines:
        print(line)
    return 0


def _add_scope(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--division", required=True, help="区划代码前缀 / 33 the province, 3301 a city, 330106 a county"
    )
    parser.add_argument("--site", help="只看一个仓库 / only this one warehouse of the division, by its site_id")
    parser.add_argument("--department", help="只看其所有或代储的物资 / only goods that this unit owns or keeps")
    parser.add_argument("--categories", nargs="+", help="物资大类 / only these categories, such as life_support")
    parser.add_argument("--modes", nargs="+", help="储备方式 / only these reserve modes, such as government_reserve")


def _scope(asked: argparse.Namespace) -> Scope:
    categories, modes = (frozenset(names) if names else None for names in (asked.categories, asked.modes))
    return Scope(asked.division, asked.department, categories, modes, asked.site)


def _add_password(parser: argparse.ArgumentParser) -> None:
    text = "口令文件；缺省则询问 / file with the password; without it one is asked for. Never an argument: others see those"
    parser.add_argument("--password-file", type=Path, help=text)


def _password_hash(asked: argparse.Namespace) -> str:
    if asked.password_file is not None:
        try:
            return hash_password(asked.password_file.read_text(encoding="utf-8").rstrip("\r\n"), asked.name)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError([f"{asked.password_file}: {error}"]) from error
    if not sys.stdin.isatty():
        raise ConfigurationError(["--password-file: 缺少 / missing; without a terminal nobody can be asked"])
    password = getpass.getpass("口令 / password: ")
    if getpass.getpass("再输一遍 / again: ") != password:
        raise ConfigurationError(["两次不一致 / the two differ"])
    return hash_password(password, asked.name)


def _note(connection: Connection, action: str, asked: argparse.Namespace, now_ms: int, **detail: Any) -> None:
    write_audit(connection, AuditEntry(f"command line:{getpass.getuser()}", action, asked.name, detail=detail), now_ms)


def _add_person(connection: Connection, asked: argparse.Namespace, now_ms: int) -> list[str]:
    add_person(connection, asked.name, asked.role, _scope(asked), _password_hash(asked), now_ms)
    _note(connection, "people.add", asked, now_ms, role=asked.role.value, division=asked.division)
    return [f"✓ {asked.name}: {asked.role}, {asked.division}"]


def _list_people(connection: Connection, asked: argparse.Namespace, now_ms: int) -> list[str]:
    return [
        f"{one.name}  {one.role}  {_in_words(one.scope)}  {'锁定 locked' if one.locked_ms is not None else ''}".rstrip()
        for one in people(connection)
    ]


def _lock(connection: Connection, asked: argparse.Namespace, now_ms: int) -> list[str]:
    set_lock(connection, asked.name, now_ms)
    _note(connection, "people.lock", asked, now_ms)
    return [f"✓ {asked.name}: 已锁定 / locked, and signed out everywhere"]


def _unlock(connection: Connection, asked: argparse.Namespace, now_ms: int) -> list[str]:
    set_lock(connection, asked.name, None)
    _note(connection, "people.unlock", asked, now_ms)
    return [f"✓ {asked.name}: 已解锁 / unlocked"]


def _reset_password(connection: Connection, asked: argparse.Namespace, now_ms: int) -> list[str]:
    set_password(connection, asked.name, _password_hash(asked), now_ms)
    _note(connection, "people.reset_password", asked, now_ms)
    return [f"✓ {asked.name}: 口令已重置 / has a new password, and is signed out everywhere"]


def _issue(connection: Connection, asked: argparse.Namespace, now_ms: int) -> list[str]:
    """The token alone on standard output, so that it can go to a file; the rest to standard error."""
    if not 1 <= asked.days <= DAYS_MAX:
        raise ConfigurationError([f"--days: 1–{DAYS_MAX}"])
    rights, expires_ms = parse_rights(asked.rights), now_ms + asked.days * DAY_MS
    text = issue_token(connection, asked.name, rights, _scope(asked), now_ms, expires_ms)
    said = ", ".join(sorted(map(str, rights)))
    _note(connection, "tokens.issue", asked, now_ms, rights=said, division=asked.division, days=asked.days)
    print(f"✓ {asked.name}: {said}; {_day(expires_ms)} 到期，仅显示一次 / expires, shown only now:", file=sys.stderr)
    return [text]


def _list_tokens(connection: Connection, asked: argparse.Namespace, now_ms: int) -> list[str]:
    lines = []
    for one in tokens(connection):
        state = (
            "吊销 revoked"
            if one.revoked_ms is not None
            else "过期 expired"
            if one.expires_ms <= now_ms
            else "有效 valid"
        )
        used = f"最近使用 last used {_day(one.used_ms)}" if one.used_ms is not None else "未使用 never used"
        lines.append(f"{one.name}  {state}  至 until {_day(one.expires_ms)}  {used}  {_in_words(one.scope)}")
    return lines


def _revoke(connection: Connection, asked: argparse.Namespace, now_ms: int) -> list[str]:
    revoke_token(connection, asked.name, now_ms)
    _note(connection, "tokens.revoke", asked, now_ms)
    return [f"✓ {asked.name}: 已吊销 / revoked"]


def _list_audit(connection: Connection, asked: argparse.Namespace, now_ms: int) -> list[str]:
    return [
        f"{utc(row.at_ms):%Y-%m-%d %H:%M:%SZ}  {row.actor}  {row.action}  {row.subject}  {row.outcome}  {row.address}"
        + (f"  {row.detail}" if json.loads(row.detail) else "")
        for row in audit_entries(connection, limit=asked.limit)
    ]


def _in_words(scope: Scope) -> str:
    parts = [scope.division, scope.site or "", scope.department or ""]
    parts += [",".join(sorted(names)) for names in (scope.categories, scope.modes) if names is not None]
    return " ".join(part for part in parts if part)


def _day(at_ms: int) -> str:
    return f"{utc(at_ms):%Y-%m-%d}"
