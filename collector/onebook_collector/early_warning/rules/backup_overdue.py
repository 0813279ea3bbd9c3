"""There is no good backup that is young enough, or nobody has proven for long that one can be restored.

Concerns the centre, not an edge. One subject for backups, one for drills; both are judged whenever the record was looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict, Field

from onebook_collector.early_warning.facts import BackupsSeen, Fact
from onebook_collector.early_warning.rule import Change, Cleared, EarlyWarning, Kind, Raised, Severity, Subject

BACKUP, PROOF = Subject("", quantity="backup"), Subject("", quantity="restore_drill")
_DAY_MS = 86_400_000


class BackupOverdueLimits(BaseModel):
    """How old the last good backup, and the last drill that proved one, may be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backup_days: int = Field(default=2, gt=0, description="oldest age of the last good backup")
    proof_days: int = Field(default=45, gt=0, description="oldest age of the last restore drill that held")


class BackupOverdue:
    """The state: of which subject it is, and whether the warning is open."""

    kinds = frozenset({Kind.BACKUP_OVERDUE})

    def __init__(self, limits: BackupOverdueLimits) -> None:
        self._limits = limits

    def subjects(self, fact: Fact, watched: Iterable[Subject]) -> Iterable[Subject]:
        return (BACKUP, PROOF) if isinstance(fact, BackupsSeen) else ()

    def begin(self, subject: Subject, open_now: Mapping[Kind, EarlyWarning], now_ms: int) -> tuple[Subject, bool]:
        return subject, Kind.BACKUP_OVERDUE in open_now

    def judge(self, state: tuple[Subject, bool], fact: Fact, now_ms: int) -> tuple[tuple[Subject, bool], list[Change]]:
        if not isinstance(fact, BackupsSeen):
            return state, []
        subject, is_open = state
        if subject == BACKUP:
            last_ms, days, text = fact.backup_ms, self._limits.backup_days, "backup_overdue"
        else:
            last_ms, days, text = fact.proof_ms, self._limits.proof_days, "proof_overdue"
        if last_ms is not None and now_ms - last_ms <= days * _DAY_MS:
            return (subject, False), [Cleared(Kind.BACKUP_OVERDUE, "backup_made")] if is_open else []
        if is_open:
            return state, []
        raised = (
            Raised(Kind.BACKUP_OVERDUE, Severity.HIGH, f"{text}_never", {})
            if last_ms is None
            else Raised(Kind.BACKUP_OVERDUE, Severity.HIGH, text, {"last_at": last_ms, "days": days})
        )
        return (subject, True), [raised]
