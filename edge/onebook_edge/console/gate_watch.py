"""Goods that a gate saw and that the book still has in a bin: they go out, and nothing says so. Pure.

Goods that come in are in no bin yet, and goods that were issued are in none any more. Loading before the paper is written is
usual, so an alarm waits for a while (`alarms.HOLDS_MS`); it ends when the issue is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.capture.epc import decode
from onebook_edge.console.alarms import AlarmKind, Condition

REMEMBERED_MS: Final = 12 * 3_600_000
TAGS_MAX: Final = 2_000

IsInBin = Callable[[str, str], bool]
"""Item and serial: whether this box believes the piece to lie in a bin."""


@dataclass(slots=True)
class GateWatch:
    _seen: dict[str, int] = field(default_factory=dict)  # EPC -> when, monotonic; the oldest first.

    def see(self, epc: str, now_ms: int) -> None:
        self._seen.pop(epc, None)
        self._seen[epc] = now_ms
        if len(self._seen) > TAGS_MAX:
            del self._seen[next(iter(self._seen))]

    def unexplained(self, catalogue: Catalogue, is_in_bin: IsInBin, now_ms: int) -> Iterator[Condition]:
        for epc, seen_ms in list(self._seen.items()):
            tag = decode(epc)
            found = catalogue.by_gtin(tag.gtin14) if tag.gtin14 and tag.serial else None
            if found is None or now_ms - seen_ms > REMEMBERED_MS:
                del self._seen[epc]  # Not goods of ours, or long ago.
            elif is_in_bin(found.item.code, tag.serial or ""):
                yield Condition(AlarmKind.GATE, f"{found.item.code} {tag.serial}")
