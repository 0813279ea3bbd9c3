"""What a metrics store promises. `tests/contract/test_metrics_store.py` holds every store to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from onebook_collector.metrics.rollup import Bucket
from onebook_collector.metrics.sample import EventSamples, Point, Series, ThinnedRange

FilledSlots = Mapping[tuple[str, str, str], int]
"""(edge, device, quantity) -> in how many slots of time it was measured."""


class Retention(BaseModel):
    """How long samples and their roll-ups are kept. Hours are kept for ever."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    raw_days: int = Field(default=90, ge=1, description="days that every single sample is kept")
    minutes_days: int = Field(default=400, ge=1, description="days that buckets of one minute are kept")


class MetricsStore(Protocol):
    """Time series. All methods raise RetryableError when the database does not answer."""

    async def write(self, events: Sequence[EventSamples]) -> None:
        """Keep events. Returns when they survive a power cut: the edge may delete them afterwards.

        An event that was written before changes nothing. Two readings that share a time are both kept.
        """
        ...

    async def read(
        self, edge_id: str, device: str, quantity: str, from_ms: int, until_ms: int, *, unit: str | None = None
    ) -> list[Point]:
        """The points in [from, until), in order of time.

        Where a device has changed its unit, the newest series is read unless `unit` names another.
        """
        ...

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
        """The buckets that [from, until) touches, each of them whole, without those that hold no value."""
        ...

    async def filled_slots(self, from_ms: int, until_ms: int, slot_ms: int) -> FilledSlots:
        """Of every quantity, in how many slots of [from, until) it has a value. A slot is some whole minutes."""
        ...

    async def latest(self, edge_id: str | None = None) -> list[Point]:
        """The newest point of every series, of one edge or of all."""
        ...

    async def series(self) -> list[Series]:
        """Everything that was ever measured, sorted."""
        ...

    async def thinned(self, edge_id: str, from_ms: int, until_ms: int) -> list[ThinnedRange]:
        """The gaps that an edge admitted to and that overlap [from, until)."""
        ...

    async def enforce_retention(self, now_ms: int) -> None:
        """Delete what is too old. Call it every hour or so."""
        ...

    async def close(self) -> None: ...
