"""Goods go out: by an order, without one, against the rules with a reason, and never when they have expired."""

from __future__ import annotations

from tests.browser.day.errands import DESK, HEAD, PHONE, Amount, Entry, Errand, Goods, Scan, Shown, Tags, Tap, confirm
from tests.browser.day.goods import Q1, Q2, TENT, WATER_EXPIRED, command_tent_tags, toilet_tag

ISSUES = (
    Errand(
        "issue_order",
        (
            Tap("OBD-DB-2026-3", "task-taken"),
            Tap("OBB-A-01", "bin-named"),
            Scan(TENT, "goods-of-task"),
            Amount("20", "goods-of-task"),
            Shown("20", "complete", DESK),
            confirm(),
        ),
        (
            Entry(
                "transfer_out",
                (Goods("LS01001", "T1", "20 EA", "A-01 available", "in_transit DB-2026-3"),),
                document="DB-2026-3",
            ),
        ),
    ),
    Errand(
        "issue_without_order",
        (
            Tap("OBC-ISSUE", "action-chosen"),
            Scan("OBB-A-02", "bin-named"),
            Scan(Q1, "goods"),
            Amount("30", "goods"),
            Scan("OBC-CONFIRM", "need-reason"),
            Tap("OBR-EMERGENCY", "reason-given"),
            Scan("OBC-CONFIRM", "need-second"),
            Scan("OBP-1001", "second-must-differ"),
            Scan("OBP-1002", "second-named"),
            Shown("30", picture=PHONE),
            confirm(),
        ),
        (
            Entry(
                "issue",
                (Goods("LS02001", "Q1", "30 EA", "A-02 available", "consumed"),),
                document="CK",
                second=HEAD,
                reasons="EMERGENCY",
            ),
        ),
    ),
    Errand(
        "issue_not_first",
        (
            Tap("OBC-ISSUE", "action-chosen"),
            Scan("OBB-A-02", "bin-named"),
            Scan(Q2, "not-first"),
            Amount("5", "not-first"),
            Shown("5", picture=PHONE),
            Scan("OBC-CONFIRM", "need-reason"),
            Tap("OBR-LOT_BLOCKED", "reason-given"),
            confirm(),
        ),
        (
            Entry(
                "issue",
                (Goods("LS02001", "Q2", "5 EA", "A-02 available", "consumed"),),
                document="CK",
                reasons="LOT_BLOCKED",
            ),
        ),
    ),
    Errand(
        "expired",
        (
            Tap("OBC-ISSUE", "action-chosen"),
            Scan("OBB-B-02", "bin-named"),
            Scan(WATER_EXPIRED, "expired"),
            Shown(picture=PHONE),
            Tap("OBC-CANCEL", "cancelled"),
        ),
    ),
    Errand(
        "dispose",
        (
            Tap("OBC-DISPOSE", "action-chosen"),
            Scan("OBB-B-02", "bin-named"),
            Scan(WATER_EXPIRED, "goods"),
            Amount("5", "goods"),
            Tap("OBR-EXPIRED", "reason-given"),
            Shown("5", picture=PHONE),
            confirm(),
        ),
        (
            Entry(
                "disposal",
                (Goods("LS03001", "W1", "5 CT", "B-02 available", "disposed"),),
                document="BF",
                reasons="EXPIRED",
            ),
        ),
    ),
    Errand(
        "rfid_issue",
        (
            Tap("OBD-DB-2026-4", "task-taken"),
            Tap("OBB-R-01", "bin-named"),
            Tags([*command_tent_tags(1, 2, 3), toilet_tag(9)], "tags-unexpected"),
            Tap("OBC-LEAVE", "marked"),
            Shown("3", "short", PHONE),
            confirm(),
        ),
        (
            Entry(
                "transfer_out",
                (
                    Goods(
                        "LS01004",
                        None,
                        "3 EA",
                        "R-01 available",
                        "in_transit DB-2026-4",
                        serials=("1", "2", "3"),
                    ),
                ),
                document="DB-2026-4",
            ),
        ),
    ),
)
