"""Items, places and quantities as the API says them."""

from __future__ import annotations

from pydantic import Field

from onebook_collector.api.values import ApiModel, ExactText, Moment
from onebook_collector.ledger.account import Account
from onebook_collector.ledger.cursor import TimeQuality
from onebook_collector.ledger.queries import CountEntry, ItemName, LineEntry, MovementEntry
from onebook_schemas.uplink import Stream


class Name(ApiModel):
    zh: str = Field(examples=["12平方米单帐篷"])
    en: str = Field(examples=["Tent, single layer, 12 m2"])


class ItemOut(ApiModel):
    """An item of the catalogue, and the unit that all its quantities are given in."""

    code: str = Field(examples=["LS01001"])
    name: Name
    unit: str = Field(description="UN/ECE Recommendation 20 or 21 code", examples=["EA"])
    unit_zh: str = Field(examples=["顶"])


class PlaceOut(ApiModel):
    """Where goods are in the book: a bin with their holding and status, or a virtual account of the outside world."""

    kind: str = Field(description="real, or supplier, consumed, in_transit ...", examples=["real"])
    site_id: str | None = Field(default=None, examples=["hz-01"])
    bin: str | None = Field(default=None, examples=["A-01-03"])
    status: str | None = Field(default=None, examples=["available"])
    owner_org: str = ""
    custodian_org: str = ""
    reserve_mode: str | None = Field(default=None, examples=["government_reserve"])
    document_no: str | None = Field(default=None, description="of the consignment, in transit")


class LegOut(ApiModel):
    """What one place gave (below zero) or took. The legs of a line sum to zero for each lot."""

    place: PlaceOut
    lot: str | None = Field(description="null: the item's unknown lot", examples=["20260401"])
    quantity: ExactText
    serials: list[str] = Field(default=[])


class LineOut(ApiModel):
    line: int
    item: ItemOut
    legs: list[LegOut]


class DocumentOut(ApiModel):
    kind: str = Field(examples=["RK"])
    number: str = Field(examples=["RK20260501-0007"])


class CapturedOut(ApiModel):
    """The entry of an edge's journal that says so."""

    edge_id: str
    epoch: str
    stream: Stream
    sequence: int


class CountOut(ApiModel):
    """ "At that moment there were so many", beside what the book had for that moment."""

    item: ItemOut
    place: PlaceOut
    lot: str | None = Field(description="null: all lots of the bin together")
    counted: ExactText
    book: ExactText
    difference: ExactText
    counted_at: Moment


class MovementOut(ApiModel):
    """One entry of the book. It never changes; a mistake is answered by a reversal."""

    ledger_seq: int = Field(description="place in the book: 1, 2, 3 ... without a hole", examples=[4711])
    movement_id: str = Field(examples=["0f8fad5b-d9cb-469f-a165-70867728950e"])
    kind: str = Field(examples=["receipt"])
    site_id: str | None = Field(examples=["hz-01"])
    event_time: Moment = Field(description="when it happened, as far as that can be believed")
    time_quality: TimeQuality
    recorded_at: Moment = Field(description="when the centre received it")
    actor: str = Field(examples=["张建国"])
    second_actor: str | None = Field(description="who confirmed beside the actor", examples=["李敏"])
    device: str | None
    source: str | None = Field(description="rfid, barcode, scale, manual ...; null: several", examples=["barcode"])
    reason: str | None
    document: DocumentOut | None
    reverses: str | None = Field(description="movement_id of the movement that this one takes back")
    reversed_by: str | None = Field(description="movement_id of the movement that takes this one back")
    corrects: str | None = Field(description="movement_id of the reversed movement that this one replaces")
    rotation: str | None = Field(description="method of a rotation", examples=["market_sale"])
    papers: str | None = Field(description="follow: accepted before its papers came")
    captured: CapturedOut | None = Field(description="null: done at the centre")
    lines: list[LineOut]
    count: CountOut | None = Field(description="of a stocktake")
    hash: str = Field(description="SHA-256 over this entry and the hash before it, hexadecimal")


def movement_out(entry: MovementEntry) -> MovementOut:
    row = entry.row
    return MovementOut(
        ledger_seq=row.ledger_seq,
        movement_id=row.movement_id,
        kind=row.kind,
        site_id=row.site_id,
        event_time=row.event_time,
        time_quality=TimeQuality(row.time_quality),
        recorded_at=row.recorded_at,
        actor=row.actor,
        second_actor=entry.beside.second_actor,
        device=row.device,
        source=row.source,
        reason=row.reason,
        document=DocumentOut(kind=row.document_kind, number=row.document_no or "") if row.document_kind else None,
        reverses=row.reverses,
        reversed_by=entry.reversed_by,
        corrects=row.corrects,
        rotation=entry.beside.rotation,
        papers=entry.beside.papers,
        captured=_captured(entry),
        lines=[_line(line) for line in entry.lines],
        count=_count(entry.count) if entry.count else None,
        hash=row.hash.hex(),
    )


def place_out(place: Account) -> PlaceOut:
    """What a place does not have is null."""
    return PlaceOut(
        kind=place.kind,
        site_id=place.site_id or None,
        bin=place.bin or None,
        status=place.status or None,
        owner_org=place.owner_org,
        custodian_org=place.custodian_org,
        reserve_mode=place.reserve_mode or None,
        document_no=place.document_no or None,
    )


def item_out(item: ItemName) -> ItemOut:
    return ItemOut(
        code=item.code, name=Name(zh=item.name_zh, en=item.name_en), unit=item.unit_code, unit_zh=item.unit_zh
    )


def _captured(entry: MovementEntry) -> CapturedOut | None:
    if entry.origin is None:
        return None
    assert entry.row.sequence is not None
    return CapturedOut(**entry.origin._asdict(), sequence=entry.row.sequence)


def _line(line: LineEntry) -> LineOut:
    legs = [
        LegOut(
            place=place_out(leg.place),
            lot=leg.lot.number,
            quantity=line.item.amount(leg.quantity),
            serials=list(leg.serials),
        )
        for leg in line.legs
    ]
    return LineOut(line=line.line, item=item_out(line.item), legs=legs)


def _count(count: CountEntry) -> CountOut:
    amount = count.item.amount
    return CountOut(
        item=item_out(count.item),
        place=place_out(count.place),
        lot=count.lot.number if count.lot else None,
        counted=amount(count.counted),
        book=amount(count.book_at),
        difference=amount(count.difference),
        counted_at=count.counted_at_ms,
    )
