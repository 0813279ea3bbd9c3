"""Old stock makes room for new, by each of the five methods."""

from __future__ import annotations

from tests.browser.day.errands import PHONE, Amount, Entry, Errand, Goods, Scan, Shown, Tap, confirm
from tests.browser.day.goods import Q1, quilt

ROTATIONS = (
    Errand(
        "rotate",
        (
            Tap("OBC-ROTATE", "action-chosen"),
            Scan("OBB-A-02", "bin-named"),
            Scan(Q1, "goods"),
            Amount("10", "goods"),
            Tap("OBC-TURNOVER", "marked"),
            Shown("10", picture=PHONE),
            confirm(),
        ),
        (
            Entry(
                "rotation_out",
                (Goods("LS02001", "Q1", "10 EA", "A-02 available", "in_rotation"),),
                document="LH",
                rotation="supply_turnover",
            ),
        ),
    ),
    Errand(
        "refill",
        (
            Tap("OBC-REFILL", "action-chosen"),
            Scan("OBD-{rotate.number}", "document-named"),
            Scan("OBB-A-02", "bin-named"),
            Scan(quilt("Q3", "480630"), "goods-to-inspect"),
            Amount("10", "goods-to-inspect"),
            Shown("10", picture=PHONE),
            confirm(),
        ),
        (
            Entry(
                "rotation_in",
                (Goods("LS02001", "Q3", "10 EA", "in_rotation", "A-02 awaiting_inspection"),),
                document="LH",
                rotation="supply_turnover",
            ),
        ),
    ),
    Errand(
        "rotate_for_use",
        (
            Tap("OBC-ROTATE", "action-chosen"),
            Scan("OBB-A-02", "bin-named"),
            Scan(Q1, "goods"),
            Amount("5", "goods"),
            Tap("OBC-DISPATCH", "marked"),
            confirm(),
        ),
        (
            Entry(
                "rotation_out",
                (Goods("LS02001", "Q1", "5 EA", "A-02 available", "in_rotation"),),
                document="LH",
                rotation="dispatch_use",
            ),
        ),
    ),
    Errand(
        "rotate_by_sale",
        (
            Scan("OBC-ROTATE", "action-chosen"),
            Scan("OBB-A-02", "bin-named"),
            Scan(Q1, "goods"),
            Scan("OBQ-5", "goods"),
            Scan("OBC-CONFIRM", "need-method"),
            Scan("OBC-SALE", "marked"),
            Scan("OBC-CONFIRM", "recorded"),
        ),
        (
            Entry(
                "rotation_out",
                (Goods("LS02001", "Q1", "5 EA", "A-02 available", "in_rotation"),),
                document="LH",
                rotation="market_sale",
            ),
        ),
    ),
    Errand(
        "rotate_to_the_factory",
        (
            Scan("OBC-ROTATE", "action-chosen"),
            Scan("OBB-A-02", "bin-named"),
            Scan(Q1, "goods"),
            Scan("OBQ-5", "goods"),
            Scan("OBC-FACTORY", "marked"),
            Scan("OBC-CONFIRM", "recorded"),
        ),
        (
            Entry(
                "rotation_out",
                (Goods("LS02001", "Q1", "5 EA", "A-02 available", "in_rotation"),),
                document="LH",
                rotation="factory_return",
            ),
        ),
    ),
    Errand(
        "refill_by_the_keeper_entrusted",
        (
            Tap("OBC-REFILL", "action-chosen"),
            Scan("OBB-A-02", "bin-named"),
            Scan(quilt("Q4", "480930"), "goods-to-inspect"),
            Amount("5", "goods-to-inspect"),
            Scan("OBC-CONFIRM", "need-method"),
            Tap("OBC-ENTRUST", "marked"),
            confirm(),
        ),
        (
            Entry(
                "rotation_in",
                (Goods("LS02001", "Q4", "5 EA", "in_rotation", "A-02 awaiting_inspection"),),
                document="LH",
                rotation="entrusted_rotation",
            ),
        ),
    ),
)
