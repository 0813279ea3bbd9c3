"""Hands facts to the rules, keeps their states and the warnings that follow.

States live in memory; what is open is kept on disk, and a rule takes its state up again from there. So a restart neither
forgets a warning nor raises it twice; what it forgets is how long a breach that is not one yet has lasted.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from onebook_collector.clock import new_id
from onebook_collector.early_warning.facts import EdgeFact, Fact, TimePassed
from onebook_collector.early_warning.rule import Cleared, EarlyWarning, Kind, Raised, Rule, Subject
from onebook_collector.early_warning.rules.backup_overdue import BackupOverdue
from onebook_collector.early_warning.rules.book_broken import BookBroken
from onebook_collector.early_warning.rules.checkpoint_contradicted import CheckpointContradicted
from onebook_collector.early_warning.rules.clock_drift import ClockDrift
from onebook_collector.early_warning.rules.edge_silent import EdgeSilent
from onebook_collector.early_warning.rules.environment_breach import EnvironmentBreach
from onebook_collector.early_warning.rules.outbox_filling import OutboxFilling
from onebook_collector.early_warning.rules.refill_gap import RefillGap
from onebook_collector.early_warning.settings import WarningSettings
from onebook_collector.early_warning.store import EarlyWarningStore

NO_LONGER_WATCHED = "no_longer_watched"

_AnyRule = Rule[Any]


def rules_of(settings: WarningSettings) -> tuple[_AnyRule, ...]:
    return (
        EdgeSilent(settings.edge_silent),
        EnvironmentBreach(settings.environment),
        OutboxFilling(settings.outbox_filling),
        ClockDrift(settings.clock_drift),
        BackupOverdue(settings.backup),
        RefillGap(),
        BookBroken(),
        CheckpointContradicted(),
    )


class Watcher:
    """One per collector. `see` what comes in, `tick` every few seconds."""

    def __init__(self, rules: Sequence[_AnyRule], store: EarlyWarningStore) -> None:
        self._rules, self._store = rules, store
        self._states: list[defaultdict[str, dict[Subject, Any]]] = [defaultdict(dict) for _ in rules]  # By edge.
        self._open: dict[tuple[Kind, Subject], EarlyWarning] = {}
        self._unsaved: dict[str, EarlyWarning] = {}  # By id, in the order in which they were first noted.
        self._saving = asyncio.Lock()

    @classmethod
    async def open(cls, rules: Sequence[_AnyRule], store: EarlyWarningStore, now_ms: int) -> Watcher:
        """Take up what was open. What no rule watches any more is closed."""
        watcher = cls(rules, store)
        watcher._open = {(warning.kind, warning.subject): warning for warning in await store.open_warnings()}
        unwatched = set(watcher._open)
        for rule, states in zip(rules, watcher._states, strict=True):
            for subject in {subject for kind, subject in watcher._open if kind in rule.kinds}:
                if watcher._begin(rule, states[subject.edge_id], subject, now_ms):
                    unwatched -= {(kind, subject) for kind in rule.kinds}
        for key in unwatched:
            watcher._clear(key, NO_LONGER_WATCHED, now_ms)
        await watcher._save()
        return watcher

    async def see(self, facts: Iterable[EdgeFact], now_ms: int) -> list[EarlyWarning]:
        """Judge facts. Returns the warnings that were raised, got worse or were cleared, after they are kept."""
        changed = [warning for fact in facts for warning in self._judge(fact, fact.edge_id, now_ms)]
        if changed:
            await self._save()
        return changed

    async def tick(self, now_ms: int) -> list[EarlyWarning]:
        """Judge that time has passed, and keep when each open warning was last seen."""
        fact, changed = TimePassed(), []
        for edge_id in {edge_id for states in self._states for edge_id in states}:
            changed += self._judge(fact, edge_id, now_ms)
        await self._save()
        return changed

    async def forget(self, edge_id: str, now_ms: int) -> list[EarlyWarning]:
        """An edge is retired: close what is open about it, and expect nothing more of it."""
        for states in self._states:
            states.pop(edge_id, None)
        keys = [key for key in self._open if key[1].edge_id == edge_id]
        changed = [self._clear(key, NO_LONGER_WATCHED, now_ms) for key in keys]
        await self._save()
        return changed

    async def open_warnings(self) -> list[EarlyWarning]:
        """The worst first, then the oldest."""
        return sorted(self._open.values(), key=lambda warning: (-warning.severity, warning.opened_ms))

    async def history(
        self, *, edge_id: str | None = None, before_ms: int, limit: int = 100, edges: Collection[str] | None = None
    ) -> list[EarlyWarning]:
        """Open and cleared ones that opened before a moment, newest first; `edges`: of these only."""
        return await self._store.history(edge_id=edge_id, before_ms=before_ms, limit=limit, edges=edges)

    def _judge(self, fact: Fact, edge_id: str, now_ms: int) -> list[EarlyWarning]:
        changed = []
        for rule, states_of in zip(self._rules, self._states, strict=True):
            states = states_of[edge_id]
            for subject in list(rule.subjects(fact, states)):
                if subject not in states:
                    self._begin(rule, states, subject, now_ms)
                states[subject], changes = rule.judge(states[subject], fact, now_ms)
                changed += [self._apply(subject, change, now_ms) for change in changes]
                self._touch(rule, subject, now_ms)
        return changed

    def _begin(self, rule: _AnyRule, states: dict[Subject, Any], subject: Subject, now_ms: int) -> bool:
        open_now = {kind: warning for kind in rule.kinds if (warning := self._open.get((kind, subject)))}
        state = rule.begin(subject, open_now, now_ms)
        if state is not None:
            states[subject] = state
        return state is not None

    def _apply(self, subject: Subject, change: Raised | Cleared, now_ms: int) -> EarlyWarning:
        key = change.kind, subject
        if isinstance(change, Cleared):
            return self._clear(key, change.reason, now_ms)
        before = self._open.get(key)
        if before is None:
            before = EarlyWarning(new_id(), subject, change, now_ms, now_ms)
        self._open[key] = self._note(replace(before, raised=change, last_seen_ms=now_ms))
        return self._open[key]

    def _clear(self, key: tuple[Kind, Subject], reason: str, now_ms: int) -> EarlyWarning:
        return self._note(self._open.pop(key).cleared(reason, now_ms))

    def _touch(self, rule: _AnyRule, subject: Subject, now_ms: int) -> None:
        """What its rule has looked at and left open was seen just now."""
        for kind in rule.kinds:
            if warning := self._open.get((kind, subject)):
                self._open[kind, subject] = self._note(replace(warning, last_seen_ms=now_ms))

    def _note(self, warning: EarlyWarning) -> EarlyWarning:
        self._unsaved[warning.id] = warning
        return warning

    async def _save(self) -> None:
        """What could not be kept is tried again with the next change or tick."""
        async with self._saving:
            noted = dict(self._unsaved)
            if noted:
                await self._store.save(noted.values())
            for id_, warning in noted.items():
                if self._unsaved[id_] is warning:
                    del self._unsaved[id_]
