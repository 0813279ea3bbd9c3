"""The CSV files from which the registry is filled: items, sites, edges. Each row is checked before any is taken over.

A file comes from a spreadsheet on somebody's desk: every problem is said at once, with its line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from onebook_collector.csv_text import read_back
from onebook_collector.errors import ConfigurationError
from onebook_collector.ledger.goods import Tracking
from onebook_collector.ledger.registry import MEASURED_UNITS, PACKAGES, Site
from onebook_schemas.identifiers import EdgeId, ItemCode, UnitCode

PROBLEMS_MAX = 20
Name = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Gtin13 = Annotated[str, StringConstraints(pattern=r"^([0-9]{8}|[0-9]{12,14})?$")]
SiteId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
"""Stands in addresses of pages, so it has no slash, dot or space."""
_ModelT = TypeVar("_ModelT", bound=BaseModel)
MayBeEmpty = BeforeValidator(lambda text: None if text == "" else text)
_Days = Annotated[Annotated[int, Field(ge=0, le=100_000)] | None, MayBeEmpty]
Degrees = Annotated[Annotated[float, Field(ge=-300, le=300, allow_inf_nan=False)] | None, MayBeEmpty]
Percent = Annotated[Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None, MayBeEmpty]
_PackSize = Annotated[Annotated[Decimal, Field(gt=0, le=1_000_000, decimal_places=6)] | None, MayBeEmpty]
_Grams = Annotated[Annotated[Decimal, Field(gt=0, le=1_000_000, decimal_places=3)] | None, MayBeEmpty]
_Longitude = Annotated[Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] | None, MayBeEmpty]
_Latitude = Annotated[Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None, MayBeEmpty]


class Row(BaseModel):
    model_config = ConfigDict(frozen=True)  # Columns that we do not know are the spreadsheet's own.


class _ItemRow(Row):
    code: ItemCode
    name_zh: Name
    name_en: Name
    pinyin_initials: Name
    category: Name
    category_zh: Name
    subcategory: Name
    subcategory_zh: Name
    unit_zh: Name
    unit_code: UnitCode
    tracking: Tracking
    shelf_life_days: _Days
    storage_class: Name
    temp_min_c: Degrees
    temp_max_c: Degrees
    rh_min_pct: Percent
    rh_max_pct: Percent
    pack_size: _PackSize
    pack_unit_zh: Name
    gtin13_example: _Gtin13
    pack_gtin14_example: _Gtin13
    hazmat: Literal["yes", "no", ""]
    reusable: Literal["yes", "no", ""]
    inspection_days: _Days
    piece_weight_g: _Grams = None

    @model_validator(mode="after")
    def _package_is_whole(self) -> _ItemRow:
        if self.pack_gtin14_example and (self.pack_size is None or self.pack_unit_zh not in PACKAGES):
            raise ValueError(f"a package with a GTIN needs pack_size, and a pack_unit_zh of {' '.join(PACKAGES)}")
        return self

    @model_validator(mode="after")
    def _only_pieces_are_counted_by_weight(self) -> _ItemRow:
        if self.piece_weight_g is not None and self.unit_code in MEASURED_UNITS:
            raise ValueError(
                f"piece_weight_g is the weight of one piece, and {self.unit_code} is not counted: leave it empty"
            )
        return self


class _SiteRow(Row):
    site_id: SiteId
    name_zh: Name
    name_en: Name
    division_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    lon: _Longitude
    lat: _Latitude


class _EdgeRow(Row):
    edge_id: EdgeId
    site_id: SiteId


def read_items(content: bytes) -> list[dict[str, str]]:
    """Rows for `registry.import_items`. Raises ConfigurationError."""
    return [row for _, row, _ in _read(content, _ItemRow)]


def read_sites(content: bytes) -> list[Site]:
    """Raises ConfigurationError."""
    return [Site(**site.model_dump()) for _, site in read_rows(content, _SiteRow)]


def read_edges(content: bytes) -> list[tuple[str, str]]:
    """(edge_id, site_id). Raises ConfigurationError."""
    return [(edge.edge_id, edge.site_id) for _, edge in read_rows(content, _EdgeRow)]


def read_rows(content: bytes, kind: type[_ModelT]) -> list[tuple[int, _ModelT]]:
    """Each row with its line. Raises ConfigurationError with every problem."""
    return [(line, one) for line, _, one in _read(content, kind)]


def _read(content: bytes, kind: type[_ModelT]) -> list[tuple[int, dict[str, str], _ModelT]]:
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        rows = [(reader.line_num, _read_back(row)) for row in reader]
        columns = reader.fieldnames or ()
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError([f"{error}. 需要 UTF-8 的 CSV / a CSV file in UTF-8 is needed."]) from error
    missing = [name for name, field in kind.model_fields.items() if field.is_required() and name not in columns]
    if missing:
        raise ConfigurationError([f"缺少列 / columns are missing: {', '.join(missing)}"])
    return _checked(rows, kind)


def _read_back(row: dict[str, str]) -> dict[str, str]:
    """People keep zeros with an apostrophe, and so do the files that we write ourselves. Cells without a column are a list."""
    return {name: read_back(cell) if isinstance(cell, str) else cell for name, cell in row.items()}


def _checked(
    rows: Sequence[tuple[int, Mapping[str, str]]], kind: type[_ModelT]
) -> list[tuple[int, dict[str, str], _ModelT]]:
    found, problems = [], []
    for line, row in rows:
        if None in row:  # So csv names what has no column.
            problems.append(f"第 {line} 行 / line {line}: row: 单元格多于列 / more cells than columns.")
            continue
        try:
            found.append((line, dict(row), kind.model_validate(row)))
        except ValidationError as error:
            for one in error.errors(include_url=False, include_input=False, include_context=False):
                place = ".".join(str(part) for part in one["loc"]) or "row"
                problems.append(f"第 {line} 行 / line {line}: {place}: {one['msg']}. 请更正 / correct it.")
    if problems:
        more = len(problems) - PROBLEMS_MAX
        raise ConfigurationError(problems[:PROBLEMS_MAX] + ([f"… 还有 {more} 处 / {more} more"] if more > 0 else []))
    return found
