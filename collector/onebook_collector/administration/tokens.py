"""Tokens: what programs show in place of a password. Told once, kept as a digest, with an end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from onebook_collector.administration.access_tables import token
from onebook_collector.administration.credentials import digest_of, new_secret
from onebook_collector.administration.people import checked_name, scope_of, scope_row
from onebook_collector.administration.rights import Principal, Right, parse_rights
from onebook_collector.errors import NotFoundError, RefusedError
from onebook_collector.scope import Scope, checked_scope

PREFIX = "obt_"
"""So that a token that turns up where it should not be is recognised for what it is."""
USED_EVERY_MS = 60_000


@dataclass(frozen=True, slots=True)
class Token:
    name: str
    rights: frozenset[Right]
    scope: Scope
    issued_ms: int
    expires_ms: int
    revoked_ms: int | None
    used_ms: int | None

    @property
    def principal(self) -> Principal:
        return Principal(f"token:{self.name}", self.rights, self.scope)


def issue_token(
    connection: Connection, name: str, rights: frozenset[Right], scope: Scope, now_ms: int, expires_ms: int
) -> str:
    """The token's text, which nobody can read again. Raises RefusedError for a name that is taken, or no name."""
    checked_name(name)
    if connection.execute(select(token.c.name).where(token.c.name == name)).first() is not None:
        raise RefusedError("name_taken", f"{name}: 已存在 / exists already; names of tokens are not used twice")
    secret = new_secret(PREFIX)
    values = {"name": name, "digest": secret.digest, "issued_ms": now_ms, "expires_ms": expires_ms}
    said = {"rights": json.dumps(sorted(map(str, rights)))}
    connection.execute(insert(token).values(scope_row(checked_scope(scope)) | said | values))
    return secret.text


def tokens(connection: Connection) -> list[Token]:
    return [_token(row) for row in connection.execute(select(token).order_by(token.c.name))]


def revoke_token(connection: Connection, name: str, now_ms: int) -> None:
    revoking = update(token).where(token.c.name == name, token.c.revoked_ms.is_(None)).values(revoked_ms=now_ms)
    if not connection.execute(revoking).rowcount:
        raise NotFoundError(f"{name}: 没有此有效令牌 / there is no such token, or it is revoked already")


def find_token(connection: Connection, text: str, now_ms: int) -> Token | None:
    """None: unknown, revoked or expired."""
    t = token.c
    query = select(token).where(t.digest == digest_of(text), t.revoked_ms.is_(None), t.expires_ms > now_ms)
    row = connection.execute(query).first()
    return _token(row) if row else None


def note_use(connection: Connection, name: str, now_ms: int) -> None:
    connection.execute(update(token).where(token.c.name == name).values(used_ms=now_ms))


def _token(row: Any) -> Token:
    times = (row.issued_ms, row.expires_ms, row.revoked_ms, row.used_ms)
    return Token(row.name, parse_rights(json.loads(row.rights)), scope_of(row), *times)
