"""Documents from what is known at the centre. Pure; a version is given to them later."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from onebook_collector.furnishing.book import SiteStock
from onebook_collector.furnishing.desk import Setup, SiteZone
from onebook_collector.furnishing.usual_reasons import USUAL_REASONS
from onebook_collector.ledger.queries import BalanceLine
from onebook_collector.ledger.registry import Site
from onebook_schemas.quantities import Quantity
from onebook_schemas.reference import (
    Bin,
    CatalogueDocument,
    CatalogueItem,
    Limits,
    PeopleDocument,
    PersonOnSite,
    ReferenceDocument,
    SiteDocument,
    StockDocument,
    StockLine,
    Task,
    TasksDocument,
    TradeUnit,
    Zone,
)
from onebook_schemas.stock_events import Holding, ReserveMode, StockStatus

NO_VERSION = 0
ROWS_MAX = 500
"""Rows in one part: some 100 KiB as JSON, which a small box reads in a few hundredths of a second."""


def digest_of(document: ReferenceDocument) -> str:
    """Of its content, whatever its version."""
    return hashlib.sha256(document.model_copy(update={"version": NO_VERSION}).model_dump_json().encode()).hexdigest()


def catalogue_document(rows: Iterable[tuple[Any, Sequence[Any]]]) -> CatalogueDocument:
    return CatalogueDocument(version=NO_VERSION, items=tuple(_item(item, units) for item, units in rows))


def site_document(
    site: Site, edge_id: str, setup: Setup, zones: Iterable[SiteZone], bins: Iterable[Bin]
) -> SiteDocument:
    return SiteDocument(
        version=NO_VERSION,
        site_id=site.site_id,
        name_zh=site.name_zh,
        name_en=site.name_en,
        division_code=site.division_code,
        maker_number=setup.maker_number,
        bins=tuple(bins),
        zones=tuple(_zone(zone, edge_id) for zone in zones),
        rules=setup.rules,
        reasons=setup.reasons or USUAL_REASONS,
        holdings=setup.holdings,
    )


def people_document(people: Iterable[PersonOnSite]) -> PeopleDocument:
    return PeopleDocument(version=NO_VERSION, people=tuple(people))


def tasks_document(tasks: Iterable[Task]) -> TasksDocument:
    return TasksDocument(version=NO_VERSION, tasks=tuple(tasks))


def stock_document(site_id: str, edge_id: str, stock: SiteStock) -> StockDocument:
    lines = tuple(_line(line, stock) for line in stock.lines)
    return StockDocument(version=NO_VERSION, site_id=site_id, taken=stock.taken[edge_id], lines=lines)


def _item(item: Any, units: Sequence[Any]) -> CatalogueItem:
    """Its packages are whole multiples of its own unit: forty bags of quicklime to the tonne cannot be said, and are left out."""
    own = units[0]
    trade = [TradeUnit(code=own.unit_code, name_zh=item.unit_zh, factor=1, gtin=_gtin14(own.gtin))]
    for unit in units[1:]:
        factor, rest = divmod(unit.numerator * own.denominator, unit.denominator * own.numerator)
        if unit.name_zh and not rest and factor:
            trade.append(TradeUnit(code=unit.unit_code, name_zh=unit.name_zh, factor=factor, gtin=_gtin14(unit.gtin)))
    return CatalogueItem(
        code=item.code,
        name_zh=item.name_zh,
        name_en=item.name_en,
        pinyin_initials=item.pinyin_initials,
        category=item.category,
        tracking=item.tracking,
        units=tuple(trade),
        shelf_life_days=item.shelf_life_days,
        inspection_days=item.inspection_days,
        limits=Limits(
            temperature_c_min=item.temperature_c_min,
            temperature_c_max=item.temperature_c_max,
            humidity_rh_min=item.humidity_pct_min,
            humidity_rh_max=item.humidity_pct_max,
        ),
        reusable=bool(item.is_reusable),
        piece_weight_g=Decimal(item.piece_weight_mg) / 1000 if item.piece_weight_mg else None,
    )


def _gtin14(digits: str | None) -> str | None:
    return digits.zfill(14) if digits else None


def _zone(zone: SiteZone, edge_id: str) -> Zone:
    probes = tuple(probe.device for probe in zone.probes if probe.edge_id == edge_id)
    return Zone(code=zone.code, name_zh=zone.name_zh, name_en=zone.name_en, limits=zone.limits, probes=probes)


def _line(line: BalanceLine, stock: SiteStock) -> StockLine:
    place, lot = line.place, line.lot
    return StockLine(
        bin=place.bin,
        item=line.item.code,
        quantity=Quantity(amount=line.amount, unit=line.item.unit_code),
        lot=lot.number,
        produced_on=lot.produced_on,
        expires_on=lot.expires_on,
        status=StockStatus(place.status),
        holding=Holding(
            owner_org=place.owner_org,
            custodian_org=place.custodian_org,
            reserve_mode=ReserveMode(place.reserve_mode),
        ),
        serials=stock.serials.get((place.code, line.item.code, lot.number), ()),
    )
