"""The outline of the province's prefectures, from GeoJSON to a drawing. Pure.

Longitude is shortened by the cosine of the middle latitude, which is good enough for one province; frames that differ by some
hundred metres (GCJ-02, WGS-84) do not show at this scale.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

from pydantic import BaseModel, Field, ValidationError

from onebook_collector.errors import ConfigurationError
from onebook_schemas.encoding import explain

WIDTH = 2_000  # Units of the drawing.
_MARGIN = 40
_TOLERANCE = 1.5  # A line that misses a point by less is as good.
_AREA_MIN = 6.0  # A smaller island is not seen.


class Point(NamedTuple):
    x: float
    y: float


class City(NamedTuple):
    """`code`: of the prefecture, six digits; `path`: for SVG; `middle`: where its name stands."""

    code: str
    path: str
    middle: Point


_Ring: TypeAlias = list[tuple[float, float]]


class _Polygon(BaseModel):
    type: Literal["Polygon"]
    coordinates: list[_Ring]

    @property
    def rings(self) -> Iterator[_Ring]:
        yield from self.coordinates


class _MultiPolygon(BaseModel):
    type: Literal["MultiPolygon"]
    coordinates: list[list[_Ring]]

    @property
    def rings(self) -> Iterator[_Ring]:
        for polygon in self.coordinates:
            yield from polygon


class _Properties(BaseModel):
    code: str = Field(pattern=r"^\d{6}$")


class _Feature(BaseModel):
    properties: _Properties
    geometry: _Polygon | _MultiPolygon = Field(discriminator="type")


class _Collection(BaseModel):
    features: list[_Feature] = Field(min_length=1, max_length=100)


@dataclass(frozen=True, slots=True)
class Outline:
    """A drawing of `WIDTH` by `height` units, and how degrees come onto it."""

    height: int
    west: float
    north: float
    units_per_degree: float
    shortened: float
    cities: tuple[City, ...] = ()

    def place(self, lon: float, lat: float) -> Point:
        x = (lon - self.west) * self.shortened * self.units_per_degree + _MARGIN
        return Point(round(x, 1), round((self.north - lat) * self.units_per_degree + _MARGIN, 1))


def outline_of(geojson: bytes) -> Outline:
    """Raises ConfigurationError when this is no GeoJSON of prefectures with their `code`."""
    try:
        features = _Collection.model_validate_json(geojson).features
    except ValidationError as error:
        advice = "需要地级市边界的 GeoJSON / GeoJSON of the prefectures is needed, each with its code"
        raise ConfigurationError([f"map.outline_file: {explain(error)}. {advice}."]) from error
    frame = _frame(point for feature in features for ring in feature.geometry.rings for point in ring)
    return replace(frame, cities=tuple(_city(feature, frame) for feature in features))


def _frame(points: Iterable[tuple[float, float]]) -> Outline:
    lons, lats = zip(*points, strict=True)
    west, east, south, north = min(lons), max(lons), min(lats), max(lats)
    shortened = math.cos(math.radians((south + north) / 2))
    units = (WIDTH - 2 * _MARGIN) / ((east - west) * shortened)
    return Outline(math.ceil((north - south) * units) + 2 * _MARGIN, west, north, units, shortened)


def _city(feature: _Feature, frame: Outline) -> City:
    rings = [[frame.place(*one) for one in ring] for ring in feature.geometry.rings]
    middle = _middle(max(rings, key=lambda ring: abs(_area(ring))))
    return City(feature.properties.code, "".join(map(_ring_path, rings)), middle)


def _ring_path(ring: Sequence[Point]) -> str:
    if abs(_area(ring)) < _AREA_MIN:
        return ""
    return "M" + "L".join(f"{point.x:.0f} {point.y:.0f}" for point in _simplified(ring)[:-1]) + "Z"


def _area(ring: Sequence[Point]) -> float:
    return sum(one.x * other.y - other.x * one.y for one, other in pairwise(ring)) / 2


def _middle(ring: Sequence[Point]) -> Point:
    """Where the land of a ring balances."""
    x = y = 0.0
    for one, other in pairwise(ring):
        turn = one.x * other.y - other.x * one.y
        x, y = x + (one.x + other.x) * turn, y + (one.y + other.y) * turn
    area = 6 * _area(ring)
    return Point(round(x / area, 1), round(y / area, 1)) if area else ring[0]


def _simplified(ring: Sequence[Point]) -> list[Point]:
    """Douglas and Peucker's way, without recursion: keep the point that is missed most, until none is missed by much."""
    kept, spans = {0, len(ring) - 1}, [(0, len(ring) - 1)]
    while spans:
        first, last = spans.pop()
        missed, at = max(
            ((_distance(ring[n], ring[first], ring[last]), n) for n in range(first + 1, last)), default=(0.0, 0)
        )
        if missed > _TOLERANCE:
            kept.add(at)
            spans += [(first, at), (at, last)]
    return [ring[n] for n in sorted(kept)]


def _distance(point: Point, first: Point, last: Point) -> float:
    along = Point(last.x - first.x, last.y - first.y)
    length = math.hypot(*along)
    if not length:  # A ring begins where it ends.
        return math.hypot(point.x - first.x, point.y - first.y)
    return abs(along.x * (first.y - point.y) - along.y * (first.x - point.x)) / length
