"""What came in is looked at: it may be used, or it may not."""

from __future__ import annotations

from tests.browser.day.errands import PHONE, Amount, Entry, Errand, Goods, Scan, Shown, Tap, confirm
from tests.browser.day.goods import TENT, command_tent

INSPECTIONS = (
    Errand(
        "inspect_pass",
        (
            Tap("OBC-INSPECT", "action-chosen"),
            Scan("OBB-A-01", "bin-named"),
            Scan(TENT, "goods"),
            Amount("45", "goods"),
            Tap("OBC-PASS", "marked"),
            Shown("45", picture=PHONE),
            confirm(),
        ),
        (
            Entry(
                "status_change",
                (Goods("LS01001", "T1", "45 EA", "A-01 awaiting_inspection", "A-01 available"),),
                document="ZJ",
            ),
        ),
    ),
    Errand(
        "inspect_fail",
        (
            Tap("OBC-INSPECT", "action-chosen"),
            Scan("OBB-A-01", "bin-named"),
            Scan(TENT, "goods"),
            Scan("OBQ-5", "goods"),
            Tap("OBC-FAIL", "marked"),
            Scan("OBC-CONFIRM", "need-reason"),
            Shown("5", picture=PHONE),
            Tap("OBR-FAILED_INSPECTION", "reason-given"),
            confirm(),
        ),
        (
            Entry(
                "status_change",
                (Goods("LS01001", "T1", "5 EA", "A-01 awaiting_inspection", "A-01 frozen"),),
                document="ZJ",
                reasons="FAILED_INSPECTION",
            ),
        ),
    ),
    Errand(
        "inspect_pieces_with_serials",
        (
            Scan("OBC-INSPECT", "action-chosen"),
            Scan("OBB-R-01", "bin-named"),
            *(Scan(command_tent(serial), "goods") for serial in (1, 2, 3, 4)),
            Scan(command_tent(4), "already-scanned"),
            Scan("OBC-PASS", "marked"),
            Scan("OBC-CONFIRM", "recorded"),
        ),
        (
            Entry(
                "status_change",
                (
                    Goods(
                        "LS01004",
                        None,
                        "4 EA",
                        "R-01 awaiting_inspection",
                        "R-01 available",
                        serials=("1", "2", "3", "4"),
                    ),
                ),
                document="ZJ",
            ),
        ),
    ),
    Errand(
        "release",
        (
            Scan("OBC-RELEASE", "action-chosen"),
            Scan("OBB-A-01", "bin-named"),
            Scan(TENT, "goods"),
            Scan("OBQ-3", "goods"),
            Scan("OBR-PASSED_INSPECTION", "reason-given"),
            Shown("3", picture=PHONE),
            Scan("OBC-CONFIRM", "recorded"),
        ),
        (
            Entry(
                "status_change",
                (Goods("LS01001", "T1", "3 EA", "A-01 frozen", "A-01 available"),),
                document="ZJ",
                reasons="PASSED_INSPECTION",
            ),
        ),
    ),
    Errand(
        "freeze",
        (
            Tap("OBC-FREEZE", "action-chosen"),
            Scan("OBB-A-01", "bin-named"),
            Scan(TENT, "goods"),
            Amount("4", "goods"),
            Tap("OBR-FROZEN_BY_ORDER", "reason-given"),
            Shown("4", picture=PHONE),
            confirm(),
        ),
        (
            Entry(
                "status_change",
                (Goods("LS01001", "T1", "4 EA", "A-01 available", "A-01 frozen"),),
                document="ZJ",
                reasons="FROZEN_BY_ORDER",
            ),
        ),
    ),
)
