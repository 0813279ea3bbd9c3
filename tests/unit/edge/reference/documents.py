"""Documents to try things with."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from onebook_schemas.pins import hash_pin
from onebook_schemas.quantities import Quantity
from onebook_schemas.reference import (
    Bin,
    CatalogueDocument,
    CatalogueItem,
    Limits,
    PeopleDocument,
    PersonOnSite,
    Reason,
    ReasonUse,
    ReferenceDocument,
    SiteDocument,
    StockDocument,
    StockLine,
    TakenThrough,
    Task,
    TaskAction,
    TaskLine,
    TasksDocument,
    TradeUnit,
    Zone,
    parts_of,
)
from onebook_schemas.stock_events import Document, DocumentKind


def item(code: str, *, gtin: str | None = None) -> CatalogueItem:
    return CatalogueItem(
        code=code,
        name_zh="12平方米单帐篷",
        name_en="Tent, 12 m2",
        pinyin_initials="12pfmdzp",
        category="life_support",
        tracking="lot",
        units=(
            TradeUnit(code="EA", name_zh="顶", factor=1, gtin=gtin),
            TradeUnit(code="CT", name_zh="箱", factor=4),
        ),
        shelf_life_days=3650,
        limits=Limits(temperature_c_max=35),
        reusable=True,
        piece_weight_g=Decimal("2500.5"),
    )


def catalogue(version: int, *codes: str) -> CatalogueDocument:
    return CatalogueDocument(version=version, items=tuple(map(item, codes)))


def site(version: int, *bins: str) -> SiteDocument:
    return SiteDocument(
        version=version,
        site_id="hz-01",
        name_zh="杭州库",
        name_en="Hangzhou",
        division_code="330102",
        maker_number=7,
        bins=tuple(Bin(code=code, zone="COLD") for code in bins),
        zones=(Zone(code="COLD", name_zh="冷库", name_en="Cold store", probes=("probe-1",)),),
        reasons=(Reason(code="URGENT", zh="紧急", en="urgent", uses=(ReasonUse.NO_ORDER,)),),
    )


def people(version: int, *badges: str) -> PeopleDocument:
    pin = hash_pin("246810", bytes(16))
    persons = (PersonOnSite(badge=one, name="张建国", role="keeper", pin=pin, until=date(2030, 1, 1)) for one in badges)
    return PeopleDocument(version=version, people=tuple(persons))


def tasks(version: int, *numbers: str) -> TasksDocument:
    line = TaskLine(item="LS01001", quantity=Quantity(amount=Decimal(20), unit="EA"))
    return TasksDocument(
        version=version,
        tasks=tuple(
            Task(
                document=Document(kind=DocumentKind.DISPATCH_ORDER, number=number),
                action=TaskAction.ISSUE,
                title_zh="调拨",
                title_en="Dispatch",
                lines=(line,),
            )
            for number in numbers
        ),
    )


def stock(version: int, *bins: str) -> StockDocument:
    quantity = Quantity(amount=Decimal("12.5"), unit="KGM")
    return StockDocument(
        version=version,
        site_id="hz-01",
        taken=(TakenThrough(epoch="0011223344556677", sequence=9),),
        lines=tuple(StockLine(bin=one, item="LS01001", quantity=quantity) for one in bins),
    )


def one_of_each(version: int) -> list[ReferenceDocument]:
    return [
        catalogue(version, "LS01001"),
        site(version, "A-01"),
        people(version, "k1"),
        tasks(version, "DB1"),
        stock(version, "A-01"),
    ]


def in_parts(document: ReferenceDocument) -> list[ReferenceDocument]:
    """With one row each."""
    return parts_of(document, 1)
