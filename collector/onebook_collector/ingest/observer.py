"""Whoever wants to know what the ingest has seen: screens, warnings. Told after the fact, never asked."""

from __future__ import annotations

from typing import Protocol

from onebook_collector.ingest.book_uploads import Booked
from onebook_collector.metrics.sample import EventSamples
from onebook_schemas.envelope import TelemetryEvent
from onebook_schemas.remote_care import Reply
from onebook_schemas.uplink import EdgeState, Live


class IngestObserver(Protocol):
    def see_live(self, live: Live, received_ms: int) -> None: ...

    def see_state(self, state: EdgeState, received_ms: int, *, retained: bool) -> None: ...

    def see_telemetry(self, event: TelemetryEvent, samples: EventSamples, received_ms: int) -> None:
        """An event whose points are being written. It may be seen again after a crash."""
        ...

    def see_reply(self, reply: Reply, received_ms: int) -> None:
        """What an edge said to a configuration or a command."""
        ...

    def see_booked(self, booked: Booked) -> None:
        """An upload after its commit."""
        ...
