"""An edge gives no sign of life.

Stale (no word for more than an hour) is a warning, dark (more than four) is high: a county must deliver within four hours.
After the collector has started, nobody is silent before the grace has passed: edges need a moment to come back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, Field

from onebook_collector.early_warning.facts import EdgeKnown, Fact, SignOfLife, TimePassed
from onebook_collector.early_warning.rule import Change, Cleared, EarlyWarning, Kind, Raised, Severity, Subject


class EdgeSilentLimits(BaseModel):
    """How long an edge may say nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    late_ms: int = Field(default=60 * 60_000, gt=0, description="the longest silence that is merely late")
    stale_ms: int = Field(default=4 * 3_600_000, gt=0, description="the longest silence that is merely stale")
    grace_ms: int = Field(default=10 * 60_000, ge=0, description="after the collector's start, before anyone is silent")


@dataclass(frozen=True, slots=True)
class Silence:
    watched_from_ms: int
    heard_ms: int | None = None  # None: nothing is known from before the watch began.
    open: Severity | None = None


class EdgeSilent:
    kinds = frozenset({Kind.EDGE_SILENT})

    def __init__(self, limits: EdgeSilentLimits) -> None:
        self._limits = limits

    def subjects(self, fact: Fact, watched: Iterable[Subject]) -> Iterable[Subject]:
        if isinstance(fact, TimePassed):
            return watched
        return (Subject(fact.edge_id),) if isinstance(fact, EdgeKnown | SignOfLife) else ()

    def begin(self, subject: Subject, open_now: Mapping[Kind, EarlyWarning], now_ms: int) -> Silence:
        warning = open_now.get(Kind.EDGE_SILENT)
        if warning is None:
            return Silence(now_ms)
        return Silence(now_ms, int(warning.raised.values["silent_since_at"]), warning.severity)

    def judge(self, state: Silence, fact: Fact, now_ms: int) -> tuple[Silence, list[Change]]:
        match fact:
            case SignOfLife():
                changes: list[Change] = [Cleared(Kind.EDGE_SILENT, "edge_spoke")] if state.open else []
                return replace(state, heard_ms=now_ms, open=None), changes
            case EdgeKnown(heard_ms=heard_ms) if state.heard_ms is None:
                return replace(state, heard_ms=heard_ms), []
            case TimePassed() if now_ms - state.watched_from_ms >= self._limits.grace_ms:
                return self._judge_silence(state, now_ms)
        return state, []

    def _judge_silence(self, state: Silence, now_ms: int) -> tuple[Silence, list[Change]]:
        since_ms = state.watched_from_ms if state.heard_ms is None else state.heard_ms
        silence_ms = now_ms - since_ms
        if silence_ms <= self._limits.late_ms:
            return state, []
        is_dark = silence_ms > self._limits.stale_ms
        severity, text = (Severity.HIGH, "edge_dark") if is_dark else (Severity.WARNING, "edge_stale")
        if state.open is not None and severity <= state.open:
            return state, []
        raised = Raised(Kind.EDGE_SILENT, severity, text, {"silent_since_at": since_ms})
        return replace(state, open=severity), [raised]
