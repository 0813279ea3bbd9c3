"""Goods and lots that labels and documents are made of in these tests. Made up, from the province's sample catalogue."""

from __future__ import annotations

from datetime import date

from onebook_edge.capture.catalogue import Catalogue, Item, Tracking, TradeUnit
from onebook_schemas.stock_events import Lot

TENT = Item(
    "LS01001",
    "12平方米单帐篷",
    "Tent, single layer, 12 m2",
    "12PFMDZP",
    "EA",
    Tracking.LOT,
    3650,
    (TradeUnit("顶", 1, "09520000000011"),),
)
BED = Item(
    "LS01006", "折叠床", "Folding bed", "ZDC", "EA", Tracking.LOT, 3650,
    (TradeUnit("张", 1, "09520000000066"), TradeUnit("件", 2, "19520000000063")),
)  # fmt: skip
RICE = Item("LS05001", "大米", "Rice", "DM", "KGM", Tracking.LOT, 365, (TradeUnit("公斤", 1, None),))
RADIO = Item("LS08001", "对讲机", "Hand-held radio", "DJJ", "EA", Tracking.SERIAL, None, (TradeUnit("台", 1, None),))
CATALOGUE = Catalogue([TENT, BED, RICE, RADIO])
LOT = Lot(number="T2026-11", produced_on=date(2026, 5, 1), expires_on=date(2036, 4, 30))
