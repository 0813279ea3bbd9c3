"""Who looks at the pages: one visit for each browser, and what proves that a form comes from our own page.

A visit begins with nobody signed in. On the screen of the box itself that is enough to look, and the dialogue of the work place
asks for a badge; from the network nothing is shown before somebody has signed in. Visits are kept in memory: after a restart a
handheld signs in again, and the draft is as it was.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

VISITS_MAX = 200
COOKIE = "onebook_visit"


def _secret() -> str:
    return secrets.token_urlsafe(24)


@dataclass(slots=True)
class Visit:
    """One browser. `token` is sent back with everything that a person does."""

    key: str = field(default_factory=_secret, repr=False)
    token: str = field(default_factory=_secret, repr=False)
    badge: str | None = None  # Of the person who signed in with a PIN.
    last_ms: int = 0  # On the monotonic clock, of the last thing that a person did.


class Visits:
    """The newest ones; those of nobody go first when there are too many."""

    def __init__(self) -> None:
        self._visits: dict[str, Visit] = {}

    def find(self, key: str | None, now_ms: int, idle_max_ms: int) -> Visit | None:
        """A visit by what its cookie says; whoever did nothing for too long is nobody again."""
        visit = self._visits.get(key or "")
        if visit is not None and visit.badge is not None and now_ms - visit.last_ms >= idle_max_ms:
            visit.badge = None
        return visit

    def begin(self, now_ms: int) -> Visit:
        while len(self._visits) >= VISITS_MAX:
            oldest = min(self._visits.values(), key=lambda one: (one.badge is not None, one.last_ms))
            del self._visits[oldest.key]
        visit = Visit(last_ms=now_ms)
        self._visits[visit.key] = visit
        return visit

    def sign_in(self, visit: Visit, badge: str, now_ms: int) -> Visit:
        """The visit goes on under a new key: one that was known to somebody before is worth nothing afterwards."""
        self._visits.pop(visit.key, None)
        signed_in = self.begin(now_ms)
        signed_in.badge = badge
        return signed_in

    def end(self, visit: Visit) -> None:
        self._visits.pop(visit.key, None)
