"""Takes a snapshot of coverage once a day, when the business day is over."""

from __future__ import annotations

import asyncio

import structlog
from sqlalchemy.exc import OperationalError

from onebook_collector.clock import Clock, business_date, business_day
from onebook_collector.coverage import snapshots
from onebook_collector.coverage.days import day_ends_ms
from onebook_collector.coverage.grade import Grade
from onebook_collector.coverage.rule import CoverageRule
from onebook_collector.coverage.survey import Sources, take_snapshot
from onebook_collector.errors import ConfigurationError, RetryableError

log = structlog.get_logger()

LOOK_S = 60.0
SETTLE_MS = 10 * 60_000
"""After midnight: what was on the way then is booked by now."""


class CoverageRunner:
    """`await check_rule()` before the centre starts, then `await run()` for ever."""

    def __init__(self, sources: Sources, rule: CoverageRule, clock: Clock) -> None:
        self._sources, self._rule, self._clock = sources, rule, clock

    async def check_rule(self) -> None:
        """Raises ConfigurationError when a rule of this version is another one in the newest snapshot."""
        newest = await self._sources.administration.read(snapshots.snapshot_of)
        if newest is not None and newest.rule.version == self._rule.version and newest.rule != self._rule:
            changed = [
                name for name in CoverageRule.model_fields if getattr(newest.rule, name) != getattr(self._rule, name)
            ]
            problem = (
                f"coverage.version: 规则已改（{', '.join(changed)}），请换版本号 / the rule has changed; give it another version,"
                f" {self._rule.version!r} is that of the snapshots until {business_date(newest.day)}"
            )
            raise ConfigurationError([problem])

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except (OperationalError, RetryableError) as error:
                log.warning("coverage_not_taken", reason=str(error))  # The next look tries again.
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Take yesterday's snapshot, unless it is there. Days on which nobody looked stay missing: nobody knows them."""
        now_ms = self._clock.now_ms()
        day = business_day(now_ms) - 1
        if now_ms < day_ends_ms(day) + SETTLE_MS:
            return
        if await self._sources.administration.read(lambda db: snapshots.snapshot_of(db, day)) is not None:
            return
        rows = await take_snapshot(self._sources, day, self._rule, now_ms)
        counted = [one for one in rows if one.outside is None]
        done = sum(one.standing is Grade.INFORMATIZED for one in counted)
        log.info("coverage_taken", day=str(business_date(day)), in_scope=len(counted), informatized=done)
