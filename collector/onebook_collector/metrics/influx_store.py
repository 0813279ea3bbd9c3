"""Time series in VictoriaMetrics, for a province that outgrows one file. Written as InfluxDB line protocol, read by export.

Nothing lost. The server acknowledges what it holds in memory, and a SIGKILL costs it seconds; its flush for searches does not
change that. So `write` makes it take a snapshot, which puts everything on disk, deletes the snapshot and only then returns:
the edge deletes after that. (A watermark that stays behind by a minute would need the readings of that minute kept somewhere.)
The server answers 204 even for lines that it drops; `influx_lines.py` sends none that it would: no break inside a line, and
`points_of` dates nothing into the future.

Nothing doubled. The server must run WITHOUT `-dedup.minScrapeInterval`: of two readings in one millisecond that would keep the
higher. A repeated write is stored twice and read once, because reading takes equal (series, time, value, quality) for the same
statement. What this cannot see is a repeat that is dated differently: after a crash between this write and the commit of the
cursor, a reading with unknown time may be shown at both times of receipt. `SqliteStore` has no such gap.

The server keeps everything for its `-retentionPeriod`; set 100y, as one sample takes about a byte. Buckets are computed from raw
samples, a week at a time.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import urllib.parse
import urllib.request
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from onebook_collector.clock import CLOCK_ALLOWANCE_MS, Clock
from onebook_collector.errors import RetryableError
from onebook_collector.metrics.influx_lines import MISSING, VALUE, lines_of, newest_in, points_in, series_of, thinned_in
from onebook_collector.metrics.rollup import HOUR_MS, MINUTE_MS, Bucket, fold, merge, whole_buckets
from onebook_collector.metrics.sample import EventSamples, Point, Series, ThinnedRange
from onebook_collector.metrics.store import FilledSlots

if TYPE_CHECKING:
    from influxdb_client.client.influxdb_client import InfluxDBClient

_TIMEOUT_S = 30
_WEEK_MS = 7 * 24 * HOUR_MS
_LATEST_WINDOW = "90d"


class InfluxStore:
    """Talks to one server. A call is a few requests, made in a worker thread."""

    def __init__(self, url: str, clock: Clock, *, token: str = "", bucket: str = "onebook") -> None:
        """Opens no connection. VictoriaMetrics itself asks for no token and knows no buckets; a proxy before it may."""
        self._url, self._clock, self._token, self._bucket = url.rstrip("/"), clock, token, bucket
        self._client: InfluxDBClient | None = None

    async def close(self) -> None:
        if self._client is not None:
            await asyncio.to_thread(self._client.close)

    async def write(self, events: Sequence[EventSamples]) -> None:
        lines = [line for event in events for line in lines_of(event)]
        if lines:
            await asyncio.to_thread(self._send, lines)
            await asyncio.to_thread(self._put_on_disk)

    async def read(
        self, edge_id: str, device: str, quantity: str, from_ms: int, until_ms: int, *, unit: str | None = None
    ) -> list[Point]:
        selector = _selector(edge=edge_id, device=device, quantity=quantity, unit=unit)
        points = await asyncio.to_thread(self._export, selector, from_ms, until_ms)
        if unit is None and points:
            newest = points[-1].series
            points = [point for point in points if point.series == newest]
        return points

    async def read_buckets(
        self,
        edge_id: str,
        device: str,
        quantity: str,
        from_ms: int,
        until_ms: int,
        resolution_ms: int,
        *,
        unit: str | None = None,
    ) -> list[Bucket]:
        begin_ms, end_ms = whole_buckets(from_ms, until_ms, resolution_ms)
        folded: list[Bucket] = []
        for week_ms in reversed(range(begin_ms, end_ms, _WEEK_MS)):
            week_end_ms = min(week_ms + _WEEK_MS, end_ms)
            points = await self.read(edge_id, device, quantity, week_ms, week_end_ms, unit=unit)
            unit = points[-1].series.unit if points else unit  # The newest one, also for the weeks before.
            folded += fold(((point.at_ms, point.value) for point in points), resolution_ms)
        return merge(folded, resolution_ms)

    async def filled_slots(self, from_ms: int, until_ms: int, slot_ms: int) -> FilledSlots:
        """A few requests for each series: for once a day."""
        found: dict[tuple[str, str, str], set[int]] = {}
        for edge_id, device, quantity, unit in await self.series():
            minutes = await self.read_buckets(edge_id, device, quantity, from_ms, until_ms, MINUTE_MS, unit=unit)
            slots = {(one.from_ms - from_ms) // slot_ms for one in minutes}
            if slots:
                found.setdefault((edge_id, device, quantity), set()).update(slots)
        return {key: len(slots) for key, slots in found.items()}

    async def latest(self, edge_id: str | None = None) -> list[Point]:
        """Of the last 90 days."""
        window = f"{_selector(edge=edge_id)}[{_LATEST_WINDOW}]"
        at_s = (self._clock.now_ms() + CLOCK_ALLOWANCE_MS) / 1_000
        times, values = await asyncio.gather(
            asyncio.to_thread(self._query, f"tlast_over_time({window}) keep_metric_names", at_s),
            asyncio.to_thread(self._query, f"last_over_time({window})", at_s),
        )
        return newest_in(times, values)

    async def series(self) -> list[Series]:
        far_ms = self._clock.now_ms() + CLOCK_ALLOWANCE_MS
        found = await asyncio.to_thread(self._get, "/api/v1/series", _span(_selector(), 0, far_ms))
        return sorted({series_of(labels) for labels in json.loads(found)["data"]})

    async def thinned(self, edge_id: str, from_ms: int, until_ms: int) -> list[ThinnedRange]:
        far_ms = self._clock.now_ms() + CLOCK_ALLOWANCE_MS
        selector = f'{{__name__=~"onebook_thinned_.+",edge="{edge_id}"}}'
        exported = await asyncio.to_thread(self._get, "/api/v1/export", _span(selector, 0, far_ms))
        ranges = thinned_in(json.loads(line) for line in exported.splitlines())
        return [thinned for thinned in ranges if thinned.from_ms < until_ms and thinned.until_ms >= from_ms]

    async def enforce_retention(self, now_ms: int) -> None:
        """Nothing to do: the server forgets by its own `-retentionPeriod`."""

    # Requests, in a worker thread -------------------------------------------------------------------------------

    def _send(self, lines: list[str]) -> None:
        # Imported here: it costs 40 MB that a collector with SQLite never needs.
        from influxdb_client.client.exceptions import InfluxDBError
        from influxdb_client.client.influxdb_client import InfluxDBClient
        from influxdb_client.client.write_api import SYNCHRONOUS
        from urllib3.exceptions import HTTPError

        if self._client is None:
            self._client = InfluxDBClient(self._url, self._token, org="onebook", timeout=_TIMEOUT_S * 1_000)
        try:
            with self._client.write_api(write_options=SYNCHRONOUS) as writing:
                writing.write(self._bucket, record="\n".join(lines))
        except (InfluxDBError, HTTPError) as error:
            raise RetryableError(f"{self._url} did not take {len(lines)} lines: {error}") from error

    def _put_on_disk(self) -> None:
        snapshot = json.loads(self._get("/snapshot/create", {}))["snapshot"]
        self._get("/snapshot/delete", {"snapshot": snapshot})

    def _export(self, selector: str, from_ms: int, until_ms: int) -> list[Point]:
        exported = self._get("/api/v1/export", _span(selector, from_ms, until_ms))
        points = points_in(json.loads(line) for line in exported.splitlines())
        return [point for point in points if from_ms <= point.at_ms < until_ms]

    def _query(self, query: str, at_s: float) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(
            self._get("/api/v1/query", {"query": query, "time": f"{at_s:.3f}", "nocache": "1"})
        )["data"]["result"]
        return found

    def _get(self, path: str, parameters: dict[str, str]) -> bytes:
        request = urllib.request.Request(f"{self._url}{path}?{urllib.parse.urlencode(parameters)}")
        if self._token:
            request.add_header("Authorization", f"Token {self._token}")
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
                body: bytes = answer.read()
        except (OSError, http.client.HTTPException) as error:  # URLError is an OSError.
            raise RetryableError(f"{self._url}{path}: {error}") from error
        return body


def _selector(**labels: str | None) -> str:
    matchers = [f'__name__=~"{VALUE}|{MISSING}"', *(f'{name}="{text}"' for name, text in labels.items() if text)]
    return "{" + ",".join(matchers) + "}"


def _span(selector: str, from_ms: int, until_ms: int) -> dict[str, str]:
    """A millisecond more on each side: the server reads seconds with a fraction and rounds them down; 0 means "not given"."""
    return {
        "match[]": selector,
        "start": f"{max(from_ms - 1, 1_000) / 1_000:.3f}",
        "end": f"{(until_ms + 1) / 1_000:.3f}",
    }
