"""What the centre wants of its edges: written here by people and programs, sent by the runner, answered by the edges.

Each function works within one transaction of the administration's database.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass

from pydantic import ValidationError
from sqlalchemy import Connection, and_, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from onebook_collector.administration.audit import DONE, AuditEntry, write_audit
from onebook_collector.administration.care_tables import configuration_report, desired_configuration, edge_command
from onebook_collector.errors import RefusedError
from onebook_schemas.encoding import explain
from onebook_schemas.remote_care import Command, CommandReport, ConfigurationReport, DesiredConfiguration, Reply

LISTED_MAX = 200


@dataclass(frozen=True, slots=True)
class Desired:
    """The newest configuration that the centre wants of an edge."""

    version: int
    toml: str
    given_at_ms: int
    given_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reported:
    """What the edge last said about configurations."""

    version: int
    outcome: str
    problems: tuple[str, ...]
    heard_at_ms: int


@dataclass(frozen=True, slots=True)
class GivenCommand:
    """A command and what became of it; without an outcome nothing was heard yet."""

    command_id: str
    edge_id: str
    action: str
    device: str | None
    issued_at_ms: int
    expires_at_ms: int
    issued_by: str
    outcome: str | None
    outcome_reason: str | None
    logs: str | None
    heard_at_ms: int | None


def want(
    connection: Connection, edge_id: str, toml: str, *, by: str, reason: str, now_ms: int, address: str = ""
) -> int:
    """Want this configuration of an edge. The version follows all that the centre or the edge has spoken of: a centre that was
    restored from a backup must not give a number anew. Raises RefusedError: what is kept, the runner must be able to send."""
    _check(edge_id, toml)
    given = select(func.max(desired_configuration.c.version)).where(desired_configuration.c.edge_id == edge_id)
    heard = select(configuration_report.c.version).where(configuration_report.c.edge_id == edge_id)
    version = max(connection.scalar(given) or 0, connection.scalar(heard) or 0) + 1
    values = {"edge_id": edge_id, "version": version, "toml": toml, "given_at_ms": now_ms, "given_by": by}
    connection.execute(insert(desired_configuration).values(values | {"reason": reason}))
    entry = AuditEntry(by, "edge.configure", edge_id, DONE, address, {"version": version, "reason": reason})
    write_audit(connection, entry, now_ms)
    return version


def _check(edge_id: str, toml: str) -> None:
    """That it is TOML, and no longer than a message carries; what it means, only the edge can judge."""
    try:
        DesiredConfiguration(edge_id=edge_id, version=1, toml=toml)
        tomllib.loads(toml)
    except ValidationError as error:
        raise RefusedError("no_configuration", f"{explain(error)}. 请更正 / correct it.", status=400) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RefusedError("no_toml", f"{error}. 不是有效的 TOML / this is not valid TOML.", status=400) from error


def give(connection: Connection, command: Command, *, address: str = "") -> None:
    """Give a command to an edge. It is sent until it is answered or expires."""
    values = command.model_dump(exclude={"v"}) | {"action": command.action.value}
    connection.execute(insert(edge_command).values(values))
    detail = {"action": command.action.value, "device": command.device, "command_id": command.command_id}
    entry = AuditEntry(command.issued_by, "edge.command", command.edge_id, DONE, address, detail)
    write_audit(connection, entry, command.issued_at_ms)


def take_reply(connection: Connection, reply: Reply, now_ms: int) -> None:
    """Write down what an edge said. A reply to a command of another edge, or to none, changes nothing."""
    match reply:
        case ConfigurationReport():
            values = {
                "edge_id": reply.edge_id,
                "version": reply.version,
                "outcome": reply.outcome.value,
                "problems": json.dumps(reply.problems, ensure_ascii=False),
                "heard_at_ms": now_ms,
            }
            statement = upsert(configuration_report).values(values)
            connection.execute(statement.on_conflict_do_update(index_elements=["edge_id"], set_=values))
        case CommandReport():
            its_own = and_(
                edge_command.c.command_id == reply.command_id,
                edge_command.c.edge_id == reply.edge_id,
                edge_command.c.outcome.is_(None),
            )
            said = {"outcome": reply.outcome.value, "outcome_reason": reply.reason, "logs": reply.logs or None}
            connection.execute(update(edge_command).where(its_own).values(said | {"heard_at_ms": now_ms}))


def newest_wanted(connection: Connection, *, after: int) -> tuple[int, list[DesiredConfiguration]]:
    """The newest configuration of each edge for which one was given after `after`, and the mark to ask with next time."""
    t = desired_configuration
    newest = select(func.max(t.c.order_id)).where(t.c.order_id > after).group_by(t.c.edge_id)
    rows = connection.execute(select(t.c.order_id, t.c.edge_id, t.c.version, t.c.toml).where(t.c.order_id.in_(newest)))
    found = [
        (row.order_id, DesiredConfiguration(edge_id=row.edge_id, version=row.version, toml=row.toml)) for row in rows
    ]
    return max((order_id for order_id, _ in found), default=after), [document for _, document in found]


def unanswered(connection: Connection, now_ms: int) -> list[Command]:
    """Commands that can still be carried out and of which nothing was heard, oldest first."""
    t = edge_command
    query = select(t).where(t.c.outcome.is_(None), t.c.expires_at_ms > now_ms).order_by(t.c.issued_at_ms)
    names = Command.model_fields.keys() - {"v"}
    return [Command(**{name: row[name] for name in names}) for row in connection.execute(query).mappings()]


def wanted_of(connection: Connection, edge_id: str) -> Desired | None:
    t = desired_configuration
    query = select(t).where(t.c.edge_id == edge_id).order_by(t.c.version.desc()).limit(1)
    row = connection.execute(query).first()
    return Desired(row.version, row.toml, row.given_at_ms, row.given_by, row.reason) if row else None


def reported_by(connection: Connection, edge_id: str) -> Reported | None:
    row = connection.execute(select(configuration_report).where(configuration_report.c.edge_id == edge_id)).first()
    return Reported(row.version, row.outcome, tuple(json.loads(row.problems)), row.heard_at_ms) if row else None


def command(connection: Connection, command_id: str) -> GivenCommand:
    query = select(edge_command).where(edge_command.c.command_id == command_id)
    return GivenCommand(**connection.execute(query).mappings().one())


def commands_of(
    connection: Connection, edge_id: str, *, before_ms: int | None = None, limit: int = LISTED_MAX
) -> list[GivenCommand]:
    """Newest first; `before_ms`: given before then."""
    t = edge_command
    query = select(t).where(t.c.edge_id == edge_id)
    if before_ms is not None:
        query = query.where(t.c.issued_at_ms < before_ms)
    rows = connection.execute(query.order_by(t.c.issued_at_ms.desc(), t.c.command_id).limit(limit)).mappings()
    return [GivenCommand(**row) for row in rows]
