"""What is kept, and what gives way when the disk budget is used up. Pure.

The order in which things give way: delivered telemetry; then telemetry that waits is thinned, oldest first, keeping extremes;
then new telemetry is not taken (and counted). The journal has a reserve of its own and is never thinned: delivered journal events
stay for `retain_days` (a collector restored from last night's backup is refilled from them) unless the reserve runs out, and
when even that is full, new work is refused before the person believes that it was booked.

These days are days in which the box ran, counted from when it knew of the delivery. No wall clock is asked: one that was in 1970
when an event was captured, or that leaps to 2099, lets nothing go. A box that is switched off at night keeps what was delivered
for longer; its disk budget holds all the same.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

DAY_MS = 86_400_000
MIB = 1024 * 1024
_LOG_BYTES_MAX = 4 * MIB  # As SQLite has it by itself.
_MARK_MS = DAY_MS // 4  # Delivered events stay at most so much longer than they must.


@dataclass(frozen=True, slots=True)
class DiskBudget:
    """How much of the disk each stream may take. `free_bytes_min` is left to the operating system whatever happens."""

    journal_bytes: int = 512 * MIB
    telemetry_bytes: int = 1536 * MIB
    free_bytes_min: int = 64 * MIB
    retain_days: int = 90
    thin_at: float = 0.9  # Share of a budget at which room is made, so that there is always some.


def log_bytes(budget_bytes: int) -> int:
    """How large the write-ahead log beside a stream's file may grow: little, beside what the stream itself may take."""
    return min(budget_bytes // 8, _LOG_BYTES_MAX)


def headroom_bytes(budget: DiskBudget) -> int:
    """What is never filled with events: folding the logs into the files takes room first, and so does deleting. A disk that
    is filled to the last block with what waits in the logs would be full for ever."""
    return 2 * (log_bytes(budget.journal_bytes) + log_bytes(budget.telemetry_bytes))


class Admission(enum.StrEnum):
    TAKE = "take"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class TelemetryRoom:
    """Whether telemetry may be taken, and down to how many bytes room is to be made: delivered events go, then thinning."""

    admission: Admission
    keep_bytes: int


def journal_admission(budget: DiskBudget, used_bytes: int, free_bytes: int) -> Admission:
    """Whether a journal event may be taken: its reserve is its own, the disk's last bytes are not."""
    if used_bytes >= budget.journal_bytes or free_bytes <= 0:
        return Admission.REFUSE
    return Admission.TAKE


def journal_keep_bytes(budget: DiskBudget, used_bytes: int, free_bytes: int) -> int:
    """Down to how many bytes delivered journal events give way. History never keeps work from being recorded, neither where
    the reserve is used up nor where the disk is."""
    return max(int(min(budget.journal_bytes, used_bytes + free_bytes) * budget.thin_at), 0)


def telemetry_room(budget: DiskBudget, used_bytes: int, free_bytes: int) -> TelemetryRoom:
    """How to make room for telemetry. A disk that others fill counts like a budget that is used up."""
    allowed = min(budget.telemetry_bytes, used_bytes + free_bytes - budget.free_bytes_min)
    target = int(allowed * budget.thin_at)
    admission = Admission.TAKE if used_bytes < allowed else Admission.REFUSE
    return TelemetryRoom(admission, keep_bytes=max(target, 0))


def journal_reserve(budget: DiskBudget, journal_bytes: int, telemetry_bytes: int, free_bytes: int) -> int:
    """What of the free disk telemetry must leave to the journal: its budget, or a quarter of a disk too small for both."""
    share = min(budget.journal_bytes, (journal_bytes + telemetry_bytes + free_bytes) // 4)
    return max(share - journal_bytes, 0)


@dataclass(frozen=True, slots=True)
class DeliveryCalendar:
    """How far a stream was delivered, looked at every quarter of a day in which the box ran; the latest mark last."""

    ran_ms: int = 0  # Since the latest mark.
    delivered: tuple[int, ...] = ()

    def after(self, ran_ms: int, delivered_through: int, budget: DiskBudget) -> DeliveryCalendar:
        """The box has run for so long since it was looked at last."""
        ran_ms += self.ran_ms
        if ran_ms < _MARK_MS:
            return replace(self, ran_ms=ran_ms)
        return DeliveryCalendar(0, (*self.delivered, delivered_through)[-_marks(budget) - 1 :])

    def stepped_back(self, through: int) -> DeliveryCalendar:
        """The collector was restored: what lies behind its cursor counts as delivered when it has it again."""
        return replace(self, delivered=tuple(min(mark, through) for mark in self.delivered))

    def aged_through(self, budget: DiskBudget) -> int:
        """Through which sequence delivered events have been kept for their days."""
        return self.delivered[-_marks(budget) - 1] if len(self.delivered) > _marks(budget) else 0


def _marks(budget: DiskBudget) -> int:
    return budget.retain_days * DAY_MS // _MARK_MS
