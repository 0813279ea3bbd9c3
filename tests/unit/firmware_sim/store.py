"""A small warehouse with real items, and hands that are done with an act at once."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from pathlib import Path

from onebook_firmware_sim.goods import Goods, Item, read_catalogue
from onebook_firmware_sim.scenario import Crew, Floor, Operation
from onebook_firmware_sim.staff import Confirm, Lose, Slips, carry_out, truth_of, truth_of_loss
from onebook_firmware_sim.truth_log import TruthEntry
from onebook_firmware_sim.warehouse import Warehouse, Zone
from onebook_schemas.stock_events import Lot

CATALOGUE = Path(__file__).parents[3] / "collector" / "onebook_collector" / "reference" / "catalogue.csv"
ITEMS = read_catalogue(CATALOGUE)
TODAY = date(2026, 5, 28)
NO_SLIPS = Slips(double_scan=0, wrong_bin=0, unknown_code=0)
ALL_SLIPS = Slips(double_scan=0.3, wrong_bin=0.3, unknown_code=0.3)


def item(code: str) -> Item:
    return next(item for item in ITEMS if item.code == code)


TENT, BED, PADDY = item("LS01004"), item("LS01006"), item("LS05003")  # By serial; by lot, in cartons; bulk.
NEW_BEDS = Goods(BED, Lot(number="B7", expires_on=date(2028, 1, 31)))
TENTS, PADDIES = Goods(TENT), Goods(PADDY)


def zone(name: str, *bins: str, classes: tuple[str, ...] = ()) -> Zone:
    return Zone(
        name=name, bins=bins, storage_classes=frozenset(classes), mean_c=20, swing_c=5, mean_rh=60, swing_rh=10
    )  # fmt: skip


def warehouse() -> Warehouse:
    return Warehouse(
        [
            zone("A", "A-1", "A-2", "A-3", classes=("ambient_dry", "food_dry")),
            zone("G", "G-1", "G-2", classes=("grain_quasi_low",)),
        ]
    )


def floor(seed: int = 1, slips: Slips = NO_SLIPS, where: Warehouse | None = None) -> Floor:
    crew = Crew(people=("CHEN", "SHEN"), division="330100", maker="001", day=TODAY, slips=slips)
    return Floor(where or warehouse(), ITEMS, crew, random.Random(seed), division_kg=Decimal("0.05"))


def done(operation: Operation, where: Warehouse, number: int = 1) -> list[TruthEntry]:
    """Do the operation at once; give its truth."""
    truth: list[TruthEntry] = []
    for act in operation.acts:
        if isinstance(act, Confirm):
            carry_out(act.sheet, where)
            truth += truth_of(act.sheet, number, 0)
        elif isinstance(act, Lose):
            where.take(act.bin, act.line.goods, act.line.quantity, act.line.serials)
            truth.append(truth_of_loss(act, number, 0))
    return truth
