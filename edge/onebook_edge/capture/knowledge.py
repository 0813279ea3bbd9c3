"""What a work place knows of the world around it: the centre's documents, the local stock, what was booked here lately.

All of it may be missing, and then there are no rules but those that need no document. Nothing of it is kept with a draft: a newer
document holds from the next scan on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Protocol

from onebook_edge.capture.held_goods import NothingKnown, StockSeen
from onebook_schemas.reference import (
    PeopleDocument,
    PersonOnSite,
    Reason,
    ReasonUse,
    SiteDocument,
    SiteRules,
    Task,
    TasksDocument,
)
from onebook_schemas.stock_events import Document, GoodsMoved, Holding


@dataclass(frozen=True, slots=True)
class BookedLately:
    """A movement of this box: what may be corrected, and what its papers may follow."""

    fact: GoodsMoved
    at_ms: int  # Wall clock.


class RecentSeen(Protocol):
    """What this box booked lately and was not taken back."""

    def by_id(self, movement_id: str) -> BookedLately | None: ...

    def by_document(self, number: str) -> tuple[BookedLately, ...]:
        """The newest first."""
        ...

    def done_since(self, number: str, item: str, since_ms: int) -> Decimal:
        """So much of an item was booked under a document after a moment."""
        ...

    def newest(self, count: int) -> tuple[BookedLately, ...]: ...


class NothingBooked:
    def by_id(self, movement_id: str) -> BookedLately | None:
        return None

    def by_document(self, number: str) -> tuple[BookedLately, ...]:
        return ()

    def done_since(self, number: str, item: str, since_ms: int) -> Decimal:
        return Decimal(0)

    def newest(self, count: int) -> tuple[BookedLately, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class Knowledge:
    site: SiteDocument | None = None
    people: PeopleDocument | None = None
    tasks: TasksDocument | None = None
    stock: StockSeen = field(default_factory=NothingKnown)
    recent: RecentSeen = field(default_factory=NothingBooked)

    @property
    def rules(self) -> SiteRules | None:
        return self.site.rules if self.site else None

    @property
    def usual_holding(self) -> Holding:
        """Whose goods come in unless somebody says otherwise."""
        return self.site.holdings[0] if self.site and self.site.holdings else Holding()

    def person(self, badge: str) -> PersonOnSite | None:
        people: Iterable[PersonOnSite] = self.people.people if self.people else ()
        return next((person for person in people if person.badge == badge), None)

    def name_of(self, badge: str) -> str:
        person = self.person(badge)
        return person.name if person else badge

    def may_work(self, badge: str, today: date) -> bool:
        """Without a list of people everybody with a badge may."""
        if self.people is None:
            return True
        person = self.person(badge)
        return person is not None and (person.until is None or person.until >= today)

    def may_authorise(self, badge: str, today: date) -> bool:
        if self.people is None:
            return True
        person = self.person(badge)
        return person is not None and person.may_authorise and self.may_work(badge, today)

    def task(self, document: Document | None) -> Task | None:
        tasks: Iterable[Task] = self.tasks.tasks if self.tasks and document else ()
        return next((task for task in tasks if task.document == document), None)

    def reason(self, code: str) -> Reason | None:
        return next((reason for reason in self._reasons if reason.code == code), None)

    def reasons_for(self, use: ReasonUse) -> tuple[Reason, ...]:
        return tuple(reason for reason in self._reasons if use in reason.uses)

    def has_bin(self, code: str) -> bool:
        """Whether there is such a bin; a site that lists none has any."""
        return not (self.site and self.site.bins) or any(one.code == code for one in self.site.bins)

    @property
    def _reasons(self) -> tuple[Reason, ...]:
        return self.site.reasons if self.site else ()
