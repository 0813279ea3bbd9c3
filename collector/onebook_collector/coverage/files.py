"""The CSV files of facilities, prices and declared outages. Every problem of every row is said at once, with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, model_validator
from sqlalchemy import Connection

from onebook_collector.clock import BUSINESS_ZONE
from onebook_collector.coverage import registers
from onebook_collector.coverage.facility import Facility, Goods, Kind, Level, change_problems
from onebook_collector.coverage.registers import Outage, Price
from onebook_collector.ledger.registry import Site
from onebook_collector.ledger.registry_files import MayBeEmpty, Name, Row, SiteId, read_rows
from onebook_schemas.identifiers import ItemCode

_Date = Annotated[date | None, MayBeEmpty]
_Named = Annotated[Name, StringConstraints(min_length=1)]
_Words = BeforeValidator(lambda text: text.split() if isinstance(text, str) else text)


class _FacilityRow(Row):
    site_id: SiteId
    level: Level
    kind: Kind
    goods: Annotated[frozenset[Goods], _Words]
    department: _Named
    storage_area_m2: Annotated[Decimal, Field(ge=0, le=10_000_000, decimal_places=2)]
    systems: Annotated[tuple[Name, ...], _Words]  # What it serves, with blanks between them: flood rescue health.
    counts_with: Annotated[SiteId | None, MayBeEmpty]
    active_since: _Date
    removed_on: _Date
    removal_approval: Name
    removal_reason: Name

    def facility(self) -> Facility:
        return Facility(**{**self.model_dump(), "counts_with": self.counts_with or ""})


class _PriceRow(Row):
    item: ItemCode
    valid_from: date
    price_cny: Annotated[Decimal, Field(ge=0, le=1_000_000_000, decimal_places=4)]
    source: _Named


class _OutageRow(Row):
    site_id: SiteId
    begins_at: datetime  # Of China, unless another zone is named.
    ends_at: datetime
    reason: _Named
    approved_by: _Named

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> _OutageRow:
        if _milliseconds(self.ends_at) <= _milliseconds(self.begins_at):
            raise ValueError("an outage ends after it began")
        return self

    def outage(self) -> Outage:
        span = _milliseconds(self.begins_at), _milliseconds(self.ends_at)
        return Outage(self.site_id, *span, self.reason, self.approved_by)


KINDS: Mapping[str, type[Row]] = {"facilities": _FacilityRow, "prices": _PriceRow, "outages": _OutageRow}
"""Options of `onebook collector import` -> rows of the file."""


@dataclass(slots=True)
class Registers:
    """Rows by kind of file, each with its line."""

    rows: dict[str, Sequence[tuple[int, Any]]] = field(default_factory=dict)

    def read(self, kind: str, content: bytes) -> None:
        """Raises ConfigurationError with every problem."""
        self.rows[kind] = read_rows(content, KINDS[kind])

    def problems(
        self, connection: Connection, sites: Mapping[str, Site], items: Mapping[str, object]
    ) -> dict[str, list[str]]:
        """What does not fit the book (its sites, its items), or what is registered already, by kind of file."""
        known = registers.facilities(connection)
        found = {kind: list(self._unknown(kind, sites, items)) for kind in self.rows}
        for kind, names in (("facilities", ("site_id",)), ("prices", ("item", "valid_from"))):
            found.setdefault(kind, []).extend(_twice(self._of(kind), names))
        after = known | {row.site_id: row.facility() for _, row in self._of("facilities")}
        for line, row in self._of("facilities"):
            facility = after[row.site_id]
            found["facilities"] += [_at(line, one) for one in change_problems(known.get(row.site_id), facility)]
            found["facilities"] += [_at(line, one) for one in _place_problems(facility, after, sites)]
        return {kind: problems for kind, problems in found.items() if problems}

    def write(self, connection: Connection, *, by: str, now_ms: int) -> dict[str, int]:
        """Take all of it over; gives how many of each kind."""
        registers.put_facilities(
            connection, [row.facility() for _, row in self._of("facilities")], by=by, now_ms=now_ms
        )
        if self._of("prices"):
            prices = [Price(**row.model_dump()) for _, row in self._of("prices")]
            registers.put_prices(connection, prices, by=by, now_ms=now_ms)
        registers.put_outages(connection, [row.outage() for _, row in self._of("outages")], by=by, now_ms=now_ms)
        return {kind: len(rows) for kind, rows in self.rows.items()}

    def _of(self, kind: str) -> Sequence[tuple[int, Any]]:
        return self.rows.get(kind, ())

    def _unknown(self, kind: str, sites: Mapping[str, Site], items: Mapping[str, object]) -> Iterator[str]:
        for line, row in self._of(kind):
            if kind == "prices" and row.item not in items:
                yield _at(line, f"没有物资 {row.item} / no such item")
            if kind != "prices" and row.site_id not in sites:
                yield _at(line, f"没有仓库 {row.site_id} / no such site")


def _place_problems(facility: Facility, after: Mapping[str, Facility], sites: Mapping[str, Site]) -> Iterator[str]:
    """One facility of a place stands for it, and that one stands for itself."""
    if not facility.counts_with:
        return
    other = after.get(facility.counts_with)
    if other is None:
        yield f"counts_with: 没有登记 {facility.counts_with} / is no registered facility"
    elif other.counts_with or other.site_id == facility.site_id:
        yield f"counts_with: {other.site_id} 不代表自己 / does not stand for itself; name the one that counts"
    elif _division(sites, other.site_id) != _division(sites, facility.site_id):
        yield f"counts_with: {other.site_id} 在另一县 / stands in another county, so it is another place"


def _division(sites: Mapping[str, Site], site_id: str) -> str | None:
    return sites[site_id].division_code if site_id in sites else None


def _twice(rows: Sequence[tuple[int, Any]], names: Sequence[str]) -> Iterator[str]:
    first: dict[tuple[str, ...], int] = {}
    for line, row in rows:
        key = tuple(str(getattr(row, name)) for name in names)
        if key in first:
            yield _at(line, f"{' '.join(key)}: 与第 {first[key]} 行重复 / the same as line {first[key]}")
        first.setdefault(key, line)


def _at(line: int, problem: str) -> str:
    return f"第 {line} 行 / line {line}: {problem}"


def _milliseconds(moment: datetime) -> int:
    return int((moment if moment.tzinfo else moment.replace(tzinfo=BUSINESS_ZONE)).timestamp()) * 1_000
