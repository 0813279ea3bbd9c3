"""How often a PIN may be tried. Pure: the moments come from the caller.

A PIN has at least six digits. Ten tries in five minutes for each person are 2,880 a day: a year for half of all PINs. Somebody
who uses up another person's tries keeps them from a handheld, not from the screen of the box, where a badge is enough.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

WINDOW_MS = 300_000


@dataclass(slots=True)
class Tries:
    """Failed tries by subject, a person or an address. Full of subjects, it lets no new one try."""

    failed_max: int
    subjects_max: int = 2_000
    _failed: dict[str, deque[int]] = field(default_factory=dict)

    def wait_ms(self, subject: str, now_ms: int) -> int:
        """How long until this subject may try; 0: now."""
        self._forget(now_ms)
        failed = self._failed.get(subject)
        if failed is None:
            return WINDOW_MS if len(self._failed) >= self.subjects_max else 0
        return max(failed[0] + WINDOW_MS - now_ms, 0) if len(failed) >= self.failed_max else 0

    def failed(self, subject: str, now_ms: int) -> None:
        self._failed.setdefault(subject, deque(maxlen=self.failed_max)).append(now_ms)

    def succeeded(self, subject: str) -> None:
        self._failed.pop(subject, None)

    def _forget(self, now_ms: int) -> None:
        old = [subject for subject, failed in self._failed.items() if now_ms - failed[-1] >= WINDOW_MS]
        for subject in old:
            del self._failed[subject]
