"""Re-checks the book for ever, in the background: the hash chain slice by slice, then each other invariant, then again.

Each slice is a read of its own on a reader's connection, and after it this verifier rests twenty times as long as it took: it
never takes more than a twentieth of a core.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from onebook_collector.clock import Clock
from onebook_collector.early_warning.facts import BookChecked
from onebook_collector.ledger.chain_audit import MOVEMENTS_AT_ONCE, audit_ledger_slice
from onebook_collector.ledger.hashing import GENESIS
from onebook_collector.ledger.store import LedgerStore
from onebook_collector.ledger.verify import CHECKS, check_chain

log = structlog.get_logger()

REST_FACTOR = 20.0
REST_S_MIN = 1.0
OTHER_CHECKS = tuple(check for check in CHECKS if check is not check_chain)
T = TypeVar("T")


class ContinuousVerifier:
    """`await run()` for ever. What it knows is read by the metrics; what it finds goes to `tell` after each step."""

    def __init__(
        self, ledger: LedgerStore, clock: Clock, tell: Callable[[BookChecked], None], rest_s_min: float = REST_S_MIN
    ) -> None:
        self._ledger, self._clock, self._tell = ledger, clock, tell
        self.verified_through = 0  # Newest entry of the chain that was re-checked since the start.
        self.last_full_pass_ms: int | None = None
        self.findings: tuple[str, ...] = ()  # Of this pass, and until it is over those of the pass before.
        self._rest_s_min = rest_s_min

    async def run(self) -> None:
        while True:
            try:
                await self.check_all()
            except OperationalError as error:
                log.warning("book_not_checked", reason=str(error))  # Locked or gone: readiness says so.
                await asyncio.sleep(REST_S_MIN)

    async def check_all(self) -> None:
        """One full pass."""
        found: list[str] = []
        after, head = 0, GENESIS
        while True:
            next_slice = partial(audit_ledger_slice, after=after, head=head, entries_max=MOVEMENTS_AT_ONCE)
            last, head, wrong = await self._slice(next_slice)
            self._note(found, wrong)
            if last == after:
                break
            after, self.verified_through = last, max(last, self.verified_through)
        for check in OTHER_CHECKS:
            self._note(found, (await self._slice(check)).findings)
        self.findings, self.last_full_pass_ms = tuple(found), self._clock.now_ms()
        self._tell(BookChecked(self.findings, is_full_pass=True))

    def _note(self, found: list[str], wrong: tuple[str, ...]) -> None:
        if wrong:
            log.error("book_broken", findings=wrong)
            found += wrong
            self.findings = tuple(dict.fromkeys((*self.findings, *wrong)))
            self._tell(BookChecked(self.findings, is_full_pass=False))

    async def _slice(self, query: Callable[[Connection], T]) -> T:
        took_s, answer = await self._ledger.read(lambda connection: _timed(query, connection))
        await asyncio.sleep(max(took_s * REST_FACTOR, self._rest_s_min))
        return answer


def _timed(query: Callable[[Connection], T], connection: Connection) -> tuple[float, T]:
    began = time.thread_time()
    answer = query(connection)
    return time.thread_time() - began, answer
