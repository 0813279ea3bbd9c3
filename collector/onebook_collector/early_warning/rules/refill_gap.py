"""An edge had to let go journal events that the last backup does not hold yet: were the centre restored from it now, nobody could
bring them back. That is so when the edge's disk budget is too small for the time between two backups.

The book holds them: the next good backup ends it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from onebook_collector.early_warning.facts import BackupHolds, Fact, JournalKept
from onebook_collector.early_warning.rule import Change, Cleared, EarlyWarning, Kind, Raised, Severity, Subject


@dataclass(frozen=True, slots=True)
class Refill:
    """`gone`: epoch -> through where the edge no longer keeps it; of an epoch that was put aside, as it was heard last."""

    is_open: bool = False
    gone: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, int] | None = None  # Epoch -> through where the backup holds it. None: not looked at yet.

    @property
    def gap_events(self) -> int:
        assert self.held is not None, "compared once both are known"
        return sum(max(gone - self.held.get(epoch, 0), 0) for epoch, gone in self.gone.items())


class RefillGap:
    kinds = frozenset({Kind.REFILL_GAP})

    def subjects(self, fact: Fact, watched: Iterable[Subject]) -> Iterable[Subject]:
        return (Subject(fact.edge_id),) if isinstance(fact, BackupHolds | JournalKept) else ()

    def begin(self, subject: Subject, open_now: Mapping[Kind, EarlyWarning], now_ms: int) -> Refill:
        return Refill(Kind.REFILL_GAP in open_now)

    def judge(self, state: Refill, fact: Fact, now_ms: int) -> tuple[Refill, list[Change]]:
        match fact:
            case BackupHolds():
                state = replace(state, held=fact.through)
            case JournalKept():
                state = replace(state, gone=dict(state.gone) | {fact.epoch: fact.refills_after})
        if not state.gone or state.held is None:
            return state, []  # After a restart, until both were heard again.
        events = state.gap_events
        if (events > 0) == state.is_open:
            return state, []
        if state.is_open:
            return replace(state, is_open=False), [Cleared(Kind.REFILL_GAP, "backup_holds_all")]
        raised = Raised(Kind.REFILL_GAP, Severity.HIGH, "refill_gap", {"events": events})
        return replace(state, is_open=True), [raised]
