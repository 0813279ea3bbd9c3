"""A work place for tests: a small catalogue, a dialogue, and an outbox that answers when told to."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.capture.dialogue_messages import (
    DialogueInput,
    Draft,
    NotRecorded,
    Recorded,
    Scanned,
    TagsSeen,
)
from onebook_edge.capture.dialogue_state import DialogueState
from onebook_edge.capture.dialogue_texts import Feedback
from onebook_edge.capture.dialogue_view import DialogueView, view_of
from onebook_edge.capture.scan_dialogue import ScanDialogue
from onebook_edge.capture.settings import WorkPlaceSettings
from onebook_edge.capture.stable_weight import StableWeight
from onebook_edge.machine import Instant
from onebook_edge.stock.local_stock import LocalStock
from onebook_edge.stock.recent_movements import RecentMovements
from onebook_schemas.stock_events import DocumentKind, GoodsMoved, StockCounted

CATALOGUE_CSV = """\
code,name_zh,pinyin_initials,name_en,unit_zh,unit_code,tracking,shelf_life_days,pack_size,pack_unit_zh,gtin13_example,pack_gtin14_example
LS01004,60平方米指挥帐篷,60PFMZHZP,"Command tent, 60 m2",顶,EA,serial,3650,1,包,9520000000042,
LS01006,折叠床,ZDC,Folding bed,张,EA,lot,3650,2,件,9520000000066,19520000000063
LS05001,稻谷,DG,Paddy rice,吨,TNE,bulk,1095,,,,
LS07001,大米,DM,Rice,千克,KGM,lot,365,25,袋,9520000000639,19520000000636
"""
TENT, BED, PADDY, RICE = "LS01004", "LS01006", "LS05001", "LS07001"
BED_PIECE, BED_CARTON, RICE_BAG = "]E09520000000066", "]C10119520000000063", "]C10119520000000636"
WALL_MS = 1_779_948_000_000  # 2026-05-28, 14:00 in China.


def tent(serial: str) -> str:
    return f"]C1010952000000004221{serial}"


def bed(lot: str, expires: str = "") -> str:
    return "]C10109520000000066" + (f"17{expires}" if expires else "") + f"10{lot}"


def sgtin(gtin14: str, serial: int) -> str:
    """The EPC of a tag, for GTINs with the company prefix 9520000 (GS1 TDS 14.5.1: filter 1, partition 5)."""
    reference = int(gtin14[0] + gtin14[8:13])
    bits = 0x30 << 88 | 1 << 85 | 5 << 82 | int(gtin14[1:8]) << 58 | reference << 38 | serial
    return f"{bits:024X}"


def counting_ids() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"00000000-0000-4000-8000-{next(numbers):012d}"


class WorkPlace:
    """Scans, and gives the one feedback to it; drafts pile up in `drafts` until the outbox answers."""

    def __init__(self, state: DialogueState | None = None, **settings: int) -> None:
        self.catalogue = Catalogue.from_csv_text(CATALOGUE_CSV)
        self.next_id = counting_ids()
        self.settings = WorkPlaceSettings(**settings)
        self.numbers = itertools.count(1)
        self.dialogue = ScanDialogue(self.settings, self.catalogue, self.next_id, state, self.next_number)
        self.stock: LocalStock | None = None
        self.recent = RecentMovements()
        self.drafts: list[Draft] = []
        self.now = Instant(1_000, WALL_MS)

    def next_number(self, kind: DocumentKind, day: date) -> str | None:
        """A warehouse that knows what it is makes numbers."""
        return f"{kind.value}{day:%Y%m%d}-{next(self.numbers)}" if self.dialogue.known.site else None

    def handle(self, message: DialogueInput) -> Feedback:
        outputs = self.dialogue.handle(message, self.now)
        self.drafts += [output for output in outputs if isinstance(output, Draft)]
        (feedback,) = [output for output in outputs if isinstance(output, Feedback)]
        return feedback

    def scan(self, *texts: str) -> Feedback:
        """Scan one after the other; the feedback to the last."""
        return [self.handle(Scanned(text, "scanner-1")) for text in texts][-1]

    def say(self, *texts: str) -> list[str]:
        """The codes of the feedback to each of these scans."""
        return [self.scan(text).code for text in texts]

    def tags(self, *epcs: str) -> Feedback:
        return self.handle(TagsSeen(epcs, "reader-1"))

    def put_on_scale(self, value: str, unit: str = "kg", net: bool | None = True) -> Feedback:
        return self.handle(StableWeight("scale-1", Decimal(value), unit, net, self.now))  # type: ignore[arg-type]

    def view(self, feedback: Feedback | None = None) -> DialogueView:
        return view_of(self.dialogue, feedback, now=self.now)

    def later(self, seconds: float) -> None:
        self.now = Instant(self.now.monotonic_ms + int(seconds * 1_000), self.now.wall_ms + int(seconds * 1_000))

    def recorded(self) -> Feedback:
        for fact in self.drafts[-1].facts:
            self.recent.record(fact, self.now.wall_ms)
            if self.stock is not None:
                self.stock.record(fact)
        return self.handle(Recorded(self.drafts[-1].draft_id, 7))

    def recorded_with_held(self) -> list[Feedback]:
        """The outbox answers: the feedback to it, and to all that was held until then."""
        outputs = self.dialogue.handle(Recorded(self.drafts[-1].draft_id, 7), self.now)
        self.drafts += [output for output in outputs if isinstance(output, Draft)]
        return [output for output in outputs if isinstance(output, Feedback)]

    def not_recorded(self) -> Feedback:
        return self.handle(NotRecorded(self.drafts[-1].draft_id, "存储已满 / storage is full"))

    def booked(self) -> GoodsMoved:
        """Confirm, let the outbox record it, and give the movement."""
        assert self.scan("OBC-CONFIRM").code == "booking"
        assert self.recorded().code == "recorded"
        fact = self.drafts[-1].facts[-1]
        assert isinstance(fact, GoodsMoved)
        return fact

    def counted(self) -> list[StockCounted]:
        assert self.scan("OBC-CONFIRM").code == "booking"
        assert self.recorded().code == "recorded"
        return [fact for fact in self.drafts[-1].facts if isinstance(fact, StockCounted)]


def signed_in(**settings: int) -> WorkPlace:
    place = WorkPlace(**settings)
    place.scan("OBP-zhangsan")
    return place


def receiving(**settings: int) -> WorkPlace:
    """Somebody is receiving goods into bin A-01."""
    place = signed_in(**settings)
    place.scan("OBC-RECEIVE", "OBB-A-01")
    return place
