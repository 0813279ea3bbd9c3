"""People: who they are, what they may see, and their sessions. Each function works within one transaction."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from onebook_collector.administration.access_tables import person, session
from onebook_collector.administration.credentials import Secret, digest_of, new_secret
from onebook_collector.administration.rights import RIGHTS, Principal, Role
from onebook_collector.errors import NotFoundError, RefusedError
from onebook_collector.scope import Scope, checked_scope

NAME = re.compile(r"[\w.-]{1,64}")
"""Letters of any script, digits, and "_.-"."""

KNOWN_FOR_MS = 30 * 86_400_000
SEEN_EVERY_MS = 60_000


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    role: Role
    scope: Scope
    added_ms: int
    locked_ms: int | None

    @property
    def principal(self) -> Principal:
        return Principal(f"person:{self.name}", RIGHTS[self.role], self.scope, self.role)


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """A session ends so long after its last request, and so long after its beginning."""

    idle_ms: int
    absolute_ms: int


def add_person(connection: Connection, name: str, role: Role, scope: Scope, password_hash: str, now_ms: int) -> None:
    """Raises RefusedError for a name that is taken or no name."""
    checked_name(name)
    if _find(connection, name) is not None:
        raise RefusedError("name_taken", f"{name}: 已存在 / exists already")
    values = {"name": name, "role": role.value, "password_hash": password_hash, "added_ms": now_ms}
    connection.execute(insert(person).values(scope_row(checked_scope(scope)) | values))


def checked_name(name: str) -> str:
    if not NAME.fullmatch(name):
        detail = f"{name!r}: 仅限文字、数字和 _ . -，最长 64 / letters, digits and _ . - only, at most 64"
        raise RefusedError("no_name", detail, status=400)
    return name


def people(connection: Connection) -> list[Person]:
    return [_person(row) for row in connection.execute(select(person).order_by(person.c.name))]


def set_lock(connection: Connection, name: str, locked_ms: int | None) -> None:
    """Who is locked is signed out as well."""
    _change(connection, name, {"locked_ms": locked_ms})
    if locked_ms is not None:
        end_sessions(connection, name, locked_ms)


def set_password(connection: Connection, name: str, password_hash: str, now_ms: int) -> None:
    """Whoever knows the old password is signed out."""
    _change(connection, name, {"password_hash": password_hash})
    end_sessions(connection, name, now_ms)


def password_hash_of(connection: Connection, name: str) -> str | None:
    """None: nobody has this name, or they are locked."""
    row = _find(connection, name)
    return row.password_hash if row is not None and row.locked_ms is None else None


# Sessions -------------------------------------------------------------------------------------------------------


def begin_session(connection: Connection, name: str, address: str, now_ms: int) -> Secret:
    """A new id each time: one that somebody planted in a browser beforehand is worth nothing."""
    secret = new_secret()
    values = {"digest": secret.digest, "person": name, "address": address, "began_ms": now_ms, "seen_ms": now_ms}
    connection.execute(insert(session).values(values))
    return secret


def person_of_session(connection: Connection, cookie: str, limits: SessionLimits, now_ms: int) -> Person | None:
    """None: unknown, ended, too old, or its person is locked."""
    s = session.c
    query = (
        select(person)
        .join(session, s.person == person.c.name)
        .where(s.digest == digest_of(cookie), s.ended_ms.is_(None), person.c.locked_ms.is_(None))
        .where(s.seen_ms > now_ms - limits.idle_ms, s.began_ms > now_ms - limits.absolute_ms)
    )
    row = connection.execute(query).first()
    return _person(row) if row else None


def is_unnoted(connection: Connection, cookie: str, now_ms: int) -> bool:
    """Whether a minute has passed since this session was last noted as in use."""
    query = select(session.c.seen_ms).where(session.c.digest == digest_of(cookie))
    return (connection.execute(query).scalar() or now_ms) <= now_ms - SEEN_EVERY_MS


def note_session(connection: Connection, cookie: str, now_ms: int) -> None:
    connection.execute(update(session).where(session.c.digest == digest_of(cookie)).values(seen_ms=now_ms))


def end_session(connection: Connection, cookie: str, now_ms: int) -> None:
    ending = update(session).where(session.c.digest == digest_of(cookie), session.c.ended_ms.is_(None))
    connection.execute(ending.values(ended_ms=now_ms))


def end_sessions(connection: Connection, name: str, now_ms: int) -> None:
    ending = update(session).where(session.c.person == name, session.c.ended_ms.is_(None))
    connection.execute(ending.values(ended_ms=now_ms))


def is_known_address(connection: Connection, name: str, address: str, now_ms: int) -> bool:
    """Whether this person has signed in from there within a month."""
    s = session.c
    query = select(s.person).where(s.person == name, s.address == address, s.began_ms > now_ms - KNOWN_FOR_MS)
    return connection.execute(query.limit(1)).first() is not None


# Rows -----------------------------------------------------------------------------------------------------------


def scope_row(scope: Scope) -> dict[str, Any]:
    return {
        "division": scope.division,
        "site": scope.site,
        "department": scope.department,
        "categories": json.dumps(sorted(scope.categories)) if scope.categories is not None else None,
        "modes": json.dumps(sorted(scope.modes)) if scope.modes is not None else None,
    }


def scope_of(row: Any) -> Scope:
    categories, modes = (
        frozenset(json.loads(text)) if text is not None else None for text in (row.categories, row.modes)
    )
    return Scope(row.division, row.department, categories, modes, row.site)


def _person(row: Any) -> Person:
    return Person(row.name, Role(row.role), scope_of(row), row.added_ms, row.locked_ms)


def _find(connection: Connection, name: str) -> Any:
    return connection.execute(select(person).where(person.c.name == name)).first()


def _change(connection: Connection, name: str, values: Mapping[str, Any]) -> None:
    if not connection.execute(update(person).where(person.c.name == name).values(values)).rowcount:
        raise NotFoundError(f"{name}: 没有此人 / nobody has this name")
