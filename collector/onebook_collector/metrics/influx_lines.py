"""Samples <-> InfluxDB line protocol, and back from what VictoriaMetrics makes of it. Pure.

    onebook,edge=...,device=...,quantity=...,unit=...[,quality=...] value=21.5 <ns>      ->  onebook_value{...}
    onebook,edge=...,...,quality=... missing=1 <ns>                                      ->  onebook_missing{...}
    onebook_thinned,edge=...,epoch=...,first=...,through=... from_ms=...,... <ns>        ->  onebook_thinned_from_ms{...} ...

Identifiers need no escaping. The text of a quality is percent-encoded,
because a line that is broken is dropped with status 204.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Any
from urllib.parse import quote, unquote

from onebook_collector.metrics.sample import GOOD, EventSamples, Point, SampleBlock, Series, ThinnedRange

VALUE, MISSING = "onebook_value", "onebook_missing"
_THINNED_FIELDS = ("from_ms", "until_ms", "samples_dropped", "events_dropped")

_NS_PER_MS = 1_000_000
_STRIDE = 10_007  # Prime, and above the samples that a series may hold in one event.


def lines_of(event: EventSamples) -> Iterator[str]:
    """What an event says, a line for each sample; the same lines each time."""
    for block in event.blocks:
        yield from _block_lines(block, event.through)
    if event.thinned is not None:
        yield _thinned_line(event.thinned, event.received_ms)


def points_in(exported: Iterable[Mapping[str, Any]]) -> list[Point]:
    """Points of exported metrics, in order of time. What was written twice comes back once."""
    found = {
        _point(metric["metric"], at_ms, value)
        for metric in exported
        for at_ms, value in zip(metric["timestamps"], metric["values"], strict=True)
    }
    return sorted(found, key=_by_time)


def newest_in(times: Iterable[Mapping[str, Any]], values: Iterable[Mapping[str, Any]]) -> list[Point]:
    """The newest point of each series, from the answers to two queries: when its last sample was, and what it said."""
    at_s = {frozenset(metric["metric"].items()): float(metric["value"][1]) for metric in times}
    newest: dict[Series, Point] = {}
    for metric in values:
        labels, (_, value) = metric["metric"], metric["value"]
        point = _point(labels, round(at_s[frozenset(labels.items())] * 1_000), value)
        newest[point.series] = max(newest.get(point.series, point), point, key=_by_time)
    return sorted(newest.values(), key=lambda point: point.series)


def series_of(labels: Mapping[str, str]) -> Series:
    return Series(labels["edge"], labels["device"], labels["quantity"], labels["unit"])


def thinned_in(exported: Iterable[Mapping[str, Any]]) -> list[ThinnedRange]:
    """Ranges of exported metrics; one that grew replaces the one that began at the same sequence."""
    fields_of: dict[tuple[int, int, str, str], dict[str, Any]] = {}
    for metric in exported:
        labels = metric["metric"]
        key = int(labels["through"]), int(labels["first"]), labels["edge"], labels["epoch"]
        name = labels["__name__"].removeprefix("onebook_thinned_")
        fields_of.setdefault(key, {"samples_dropped": None})[name] = int(metric["values"][-1])
    grown: dict[tuple[str, str, int], ThinnedRange] = {}
    for (through, first, edge_id, epoch), fields in sorted(fields_of.items(), key=itemgetter(0)):
        grown[edge_id, epoch, first] = ThinnedRange(edge_id, epoch, first, through, **fields)
    return sorted(grown.values(), key=lambda thinned: (thinned.from_ms, thinned.first_sequence))


def _block_lines(block: SampleBlock, sequence: int) -> Iterator[str]:
    series = block.series
    tags = f"onebook,edge={series.edge_id},device={series.device},quantity={series.quantity},unit={series.unit}"
    for n, (at_ms, value) in enumerate(zip(block.at_ms, block.values, strict=True)):
        quality = f",quality={quote(block.quality[n], safe='')}" if n in block.quality else ""
        field = "missing=1" if value is None else f"value={value!r}"
        # InfluxDB overwrites a point at the same nanosecond, so the source decides which one of its millisecond it takes.
        # VictoriaMetrics drops the digits below the millisecond and keeps both anyhow.
        ns = at_ms * _NS_PER_MS + (sequence * _STRIDE + block.first_position + n) % _NS_PER_MS
        yield f"{tags}{quality} {field} {ns}"


def _thinned_line(thinned: ThinnedRange, received_ms: int) -> str:
    """Dated by its receipt: the times that it tells of may be wrong, and the server drops what it finds absurd."""
    log = f"edge={thinned.edge_id},epoch={thinned.epoch}"
    fields = ((name, getattr(thinned, name)) for name in _THINNED_FIELDS)
    said = ",".join(f"{name}={number}" for name, number in fields if number is not None)
    return f"onebook_thinned,{log},first={thinned.first_sequence},through={thinned.through} {said} {received_ms * _NS_PER_MS}"


def _point(labels: Mapping[str, str], at_ms: int, value: float | str) -> Point:
    quality = unquote(labels.get("quality", GOOD))
    return Point(series_of(labels), at_ms, None if labels["__name__"] == MISSING else float(value), quality)


def _by_time(point: Point) -> tuple[int, bool, float]:
    return point.at_ms, point.value is not None, point.value or 0.0
