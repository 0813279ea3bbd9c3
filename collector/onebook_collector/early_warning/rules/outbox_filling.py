"""The outbox of an edge fills up: it cannot deliver, or not fast enough. Having lost telemetry is as bad as being nearly full."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, Field

from onebook_collector.early_warning.facts import Fact, OutboxLevel, TelemetryLost
from onebook_collector.early_warning.rule import Change, Cleared, EarlyWarning, Kind, Raised, Severity, Subject

# From bad to worse; a warning is raised again only when it climbs.
_GRADES = ("outbox_filling", "outbox_nearly_full", "telemetry_lost")
_LOST = 2


class OutboxFillingLimits(BaseModel):
    """Shares of the edge's disk budget."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    filling: float = Field(default=0.7, gt=0, le=1, description="share from which it is a warning")
    nearly_full: float = Field(default=0.9, gt=0, le=1, description="share from which it is high")
    clear_below: float = Field(default=0.6, gt=0, le=1, description="share below which the warning closes")


@dataclass(frozen=True, slots=True)
class Outbox:
    newest_ms: int = 0  # What is older comes from a backlog, and says nothing of now.
    open_grade: int | None = None


class OutboxFilling:
    kinds = frozenset({Kind.OUTBOX_FILLING})

    def __init__(self, limits: OutboxFillingLimits) -> None:
        self._limits = limits

    def subjects(self, fact: Fact, watched: Iterable[Subject]) -> Iterable[Subject]:
        return (Subject(fact.edge_id),) if isinstance(fact, OutboxLevel | TelemetryLost) else ()

    def begin(self, subject: Subject, open_now: Mapping[Kind, EarlyWarning], now_ms: int) -> Outbox:
        warning = open_now.get(Kind.OUTBOX_FILLING)
        return Outbox() if warning is None else Outbox(open_grade=_GRADES.index(warning.raised.text))

    def judge(self, state: Outbox, fact: Fact, now_ms: int) -> tuple[Outbox, list[Change]]:
        match fact:
            case TelemetryLost():
                return _climb(state, _LOST, {"events": fact.events})
            case OutboxLevel() if fact.at_ms >= state.newest_ms:
                return self._judge_level(replace(state, newest_ms=fact.at_ms), fact.used_bytes / fact.budget_bytes)
        return state, []

    def _judge_level(self, state: Outbox, used: float) -> tuple[Outbox, list[Change]]:
        if used >= self._limits.filling:
            return _climb(state, 1 if used >= self._limits.nearly_full else 0, {"used_pct": used * 100})
        if state.open_grade is not None and used < self._limits.clear_below:
            return replace(state, open_grade=None), [Cleared(Kind.OUTBOX_FILLING, "outbox_drained")]
        return state, []


def _climb(state: Outbox, grade: int, values: Mapping[str, float]) -> tuple[Outbox, list[Change]]:
    if state.open_grade is not None and grade <= state.open_grade:
        return state, []
    severity = Severity.WARNING if grade == 0 else Severity.HIGH
    return replace(state, open_grade=grade), [Raised(Kind.OUTBOX_FILLING, severity, _GRADES[grade], values)]
