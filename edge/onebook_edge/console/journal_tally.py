"""Counts in this box's own journal what the evidence needs: lines captured and by hand, and when something was counted last."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from onebook_edge.outbox.outbox import Outbox
from onebook_schemas.stock_events import CaptureSource
from onebook_schemas.uplink import Stream

CAPTURED: Final = frozenset({CaptureSource.RFID, CaptureSource.BARCODE, CaptureSource.SCALE})
WINDOW_DAYS: Final = 90
_DAY_MS: Final = 86_400_000
_AT_ONCE = 200
_BREATH_S = 0.02  # Scans come first.


@dataclass(slots=True)
class JournalTally:
    """`await read_on(outbox)` now and then: it reads what is new, the whole journal at first."""

    counted_ms: int | None = None  # Unix ms.
    _after: int = 0
    _epoch: str = ""
    _captured: Counter[int] = field(default_factory=Counter)  # Day -> lines.
    _by_hand: Counter[int] = field(default_factory=Counter)

    async def read_on(self, outbox: Outbox) -> None:
        store = outbox[Stream.JOURNAL]
        if store.epoch != self._epoch:
            self._after, self._epoch = 0, store.epoch
            self._captured.clear()
            self._by_hand.clear()
        while events := await store.load(self._after, _AT_ONCE, 1 << 20):
            for event in events:
                self._take(event.body)
            self._after = events[-1].through
            await asyncio.sleep(_BREATH_S)

    def lines(self, now_ms: int) -> tuple[int, int]:
        """Captured by a device, and by hand, in the last ninety days."""
        since = now_ms // _DAY_MS - WINDOW_DAYS
        return _since(self._captured, since), _since(self._by_hand, since)

    def _take(self, body: bytes) -> None:
        if b'"goods_moved"' not in body and b'"stock_counted"' not in body:
            return
        event: dict[str, Any] = json.loads(body)
        fact, wall_ms = event["fact"], event["wall_ms"]
        if fact["type"] == "stock_counted":
            self.counted_ms = max(self.counted_ms or 0, wall_ms)
        for line in fact.get("lines", ()):
            counter = self._captured if line.get("source") in CAPTURED else self._by_hand
            counter[wall_ms // _DAY_MS] += 1


def _since(lines: Counter[int], day: int) -> int:
    return sum(count for of, count in lines.items() if of > day)
