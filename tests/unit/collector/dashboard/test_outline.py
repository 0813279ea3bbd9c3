"""From GeoJSON to a drawing."""

from __future__ import annotations

import json
import re

import pytest

from onebook_collector.dashboard.outline import WIDTH, Outline, Point, outline_of
from onebook_collector.errors import ConfigurationError
from onebook_collector.reference import read_divisions, read_outline


def square(west: float, south: float, size: float) -> list[list[float]]:
    corners = [(0, 0), (size, 0), (size, size), (0, size), (0, 0)]
    return [[west + x, south + y] for x, y in corners]


def geojson(**geometry: object) -> bytes:
    return json.dumps({"features": [{"properties": {"code": "330100"}, "geometry": geometry}]}).encode()


def points(outline: Outline) -> list[tuple[int, int]]:
    return [(int(x), int(y)) for x, y in re.findall(r"(\d+) (\d+)", outline.cities[0].path)]


def test_a_square_at_the_equator_is_a_square_with_north_on_top() -> None:
    outline = outline_of(geojson(type="Polygon", coordinates=[square(120, -1, 2)]))
    assert abs(outline.height - WIDTH) <= 1
    assert points(outline) == [(40, 1960), (1960, 1960), (1960, 40), (40, 40)]
    assert outline.cities[0].middle == Point(1000, 1000)
    assert outline.place(121, 0) == Point(1000, 1000)


def test_far_from_the_equator_a_degree_of_longitude_is_shorter() -> None:
    outline = outline_of(geojson(type="Polygon", coordinates=[square(120, 59, 2)]))
    assert outline.height / WIDTH == pytest.approx(2, rel=0.03)  # cos 60° = 1/2.


def test_points_on_a_line_and_islands_that_nobody_sees_are_left_out() -> None:
    land = square(120, 0, 2)
    land.insert(1, [121, 0.0001])
    outline = outline_of(geojson(type="MultiPolygon", coordinates=[[land], [square(119.9, 0, 0.001)]]))
    assert len(points(outline)) == 4


def test_the_name_stands_on_the_largest_land() -> None:
    outline = outline_of(geojson(type="MultiPolygon", coordinates=[[square(120, 0, 0.5)], [square(122, 0, 2)]]))
    assert outline.place(123, 1) == outline.cities[0].middle


def test_the_outline_that_comes_along_has_every_prefecture_and_is_light() -> None:
    outline = outline_of(read_outline())
    prefectures = {row["code"] for row in read_divisions() if row["level"] == "prefecture"}
    assert {city.code for city in outline.cities} == prefectures
    assert sum(len(city.path) for city in outline.cities) < 60_000
    for row in read_divisions():
        at = outline.place(float(row["lon"]), float(row["lat"]))
        assert 0 < at.x < WIDTH
        assert 0 < at.y < outline.height


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b'{"features": []}',
        geojson(type="Point", coordinates=[1, 2]),
        geojson(type="Polygon", coordinates=1),
    ],
    ids=["no JSON", "a list", "nothing", "a point", "no rings"],
)
def test_what_is_no_outline_is_refused_with_what_is_needed(content: bytes) -> None:
    with pytest.raises(ConfigurationError, match=r"map\.outline_file.*GeoJSON"):
        outline_of(content)
