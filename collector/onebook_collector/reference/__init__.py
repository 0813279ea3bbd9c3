"""Reference data that comes with the collector: item catalogue, divisions and outline of the province. See NOTICE.md."""

from __future__ import annotations

import csv
from importlib.resources import files


def read_catalogue() -> list[dict[str, str]]:
    """The rows of catalogue.csv; an empty text where nothing is known."""
    return _rows("catalogue.csv")


def read_divisions() -> list[dict[str, str]]:
    """The rows of divisions.csv: the province, its prefectures and counties."""
    return _rows("divisions.csv")


def read_outline() -> bytes:
    """The prefectures as GeoJSON, each with its `code`. It has no map approval number: not for a public display."""
    return files(__name__).joinpath("zhejiang.geojson").read_bytes()


def _rows(name: str) -> list[dict[str, str]]:
    text = files(__name__).joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
