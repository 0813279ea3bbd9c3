"""What an early warning is, and what a rule does: it judges facts about one subject and says "raised" or "cleared".

A rule is pure. It keeps one state for each subject; the watcher holds the states, keeps the warnings and knows the time.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypeVar

from onebook_collector.early_warning import texts
from onebook_collector.early_warning.facts import Fact


class Kind(enum.StrEnum):
    EDGE_SILENT = "edge_silent"
    ENVIRONMENT_BREACH = "environment_breach"
    SENSOR_SILENT = "sensor_silent"
    OUTBOX_FILLING = "outbox_filling"
    CLOCK_DRIFT = "clock_drift"
    BACKUP_OVERDUE = "backup_overdue"
    REFILL_GAP = "refill_gap"
    BOOK_BROKEN = "book_broken"
    CHECKPOINT_CONTRADICTED = "checkpoint_contradicted"


class Severity(enum.IntEnum):
    WARNING = 1
    HIGH = 2


class Subject(NamedTuple):
    """What a warning is about. The less is filled in, the more it covers."""

    edge_id: str
    site: str = ""
    device: str = ""
    quantity: str = ""


@dataclass(frozen=True, slots=True)
class Raised:
    """It is so, and how bad. `text` names the entry of `texts.py` that `values` are put into."""

    kind: Kind
    severity: Severity
    text: str
    values: Mapping[str, texts.Value]


@dataclass(frozen=True, slots=True)
class Cleared:
    """It is no longer so. `reason` names an entry of `texts.py`."""

    kind: Kind
    reason: str


@dataclass(frozen=True, slots=True)
class EarlyWarning:
    """One instance: of a kind and a subject at most one is open."""

    id: str
    subject: Subject
    raised: Raised
    opened_ms: int
    last_seen_ms: int
    cleared_ms: int | None = None
    clearing_reason: str | None = None

    @property
    def kind(self) -> Kind:
        return self.raised.kind

    @property
    def severity(self) -> Severity:
        return self.raised.severity

    @property
    def text_zh(self) -> str:
        return texts.render(self.raised.text, self._values, "zh")

    @property
    def text_en(self) -> str:
        return texts.render(self.raised.text, self._values, "en")

    @property
    def _values(self) -> Mapping[str, texts.Value]:
        return {**self.subject._asdict(), **self.raised.values}

    def cleared(self, reason: str, now_ms: int) -> EarlyWarning:
        return replace(self, cleared_ms=now_ms, clearing_reason=reason)


Change = Raised | Cleared

S = TypeVar("S")


class Rule(Protocol[S]):
    """One file in `rules/` each, with its limits beside it."""

    kinds: frozenset[Kind]

    def subjects(self, fact: Fact, watched: Iterable[Subject]) -> Iterable[Subject]:
        """Whom a fact concerns. `watched`: those the rule has a state for, of the fact's edge or (`TimePassed`) of all."""
        ...

    def begin(self, subject: Subject, open_now: Mapping[Kind, EarlyWarning], now_ms: int) -> S | None:
        """The state of a subject that is seen for the first time since the start, with what was open before.

        None: the settings no longer ask to watch it.
        """
        ...

    def judge(self, state: S, fact: Fact, now_ms: int) -> tuple[S, list[Change]]:
        """The new state, and what changed: raised once, raised again only when it got worse, cleared once."""
        ...
