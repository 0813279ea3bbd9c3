"""Journal events that documents are made of in these tests."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from onebook_edge.capture.command_words import Words
from onebook_edge.paper.documents import Known
from onebook_schemas.envelope import JournalEvent
from onebook_schemas.quantities import Quantity
from onebook_schemas.stock_events import (
    CaptureSource,
    Document,
    DocumentKind,
    GoodsMoved,
    Holding,
    MovedLine,
    MovementKind,
    MovementReversed,
    StockCounted,
)
from tests.unit.edge.paper.samples import BED, CATALOGUE, LOT, RADIO, RICE, TENT

MORNING_MS = 1_790_041_380_000  # 2026-09-22 09:43 in China.
BOOT = "00000000000000b0"
HOLDING = Holding(owner_org="浙江省应急管理厅", custodian_org="杭州市粮食物资局")
KNOWN = Known(
    CATALOGUE, Words("杭州市救灾物资储备库", "Hangzhou relief warehouse"), {"P1001": "张建国"}, delivered_through=100
)


def movement_id(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


def event(sequence: int, fact: Any, *, synchronised: bool = True, at_ms: int = MORNING_MS) -> JournalEvent:
    return JournalEvent(
        sequence=sequence, wall_ms=at_ms, monotonic_ms=5_000, boot_id=BOOT, clock_synchronised=synchronised, fact=fact
    )


def line(item: str, amount: str, unit: str = "EA", **more: Any) -> MovedLine:
    more = {"source": CaptureSource.BARCODE, "holding": HOLDING, **more}
    return MovedLine(item=item, quantity=Quantity(amount=Decimal(amount), unit=unit), **more)


def moved(number: int, kind: MovementKind, *lines: MovedLine, document: str | None = None, **more: Any) -> GoodsMoved:
    named = Document(kind=DocumentKind(document[:2]), number=document) if document else None
    return GoodsMoved(movement_id=movement_id(number), kind=kind, lines=lines, document=named, actor="P1001", **more)


def receipt(number: int = 1, document: str | None = "RK20260922330106010001", **more: Any) -> GoodsMoved:
    """Tents and beds, rice by weight, and radios by serial."""
    lines = (
        line(TENT.code, "40", lot=LOT, to_bin="A-01-02"),
        line(BED.code, "21", lot=LOT, to_bin="A-01-02", source=CaptureSource.RFID),
        line(BED.code, "9", to_bin="A-01-02"),
        line(RICE.code, "1250.50", "KGM", to_bin="A-01-02", source=CaptureSource.SCALE),
        line(RADIO.code, "3", serials=("S-1", "S-2", "S-3"), to_bin="A-01-02"),
    )
    return moved(number, MovementKind.RECEIPT, *lines, document=document, **more)


def reversal(number: int, reverses: int) -> MovementReversed:
    return MovementReversed(
        movement_id=movement_id(number), reverses=movement_id(reverses), reason="数量点错", actor="P1001"
    )


def counted(
    number: int, item: str, amount: str, bin_code: str = "A-01-02", unit: str = "EA", **more: Any
) -> StockCounted:
    return StockCounted(
        movement_id=movement_id(number),
        item=item,
        bin=bin_code,
        counted=Quantity(amount=Decimal(amount), unit=unit),
        source=CaptureSource.BARCODE,
        document=Document(kind=DocumentKind.STOCKTAKE, number="PD20260922330106010001"),
        actor="P1001",
        **more,
    )
