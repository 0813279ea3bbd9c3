"""What is true, whatever any program believes: what an event means, what a card has committed, what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from onebook_schemas.envelope import TelemetryEvent
from onebook_schemas.sensor_events import SampleSeries, SamplesTaken, TelemetryThinned

StockKey = tuple[str, str, str]  # account code, item code, lot number
_FACT = b'"fact":'


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the truth says about a journal event: whether it can be booked, and what it does to the world outside."""

    damaged: bool = False
    legs: Mapping[StockKey, int] = field(default_factory=dict)
    happened_at_ms: int = 0  # True Unix time.


UNHARMED = Meaning()


@dataclass(slots=True)
class JournalTruth:
    """What cards have committed under one key. More than one content for a sequence: the log is forked in truth."""

    contents: dict[int, dict[bytes, bytes]] = field(default_factory=dict)  # sequence -> chain hash -> body
    forked: bool = False


def token_of(body: bytes) -> bytes:
    """The fact: what makes an event itself, wherever it stands. No two facts of a world are alike."""
    return body[body.index(_FACT) + len(_FACT) : -1]


def samples_in(event: TelemetryEvent | None) -> int:
    match event.fact if event else None:
        case SamplesTaken(series=series):
            return sum(len(one.values) for one in series)
        case TelemetryThinned(samples_dropped=dropped):
            return dropped or 0
        case _:
            return 0


def extremes_of(events: Iterable[TelemetryEvent | None]) -> dict[tuple[str, str], tuple[float, float]]:
    """Lowest and highest value of each quantity of each device."""
    found: dict[tuple[str, str], tuple[float, float]] = {}
    for series in (one for event in events for one in _series_of(event)):
        values = [value for value in series.values if value is not None]
        if values:
            low, high = found.get((series.device, series.quantity), (values[0], values[0]))
            found[series.device, series.quantity] = (min(low, *values), max(high, *values))
    return found


def _series_of(event: TelemetryEvent | None) -> Sequence[SampleSeries]:
    match event.fact if event else None:
        case SamplesTaken(series=series) | TelemetryThinned(extremes=series):
            return series
        case _:
            return ()
