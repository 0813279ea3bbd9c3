"""Goods come in over the scale, and past the antenna."""

from __future__ import annotations

from tests.browser.day.errands import DESK, PHONE, Entry, Errand, Goods, Load, Scan, Shown, Tags, Tap, confirm
from tests.browser.day.goods import SEED, TOWEL, command_tent_tags, toilet_tag

BY_DEVICE = (
    Errand(
        "weigh",
        (
            Tap("OBC-RECEIVE", "action-chosen"),
            Scan("OBB-G-01", "bin-named"),
            Load("1.20", "weight-settled"),
            Tap("OBC-TARE", "tare-taken"),
            Scan(SEED, "goods-to-inspect"),
            Load("26.20", "weight-settled"),
            Tap("OBC-WEIGH", "net-taken"),
            Shown("25.00", picture=DESK),
            confirm(),
            Load("0"),
        ),
        (
            Entry(
                "receipt",
                (Goods("LS07001", "Z1", "25 KGM", "supplier", "G-01 awaiting_inspection"),),
                document="RK",
            ),
        ),
    ),
    Errand(
        "pieces",
        (
            Tap("OBC-RECEIVE", "action-chosen"),
            Scan("OBB-G-01", "bin-named"),
            Scan(TOWEL, "goods-to-inspect"),
            Load("8.00", "weight-settled"),
            Tap("OBC-PIECES", "pieces-taken"),
            Shown("10", picture=DESK),
            confirm(),
            Load("0"),
        ),
        (
            Entry(
                "receipt",
                (Goods("LS02004", "P1", "10 EA", "supplier", "G-01 awaiting_inspection"),),
                document="RK",
            ),
        ),
    ),
    Errand(
        "rfid_receive",
        (
            Tap("OBD-RW-2026-18", "task-taken"),
            Tap("OBB-R-01", "bin-named"),
            Tags([*command_tent_tags(1, 2, 3, 4, 5, 6), toilet_tag(9)], "tags-unexpected"),
            Shown("6", "complete", PHONE),
            Tap("OBC-ACCEPT", "marked"),
            confirm(),
        ),
        (
            Entry(
                "receipt",
                (
                    Goods(
                        "LS01004",
                        None,
                        "6 EA",
                        "supplier",
                        "R-01 awaiting_inspection",
                        serials=("1", "2", "3", "4", "5", "6"),
                    ),
                    Goods("LS01010", None, "1 EA", "supplier", "R-01 awaiting_inspection", serials=("9",)),
                ),
                document="RW-2026-18",
            ),
        ),
    ),
)
