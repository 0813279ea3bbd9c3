"""The CSV files from which warehouses are furnished. Every problem of every file is said at once, with its line.

One file may be of many sites. A task takes as many rows as it has lines; what is said of the whole task is the same in each.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from sqlalchemy import Connection

from onebook_collector.furnishing import desk
from onebook_collector.furnishing.checking import task_problems, zone_problems
from onebook_collector.furnishing.desk import Act, Probe, Setup, SiteZone
from onebook_collector.furnishing.progress import Worths
from onebook_collector.ledger.registry import Site
from onebook_collector.ledger.registry_files import Degrees, MayBeEmpty, Name, Percent, Row, SiteId, read_rows
from onebook_schemas.encoding import explain
from onebook_schemas.identifiers import BinCode, DocumentNumber, ItemCode, UnitCode
from onebook_schemas.pins import SALT_BYTES, hash_pin, is_pin
from onebook_schemas.reference import BadgeCode, Bin, Limits, PersonOnSite, SiteRules, Task, TaskAction, ZoneCode
from onebook_schemas.stock_events import DocumentKind

_Amount = Annotated[Annotated[Decimal, Field(ge=0)] | None, MayBeEmpty]
_Date = Annotated[date | None, MayBeEmpty]
_YesNo = Annotated[bool, BeforeValidator(lambda text: {"": "no"}.get(text, text))]


def _pin(secret: SecretStr) -> SecretStr:
    if secret.get_secret_value() and not is_pin(secret.get_secret_value()):
        raise ValueError("a PIN has six to twelve digits; empty: it stays what it was")
    return secret


def _probes(text: object) -> object:
    if not isinstance(text, str):
        return text  # The row is too short, and is refused for that.
    return [dict(zip(("edge_id", "device"), one.split("/", 1), strict=False)) for one in text.split()]


class _SetupRow(Row):
    site_id: SiteId
    maker_number: int = Field(ge=0, le=99)
    issue_without_order_max: _Amount
    second_person_from: Annotated[Annotated[Decimal, Field(gt=0)] | None, MayBeEmpty]
    count_difference_review_pct: Annotated[Annotated[Decimal, Field(ge=0, le=100)] | None, MayBeEmpty]
    inspect_receipts: Annotated[bool | None, MayBeEmpty]


class _ZoneRow(Row):
    site_id: SiteId
    code: ZoneCode
    name_zh: Name
    name_en: Name
    temp_min_c: Degrees
    temp_max_c: Degrees
    rh_min_pct: Percent
    rh_max_pct: Percent
    probes: Annotated[tuple[Probe, ...], BeforeValidator(_probes)]  # edge-1/probe-1 edge-1/probe-2


class _BinRow(Row):
    site_id: SiteId
    code: BinCode
    name_zh: Name
    zone: Annotated[ZoneCode | None, MayBeEmpty]


class _PersonRow(Row):
    site_id: SiteId
    badge: BadgeCode
    name: Name
    role: Literal["keeper", "warehouse_head", "inspector"]
    pin: Annotated[SecretStr, AfterValidator(_pin)]
    may_authorise: _YesNo
    until: _Date


class _TaskRow(Row):
    site_id: SiteId
    kind: DocumentKind
    number: DocumentNumber
    action: TaskAction
    title_zh: Name
    title_en: Name
    counterpart: Name
    due_on: _Date
    is_urgent: _YesNo
    note: Name
    item: Annotated[ItemCode | None, MayBeEmpty]  # Empty, with the rest: a task without lines.
    amount: _Amount
    unit: Annotated[UnitCode | None, MayBeEmpty]
    lot: Name
    bin: Annotated[BinCode | None, MayBeEmpty]


KINDS: Mapping[str, type[Row]] = {
    "setup": _SetupRow,
    "zones": _ZoneRow,
    "bins": _BinRow,
    "people": _PersonRow,
    "tasks": _TaskRow,
}
"""Options of `onebook collector import` -> rows of the file. In the order in which they are taken over."""


@dataclass(frozen=True, slots=True)
class BookFacts:
    """What the book knows that must fit."""

    sites: Mapping[str, Site]
    edges: Mapping[str, str]
    worths: Worths


@dataclass(slots=True)
class Furnishings:
    """Rows by kind of file, each with its line."""

    rows: dict[str, Sequence[tuple[int, Any]]] = field(default_factory=dict)

    def read(self, kind: str, content: bytes) -> None:
        """Raises ConfigurationError with every problem."""
        self.rows[kind] = read_rows(content, KINDS[kind])

    def problems(self, connection: Connection, facts: BookFacts) -> dict[str, list[str]]:
        """What does not fit the book, or what the sites have already, by kind of file."""
        found = {
            kind: [
                _at(line, f"没有仓库 {row.site_id} / no such site")
                for line, row in rows
                if row.site_id not in facts.sites
            ]
            for kind, rows in self.rows.items()
        }
        for line, row in self._of("zones"):
            found["zones"] += [_at(line, one) for one in zone_problems(_zone(row), facts.edges, row.site_id)]
        for line, row in self._of("bins"):
            if row.zone is not None and row.zone not in self._codes(connection, "zones", row.site_id):
                found["bins"].append(_at(line, f"没有库区 {row.zone} / no such zone at {row.site_id}"))
        for kind, names in _NAMED.items():
            found.setdefault(kind, []).extend(_twice(self._of(kind), names))
        for line, made in self.made_tasks():
            if isinstance(made, str):
                found["tasks"].append(_at(line, made))
            else:
                site_id, task = made
                bins = self._codes(connection, "bins", site_id)
                found["tasks"] += [_at(line, one) for one in task_problems(task, facts.worths, bins)]
        return found

    def people(self) -> list[tuple[str, PersonOnSite]]:
        """By site, with their PINs hashed: a twentieth of a second each, so not while the database is held."""
        return [(row.site_id, _person(row)) for _, row in self._of("people")]

    def write(
        self, connection: Connection, facts: BookFacts, people: Iterable[tuple[str, PersonOnSite]], act: Act
    ) -> dict[str, int]:
        """Take all of it over; gives how many of each kind. Raises RefusedError."""
        for _, row in self._of("setup"):
            division = facts.sites[row.site_id].division_code
            neighbours = {one for one, site in facts.sites.items() if site.division_code == division} - {row.site_id}
            known = desk.setup_of(connection, row.site_id)
            desk.set_up(connection, row.site_id, _setup(row, known), act, neighbours=neighbours)
        for site_id, zones in _by_site(self._of("zones")):
            desk.put_zones(connection, site_id, [_zone(row) for row in zones], act)
        for site_id, bins in _by_site(self._of("bins")):
            rows = [Bin(code=row.code, name_zh=row.name_zh, zone=row.zone) for row in bins]
            desk.put_bins(connection, site_id, rows, act)
        for site_id, person in people:
            desk.put_person(connection, site_id, person, act, keep_pin=person.pin is None)
        tasks = [made for _, made in self.made_tasks() if not isinstance(made, str)]
        for site_id, task in tasks:
            desk.put_task(connection, site_id, task, act)
        return {kind: len(tasks) if kind == "tasks" else len(rows) for kind, rows in self.rows.items()}

    @property
    def items(self) -> set[str]:
        """Whose units must be known."""
        return {row.item for _, row in self._of("tasks") if row.item is not None}

    def _of(self, kind: str) -> Sequence[tuple[int, Any]]:
        return self.rows.get(kind, ())

    def _codes(self, connection: Connection, kind: str, site_id: str) -> set[str]:
        """Zones or bins that a site has, or gets by these files."""
        known = (
            desk.zones_of(connection, site_id)
            if kind == "zones"
            else (one.code for one in desk.bins_of(connection, site_id))
        )
        return {*known, *(row.code for _, row in self._of(kind) if row.site_id == site_id)}

    def made_tasks(self) -> Iterator[tuple[int, tuple[str, Task] | str]]:
        """Each task with the line that it begins in; or what is wrong with it."""
        groups: dict[tuple[str, str], list[tuple[int, Any]]] = {}
        for line, row in self._of("tasks"):
            groups.setdefault((row.site_id, row.number), []).append((line, row))
        for (site_id, number), rows in groups.items():
            line, first = rows[0]
            head = _head(first)
            other = next((at for at, row in rows if _head(row) != head), None)
            if other is not None:
                yield other, f"{number}: 与第 {line} 行不一致 / says something else of the task than line {line}"
                continue
            try:
                lines = [_line(row) for _, row in rows if row.item is not None]
                yield line, (site_id, Task.model_validate({**head, "lines": lines}))
            except ValidationError as error:
                yield line, f"{number}: {explain(error)}"


_NAMED = {
    "setup": ("site_id",),
    "zones": ("site_id", "code"),
    "bins": ("site_id", "code"),
    "people": ("site_id", "badge"),
}
"""What names a row: it stands there once."""


def _twice(rows: Sequence[tuple[int, Any]], names: Sequence[str]) -> Iterator[str]:
    first: dict[tuple[str, ...], int] = {}
    for line, row in rows:
        key = tuple(getattr(row, name) for name in names)
        if key in first:
            yield _at(line, f"{' '.join(key)}: 与第 {first[key]} 行重复 / the same as line {first[key]}")
        first.setdefault(key, line)


def _at(line: int, problem: str) -> str:
    return f"第 {line} 行 / line {line}: {problem}"


def _by_site(rows: Sequence[tuple[int, Any]]) -> Iterator[tuple[str, list[Any]]]:
    for site_id in dict.fromkeys(row.site_id for _, row in rows):
        yield site_id, [row for _, row in rows if row.site_id == site_id]


def _setup(row: _SetupRow, known: Setup | None) -> Setup:
    """Reasons and holdings stay what they were."""
    said = {name: value for name in SiteRules.model_fields if (value := getattr(row, name, None)) is not None}
    rules = known.rules.model_copy(update=said) if known is not None else SiteRules(**said)
    return (known or Setup(maker_number=0)).model_copy(update={"maker_number": row.maker_number, "rules": rules})


def _zone(row: _ZoneRow) -> SiteZone:
    limits = Limits(
        temperature_c_min=row.temp_min_c,
        temperature_c_max=row.temp_max_c,
        humidity_rh_min=row.rh_min_pct,
        humidity_rh_max=row.rh_max_pct,
    )
    return SiteZone(code=row.code, name_zh=row.name_zh, name_en=row.name_en, limits=limits, probes=row.probes)


def _person(row: _PersonRow) -> PersonOnSite:
    digits = row.pin.get_secret_value()
    pin = hash_pin(digits, secrets.token_bytes(SALT_BYTES)) if digits else None
    plain = row.model_dump(include={"badge", "name", "role", "may_authorise", "until"})
    return PersonOnSite(pin=pin, **plain)


def _head(row: _TaskRow) -> dict[str, Any]:
    plain = row.model_dump(include={"action", "title_zh", "title_en", "counterpart", "due_on", "is_urgent", "note"})
    return {"document": {"kind": row.kind, "number": row.number}, **plain}


def _line(row: _TaskRow) -> dict[str, Any]:
    quantity = {"amount": row.amount, "unit": row.unit}
    return {"item": row.item, "quantity": quantity, "lot": row.lot or None, "bin": row.bin}
