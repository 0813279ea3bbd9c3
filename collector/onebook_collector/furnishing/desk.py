"""What each warehouse was given: written by people and programs, made into documents by `compose`, sent by the publisher.

Each function works within one transaction of the administration's database. Whether a site, an item or a zone is there is for the
caller to know, who has the book at hand.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from sqlalchemy import ColumnElement, Connection, Table, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from onebook_collector.administration import furnishing_tables as t
from onebook_collector.administration.audit import AuditEntry, write_audit
from onebook_collector.errors import NotFoundError, RefusedError
from onebook_schemas.identifiers import DeviceId, EdgeId, ShortText
from onebook_schemas.reference import Bin, Limits, PersonOnSite, PinHash, Reason, SiteRules, Task, ZoneCode
from onebook_schemas.stock_events import Holding

_MOST = {t.site_zone: 200, t.site_bin: 50_000, t.site_person: 2_000, t.site_task: 10_000}
"""Rows of a site, as many as its documents may have; of tasks, open ones and those that are over."""
TASKS_OPEN_MAX = 2_000
_REASONS, _HOLDINGS = TypeAdapter(tuple[Reason, ...]), TypeAdapter(tuple[Holding, ...])


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Probe(_Model):
    """A probe and the edge that it hangs on: a site may have several edges."""

    edge_id: EdgeId
    device: DeviceId


class SiteZone(_Model):
    code: ZoneCode
    name_zh: ShortText
    name_en: ShortText
    limits: Limits = Limits()
    probes: tuple[Probe, ...] = Field(default=(), max_length=100)


class Setup(_Model):
    """What a site needs before its edges are told of bins and people. Without reasons of its own it has the usual ones."""

    maker_number: int = Field(
        ge=0, le=99, strict=True, description="keeps document numbers of one division apart while offline"
    )
    rules: SiteRules = SiteRules()
    reasons: tuple[Reason, ...] = Field(default=(), max_length=100, description="empty: the usual ones")
    holdings: tuple[Holding, ...] = Field(default=(), max_length=100, description="the usual one first")


@dataclass(frozen=True, slots=True)
class GivenTask:
    """A task, by whom it was given, and how it ended; open until `closed_at_ms`."""

    task: Task
    given_at_ms: int
    given_by: str
    closed_at_ms: int | None
    closed_by: str | None
    closing_reason: str | None


@dataclass(frozen=True, slots=True)
class Act:
    """Who changes something, when and from where: for the audit log."""

    by: str
    now_ms: int
    address: str = ""


def set_up(connection: Connection, site_id: str, setup: Setup, act: Act, *, neighbours: Collection[str]) -> None:
    """`neighbours`: the other sites of this division. Raises RefusedError if one of them has the maker number."""
    query = select(t.furnished_site.c.site_id).where(
        t.furnished_site.c.maker_number == setup.maker_number, t.furnished_site.c.site_id.in_(neighbours)
    )
    if connection.scalar(query.limit(1)) is not None:
        detail = (
            f"{setup.maker_number} 已属同县另一仓库，单号会重复 / is another warehouse's: numbers would be given twice"
        )
        raise RefusedError("maker_number_taken", detail)
    values = {
        "maker_number": setup.maker_number,
        "rules": setup.rules.model_dump_json(),
        "reasons": _REASONS.dump_json(setup.reasons).decode(),
        "holdings": _HOLDINGS.dump_json(setup.holdings).decode(),
    }
    _changed(connection, site_id, "furnishings.set_up", act, maker_number=setup.maker_number)
    connection.execute(update(t.furnished_site).where(t.furnished_site.c.site_id == site_id).values(values))


def put_zones(
    connection: Connection, site_id: str, zones: Iterable[SiteZone], act: Act, *, replace: bool = False
) -> None:
    """Zones by their codes; `replace`: others of the site go. Raises RefusedError when a bin lies in one that goes."""
    rows = [{"site_id": site_id, "code": zone.code, "zone": zone.model_dump_json()} for zone in zones]
    _put(connection, t.site_zone, site_id, rows, replace=replace)
    known = select(t.site_zone.c.code).where(t.site_zone.c.site_id == site_id)
    lost = select(t.site_bin.c.code).where(t.site_bin.c.site_id == site_id, t.site_bin.c.zone.not_in(known))
    if (code := connection.scalar(lost.limit(1))) is not None:
        raise RefusedError("zone_in_use", f"{code}: 货位仍在该库区 / a bin lies in a zone that would go; move it first")
    _changed(connection, site_id, "furnishings.zones", act, zones=len(rows), replace=replace)


def put_bins(connection: Connection, site_id: str, bins: Iterable[Bin], act: Act, *, replace: bool = False) -> None:
    """Bins by their codes; `replace`: others of the site go. Raises RefusedError for a zone that is not there."""
    rows = [{"site_id": site_id, **one.model_dump()} for one in bins]
    known = zones_of(connection, site_id).keys()
    unknown = {f"{row['code']}: {row['zone']}" for row in rows if row["zone"] is not None and row["zone"] not in known}
    if unknown:
        detail = "; ".join(sorted(unknown)[:10])
        raise RefusedError("no_zone", f"{detail}: 没有这个库区 / no such zone; add the zone first")
    _put(connection, t.site_bin, site_id, rows, replace=replace)
    _changed(connection, site_id, "furnishings.bins", act, bins=len(rows), replace=replace)


def put_person(connection: Connection, site_id: str, person: PersonOnSite, act: Act, *, keep_pin: bool) -> None:
    """Somebody who may work there. `keep_pin`: the PIN stays what it was."""
    if keep_pin:
        person = person.model_copy(update={"pin": _pin_of(connection, site_id, person.badge)})
    row = {"site_id": site_id, "badge": person.badge, "person": person.model_dump_json()}
    _put(connection, t.site_person, site_id, [row], replace=False)
    may, new_pin = person.may_authorise, not keep_pin
    _changed(
        connection,
        site_id,
        "site_people.put",
        act,
        badge=person.badge,
        role=person.role,
        may_authorise=may,
        new_pin=new_pin,
    )


def remove_person(connection: Connection, site_id: str, badge: str, act: Act) -> None:
    """Raises NotFoundError."""
    its = (t.site_person.c.site_id == site_id) & (t.site_person.c.badge == badge)
    if not connection.execute(delete(t.site_person).where(its)).rowcount:
        raise NotFoundError(f"nobody at {site_id} has the badge {badge!r}")
    _changed(connection, site_id, "site_people.remove", act, badge=badge)


def put_task(connection: Connection, site_id: str, task: Task, act: Act) -> None:
    """Give a task, or give it anew: one that was closed is open again."""
    number = task.document.number
    values = {"site_id": site_id, "number": number, "task": task.model_dump_json(), "given_at_ms": act.now_ms}
    closing = {"closed_at_ms": None, "closed_by": None, "closing_reason": None}
    _put(connection, t.site_task, site_id, [values | {"given_by": act.by} | closing], replace=False)
    if len(tasks_of(connection, site_id, is_open=True)) > TASKS_OPEN_MAX:
        raise RefusedError("too_many", f"{site_id}: 最多 {TASKS_OPEN_MAX} 项未完任务 / open tasks at most; close some")
    _changed(connection, site_id, "tasks.put", act, number=number, what=task.action.value, lines=len(task.lines))


def close_task(connection: Connection, site_id: str, number: str, reason: str, act: Act) -> None:
    """Raises NotFoundError, and RefusedError for one that is closed."""
    row = connection.execute(select(t.site_task).where(_task_is(site_id, number))).first()
    if row is None:
        raise NotFoundError(f"{site_id} was given no task {number!r}")
    if row.closed_at_ms is not None:
        raise RefusedError("closed_already", f"{number}: 已关闭 / closed by {row.closed_by}: {row.closing_reason}")
    values = {"closed_at_ms": act.now_ms, "closed_by": act.by, "closing_reason": reason}
    connection.execute(update(t.site_task).where(_task_is(site_id, number)).values(values))
    _changed(connection, site_id, "tasks.close", act, number=number, reason=reason)


# What there is ----------------------------------------------------------------------------------------------------


def generations(connection: Connection) -> dict[str, int]:
    """Of each site that was given anything: a number that goes up whenever that changes."""
    return {row.site_id: row.generation for row in connection.execute(select(t.furnished_site))}


def setup_of(connection: Connection, site_id: str) -> Setup | None:
    row = connection.execute(select(t.furnished_site).where(t.furnished_site.c.site_id == site_id)).first()
    if row is None or row.maker_number is None:
        return None
    return Setup(
        maker_number=row.maker_number,
        rules=SiteRules.model_validate_json(row.rules),
        reasons=_REASONS.validate_json(row.reasons),
        holdings=_HOLDINGS.validate_json(row.holdings),
    )


def zones_of(connection: Connection, site_id: str) -> dict[str, SiteZone]:
    query = select(t.site_zone).where(t.site_zone.c.site_id == site_id).order_by(t.site_zone.c.code)
    return {row.code: SiteZone.model_validate_json(row.zone) for row in connection.execute(query)}


def bins_of(connection: Connection, site_id: str) -> list[Bin]:
    query = select(t.site_bin).where(t.site_bin.c.site_id == site_id).order_by(t.site_bin.c.code)
    return [Bin(code=row.code, name_zh=row.name_zh, zone=row.zone) for row in connection.execute(query)]


def people_of(connection: Connection, site_id: str) -> list[PersonOnSite]:
    query = select(t.site_person.c.person).where(t.site_person.c.site_id == site_id).order_by(t.site_person.c.badge)
    return [PersonOnSite.model_validate_json(text) for text in connection.execute(query).scalars()]


def tasks_of(
    connection: Connection, site_id: str, *, is_open: bool | None = None, number: str | None = None
) -> list[GivenTask]:
    """In the order in which they were given."""
    query = select(t.site_task).where(t.site_task.c.site_id == site_id)
    if number is not None:
        query = query.where(t.site_task.c.number == number)
    if is_open is not None:
        query = query.where(
            t.site_task.c.closed_at_ms.is_(None) if is_open else t.site_task.c.closed_at_ms.is_not(None)
        )
    rows = connection.execute(query.order_by(t.site_task.c.given_at_ms, t.site_task.c.number))
    return [
        GivenTask(
            Task.model_validate_json(row.task),
            row.given_at_ms,
            row.given_by,
            row.closed_at_ms,
            row.closed_by,
            row.closing_reason,
        )
        for row in rows
    ]


# Inside -----------------------------------------------------------------------------------------------------------


def _task_is(site_id: str, number: str) -> ColumnElement[bool]:
    return (t.site_task.c.site_id == site_id) & (t.site_task.c.number == number)


def _pin_of(connection: Connection, site_id: str, badge: str) -> PinHash | None:
    its = (t.site_person.c.site_id == site_id) & (t.site_person.c.badge == badge)
    text = connection.scalar(select(t.site_person.c.person).where(its))
    return None if text is None else PersonOnSite.model_validate_json(text).pin


def _put(
    connection: Connection, table: Table, site_id: str, rows: Sequence[Mapping[str, object]], *, replace: bool
) -> None:
    """Raises RefusedError for a name that stands there twice, and for more than a document may hold."""
    key = [column.name for column in table.primary_key]
    twice = [name for name, count in Counter(str(row[key[1]]) for row in rows).items() if count > 1]
    if twice:
        raise RefusedError("twice", f"{', '.join(twice[:10])}: 重复 / stands there twice; keep one", status=400)
    if replace:
        connection.execute(delete(table).where(table.c.site_id == site_id))
    if rows:
        statement = upsert(table)
        values = {column.name: statement.excluded[column.name] for column in table.c if column.name not in key}
        connection.execute(statement.on_conflict_do_update(index_elements=key, set_=values), rows)
    count = connection.scalar(select(func.count()).select_from(table).where(table.c.site_id == site_id)) or 0
    if count > _MOST[table]:
        raise RefusedError("too_many", f"{site_id}: {count}; 最多 / at most {_MOST[table]}")


def _changed(connection: Connection, site_id: str, action: str, act: Act, **detail: str | int | bool) -> None:
    first = {"site_id": site_id, "generation": 1, "rules": SiteRules().model_dump_json()}
    statement = upsert(t.furnished_site).values(first | {"reasons": json.dumps([]), "holdings": json.dumps([])})
    more = {"generation": t.furnished_site.c.generation + 1}
    connection.execute(statement.on_conflict_do_update(index_elements=["site_id"], set_=more))
    write_audit(connection, AuditEntry(act.by, action, site_id, address=act.address, detail=detail), act.now_ms)
