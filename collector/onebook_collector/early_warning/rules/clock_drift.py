"""The clock of an edge is wrong, or follows no time server. Judged by live messages only: they are not held up by a backlog.

It must last a while: a box that has just started is not synchronised yet, and a message may be held up on its way once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, Field

from onebook_collector.early_warning.facts import ClockSeen, Fact
from onebook_collector.early_warning.rule import Change, Cleared, EarlyWarning, Kind, Raised, Severity, Subject


class ClockDriftLimits(BaseModel):
    """How far the clock of an edge may be from the collector's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    drift_ms: int = Field(default=30_000, gt=0, description="difference that is still in order")
    high_ms: int = Field(default=5 * 60_000, gt=0, description="difference beyond which it is high")
    lasting_ms: int = Field(default=2 * 60_000, ge=0, description="how long it must last")


@dataclass(frozen=True, slots=True)
class Drift:
    wrong_since_ms: int | None = None
    open: Severity | None = None


class ClockDrift:
    kinds = frozenset({Kind.CLOCK_DRIFT})

    def __init__(self, limits: ClockDriftLimits) -> None:
        self._limits = limits

    def subjects(self, fact: Fact, watched: Iterable[Subject]) -> Iterable[Subject]:
        return (Subject(fact.edge_id),) if isinstance(fact, ClockSeen) else ()

    def begin(self, subject: Subject, open_now: Mapping[Kind, EarlyWarning], now_ms: int) -> Drift:
        warning = open_now.get(Kind.CLOCK_DRIFT)
        return Drift() if warning is None else Drift(warning.opened_ms, warning.severity)

    def judge(self, state: Drift, fact: Fact, now_ms: int) -> tuple[Drift, list[Change]]:
        if not isinstance(fact, ClockSeen):
            return state, []
        drift_ms = fact.wall_ms - fact.received_ms
        if fact.synchronised and abs(drift_ms) <= self._limits.drift_ms:
            return Drift(), [Cleared(Kind.CLOCK_DRIFT, "clock_right")] if state.open else []
        since_ms = fact.received_ms if state.wrong_since_ms is None else state.wrong_since_ms
        state = replace(state, wrong_since_ms=since_ms)
        severity = Severity.HIGH if abs(drift_ms) > self._limits.high_ms else Severity.WARNING
        has_lasted = fact.received_ms - since_ms >= self._limits.lasting_ms
        if not has_lasted or (state.open is not None and severity <= state.open):
            return state, []
        text = "clock_drift" if fact.synchronised else "clock_unsynchronised"
        raised = Raised(Kind.CLOCK_DRIFT, severity, text, {"drift_s": drift_ms / 1_000})
        return replace(state, open=severity), [raised]
