"""Goods go out for a while, come back, and go to another bin."""

from __future__ import annotations

from tests.browser.day.errands import PHONE, Amount, Entry, Errand, Goods, Scan, Shown, Tap, confirm
from tests.browser.day.goods import TENT

LOANS = (
    Errand(
        "loan",
        (
            Tap("OBC-LOAN", "action-chosen"),
            Scan("OBB-A-01", "bin-named"),
            Scan(TENT, "goods"),
            Amount("6", "goods"),
            Shown("6", picture=PHONE),
            confirm(),
        ),
        (Entry("loan", (Goods("LS01001", "T1", "6 EA", "A-01 available", "on_loan"),), document="JY"),),
    ),
    Errand(
        "recover",
        (
            Tap("OBC-RECOVER", "action-chosen"),
            Scan("OBB-Q-01", "bin-named"),
            Scan(TENT, "goods"),
            Amount("6", "goods"),
            Shown("6", picture=PHONE),
            confirm(),
        ),
        (Entry("recovery", (Goods("LS01001", "T1", "6 EA", "on_loan", "Q-01 awaiting_inspection"),), document="HS"),),
    ),
    Errand(
        "inspect_recovered",
        (
            Scan("OBC-INSPECT", "action-chosen"),
            Scan("OBB-Q-01", "bin-named"),
            Scan(TENT, "goods"),
            Scan("OBQ-6", "goods"),
            Scan("OBC-PASS", "marked"),
            Scan("OBC-CONFIRM", "recorded"),
        ),
        (
            Entry(
                "status_change",
                (Goods("LS01001", "T1", "6 EA", "Q-01 awaiting_inspection", "Q-01 available"),),
                document="ZJ",
            ),
        ),
    ),
    Errand(
        "move",
        (
            Tap("OBC-MOVE", "action-chosen"),
            Scan("OBB-Q-01", "from-bin-named"),
            Scan("OBB-A-01", "bin-named"),
            Scan(TENT, "goods"),
            Amount("6", "goods"),
            Shown("6", picture=PHONE),
            confirm(),
        ),
        (Entry("bin_move", (Goods("LS01001", "T1", "6 EA", "Q-01 available", "A-01 available"),), document="YK"),),
    ),
)
