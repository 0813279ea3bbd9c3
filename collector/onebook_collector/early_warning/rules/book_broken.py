"""The verifier has found that the book does not hold. It is so until a full pass finds nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from onebook_collector.early_warning.facts import BookChecked, Fact
from onebook_collector.early_warning.rule import Change, Cleared, EarlyWarning, Kind, Raised, Severity, Subject


class BookBroken:
    """Concerns the centre. The state: whether the warning is open."""

    kinds = frozenset({Kind.BOOK_BROKEN})

    def subjects(self, fact: Fact, watched: Iterable[Subject]) -> Iterable[Subject]:
        return (Subject("", quantity="book"),) if isinstance(fact, BookChecked) else ()

    def begin(self, subject: Subject, open_now: Mapping[Kind, EarlyWarning], now_ms: int) -> bool:
        return Kind.BOOK_BROKEN in open_now

    def judge(self, state: bool, fact: Fact, now_ms: int) -> tuple[bool, list[Change]]:
        if not isinstance(fact, BookChecked):
            return state, []
        if fact.findings and not state:
            values: dict[str, str | int | float] = {"findings": len(fact.findings), "first": fact.findings[0]}
            return True, [Raised(Kind.BOOK_BROKEN, Severity.HIGH, "book_broken", values)]
        if state and fact.is_full_pass and not fact.findings:
            return False, [Cleared(Kind.BOOK_BROKEN, "book_holds")]
        return state, []
