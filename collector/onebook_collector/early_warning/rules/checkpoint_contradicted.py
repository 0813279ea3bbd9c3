"""An edge says that what the centre signed cannot be true beside what the edge holds: somebody has changed the book, or a restore
was not said. It is so until a later checkpoint agrees again; the edge keeps what it refused for the auditor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from onebook_collector.early_warning.facts import Fact, WitnessSaid
from onebook_collector.early_warning.rule import Change, Cleared, EarlyWarning, Kind, Raised, Severity, Subject


class CheckpointContradicted:
    """The state: whether the warning is open."""

    kinds = frozenset({Kind.CHECKPOINT_CONTRADICTED})

    def subjects(self, fact: Fact, watched: Iterable[Subject]) -> Iterable[Subject]:
        return (Subject(fact.edge_id),) if isinstance(fact, WitnessSaid) else ()

    def begin(self, subject: Subject, open_now: Mapping[Kind, EarlyWarning], now_ms: int) -> bool:
        return Kind.CHECKPOINT_CONTRADICTED in open_now

    def judge(self, state: bool, fact: Fact, now_ms: int) -> tuple[bool, list[Change]]:
        if not isinstance(fact, WitnessSaid) or state is not fact.settled:
            return state, []
        if fact.settled:
            return False, [Cleared(Kind.CHECKPOINT_CONTRADICTED, "checkpoints_agree")]
        values = {"reason": fact.reason}
        return True, [Raised(Kind.CHECKPOINT_CONTRADICTED, Severity.HIGH, "checkpoint_contradicted", values)]
