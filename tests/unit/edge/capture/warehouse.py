"""A warehouse for tests of the flows: a site with rules and reasons, people, open tasks, and goods in its bins."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.capture.knowledge import Knowledge
from onebook_edge.stock.local_stock import LocalStock
from onebook_schemas.quantities import Quantity
from onebook_schemas.reference import (
    Bin,
    PeopleDocument,
    PersonOnSite,
    Reason,
    ReasonUse,
    SiteDocument,
    SiteRules,
    StockDocument,
    StockLine,
    Task,
    TaskAction,
    TaskLine,
    TasksDocument,
)
from onebook_schemas.stock_events import Document, DocumentKind, Holding, StockStatus
from tests.unit.edge.capture.work_place import BED, CATALOGUE_CSV, TENT, WorkPlace

COUNTY = Holding(owner_org="county")
RULES = SiteRules(
    issue_without_order_max=Decimal(20), second_person_from=Decimal(500), count_difference_review_pct=Decimal(2)
)
REASONS = (
    Reason(code="URGENT", zh="紧急", en="urgent", uses=(ReasonUse.NO_ORDER,)),
    Reason(code="BLOCKED", zh="取不到", en="cannot be reached", uses=(ReasonUse.NOT_FEFO,)),
    Reason(code="BROKEN", zh="破损", en="broken", uses=(ReasonUse.DISPOSAL, ReasonUse.STATUS)),
    Reason(code="TYPO", zh="录错", en="entered wrongly", uses=(ReasonUse.CORRECTION,)),
)
SITE = SiteDocument(
    version=1,
    site_id="wh-1",
    name_zh="一号库",
    name_en="Warehouse 1",
    division_code="330106",
    maker_number=1,
    bins=tuple(Bin(code=code) for code in ("A-01", "A-02", "B-01", "Q-01")),
    rules=RULES,
    reasons=REASONS,
    holdings=(COUNTY,),
)
PEOPLE = PeopleDocument(
    version=1,
    people=(
        PersonOnSite(badge="zhangsan", name="张三", role="keeper"),
        PersonOnSite(badge="lisi", name="李四", role="keeper"),
        PersonOnSite(badge="wang", name="王主任", role="warehouse_head", may_authorise=True),
        PersonOnSite(badge="gone", name="离职", role="keeper", until=date(2026, 5, 27)),
    ),
)


def task(number: str, action: TaskAction, *lines: TaskLine, kind: str = "DB", **more: Any) -> Task:
    document = Document(kind=DocumentKind(kind), number=number)
    return Task(document=document, action=action, title_zh="支援余杭", title_en="To Yuhang", lines=lines, **more)


def wanted(item: str, amount: int, **more: Any) -> TaskLine:
    return TaskLine(item=item, quantity=Quantity(amount=Decimal(amount), unit="EA"), **more)


def lying(bin_code: str, amount: int, lot: str | None = None, expires: str | None = None, **more: Any) -> StockLine:
    return StockLine(
        bin=bin_code,
        item=more.pop("item", BED),
        quantity=Quantity(amount=Decimal(amount), unit="EA"),
        lot=lot,
        expires_on=date.fromisoformat(expires) if expires else None,
        holding=more.pop("holding", COUNTY),
        **more,
    )


def frozen(bin_code: str, amount: int, lot: str | None = None) -> StockLine:
    return lying(bin_code, amount, lot, status=StockStatus.FROZEN)


def catalogue() -> Catalogue:
    """The catalogue of the work place; beds are inspected, weighed for counting, and tents come back."""
    items = []
    for code in ("LS01004", "LS01006", "LS05001", "LS07001"):
        item = Catalogue.from_csv_text(CATALOGUE_CSV).by_code(code)
        assert item is not None
        if code == BED:
            item = replace(item, inspection_days=365, piece_weight_g=Decimal(8000))
        items.append(replace(item, is_reusable=code == TENT))
    return Catalogue(items)


def warehouse(*lines: StockLine, tasks: tuple[Task, ...] = (), badge: str = "zhangsan", **rules: Any) -> WorkPlace:
    """Somebody is signed in at a work place that knows all this."""
    place = WorkPlace()
    place.dialogue.catalogue = place.catalogue = catalogue()
    place.stock = LocalStock(StockDocument(version=1, site_id="wh-1", lines=lines), place.catalogue)
    site = SITE.model_copy(update={"rules": RULES.model_copy(update=rules)})
    place.dialogue.known = Knowledge(site, PEOPLE, TasksDocument(version=1, tasks=tasks), place.stock, place.recent)
    place.scan(f"OBP-{badge}")
    return place
