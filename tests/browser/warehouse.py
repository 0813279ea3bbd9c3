"""A warehouse that the centre has told everything: people with PINs, a cool store, orders. Made up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from onebook_schemas.pins import hash_pin
from onebook_schemas.quantities import Quantity
from onebook_schemas.reference import (
    Bin,
    Limits,
    PeopleDocument,
    PersonOnSite,
    SiteDocument,
    Task,
    TaskAction,
    TaskLine,
    TasksDocument,
    Zone,
)
from onebook_schemas.stock_events import Document, DocumentKind

PIN = "246810"
PEOPLE = PeopleDocument(
    version=1,
    people=(
        PersonOnSite(badge="1001", name="李敏", role="keeper", pin=hash_pin(PIN, bytes(16))),
        PersonOnSite(
            badge="1002", name="张建国", role="warehouse_head", may_authorise=True, pin=hash_pin(PIN, bytes(range(16)))
        ),
        PersonOnSite(badge="1003", name="周立", role="keeper"),
    ),
)
SITE = SiteDocument(
    version=1,
    site_id="hz-02",
    name_zh="杭州市救灾物资储备库",
    name_en="Hangzhou relief warehouse",
    division_code="330105",
    maker_number=7,
    bins=tuple(Bin(code=code, zone="COOL") for code in ("A-01", "A-02", "G-02")),
    zones=(
        Zone(
            code="COOL",
            name_zh="阴凉库",
            name_en="Cool store",
            limits=Limits(temperature_c_min=2, temperature_c_max=20, humidity_rh_max=75),
            probes=("probe",),
        ),
    ),
)
TASKS = TasksDocument(
    version=1,
    tasks=(
        Task(
            document=Document(kind=DocumentKind.DISPATCH_ORDER, number="DB20260922-0003"),
            action=TaskAction.ISSUE,
            title_zh="调拨温州",
            title_en="Dispatch to Wenzhou",
            counterpart="温州市防汛物资储备库",
            due_on=date(2026, 9, 23),
            is_urgent=True,
            lines=(TaskLine(item="LS01001", quantity=Quantity(amount=Decimal(20), unit="EA")),),
        ),
        Task(
            document=Document(kind=DocumentKind.RECEIPT_NOTE, number="RK20260922-0017"),
            action=TaskAction.RECEIVE,
            title_zh="采购到货",
            title_en="Purchase arrives",
            lines=(TaskLine(item="LS01001", quantity=Quantity(amount=Decimal(50), unit="EA")),),
        ),
    ),
)
