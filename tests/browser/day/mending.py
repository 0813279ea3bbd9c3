"""What went wrong is put right; and what nobody wants is not booked."""

from __future__ import annotations

from tests.browser.day.errands import DESK, PHONE, Amount, Entry, Errand, Goods, Scan, Shown, Tap, confirm
from tests.browser.day.goods import BLANKET, TENT

MENDING = (
    Errand(
        "issue_wrongly",
        (
            Tap("OBC-ISSUE", "action-chosen"),
            Scan("OBB-A-01", "bin-named"),
            Scan(TENT, "goods"),
            Amount("12", "goods"),
            confirm(),
        ),
        (Entry("issue", (Goods("LS01001", "T1", "12 EA", "A-01 available", "consumed"),), document="CK"),),
    ),
    Errand(
        "correct",
        (
            Tap("OBC-CORRECT", "action-chosen"),
            Tap("OBM-{issue_wrongly.id}", "correction-begun"),
            Amount("10", "goods"),
            Scan("OBC-CONFIRM", "need-reason"),
            Tap("OBR-WRONG_AMOUNT", "reason-given"),
            Shown("10", picture=DESK),
            confirm(),
        ),
        (
            Entry(
                "reversal",
                (Goods("LS01001", "T1", "12 EA", "consumed", "A-01 available"),),
                reasons="WRONG_AMOUNT",
                about="issue_wrongly",
            ),
            Entry(
                "issue",
                (Goods("LS01001", "T1", "10 EA", "A-01 available", "consumed"),),
                document="CK",
                reasons="WRONG_AMOUNT",
                about="issue_wrongly",
            ),
        ),
    ),
    Errand(
        "move_wrongly",
        (
            Scan("OBC-MOVE", "action-chosen"),
            Scan("OBB-A-01", "from-bin-named"),
            Scan("OBB-A-02", "bin-named"),
            Scan(TENT, "goods"),
            Scan("OBQ-3", "goods"),
            Scan("OBC-CONFIRM", "recorded"),
        ),
        (Entry("bin_move", (Goods("LS01001", "T1", "3 EA", "A-01 available", "A-02 available"),), document="YK"),),
    ),
    Errand(
        "reverse",
        (
            Tap("OBC-REVERSE", "reverse-asked"),
            Shown(picture=PHONE),
            confirm(),
        ),
        (
            Entry(
                "reversal",
                (Goods("LS01001", "T1", "3 EA", "A-02 available", "A-01 available"),),
                reasons="扫码冲销",
                about="move_wrongly",
            ),
        ),
    ),
    Errand(
        "second_thoughts",
        (
            Tap("OBC-RECEIVE", "action-chosen"),
            Scan("OBB-B-02", "bin-named"),
            Tap("OBC-UNDO", "undone"),
            Scan("OBB-B-01", "bin-named"),
            Scan(TENT, "goods-to-inspect"),
            Scan(BLANKET, "goods-to-inspect"),
            Tap("OBC-DROP", "line-dropped"),
            Shown("1", picture=PHONE),
            Tap("OBC-CANCEL", "cancelled"),
        ),
    ),
)
