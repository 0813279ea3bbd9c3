"""Bins are counted, and packs are opened."""

from __future__ import annotations

from tests.browser.day.errands import PHONE, UNTOLD, Amount, Counted, Entry, Errand, Goods, Scan, Shown, Tap, confirm
from tests.browser.day.goods import BED, BED_PACK, MAT

COUNTS = (
    Errand(
        "count",
        (
            Tap("OBC-COUNT", "action-chosen"),
            Scan("OBB-C-01", "bin-named"),
            Scan(BED, "goods"),
            Amount("40", "goods"),
            Shown("40", "complete", PHONE),
            Scan("OBC-CONFIRM", "not-counted"),
            Scan(MAT, "goods"),
            Amount("20", "goods"),
            confirm(),
        ),
        (
            Entry("stocktake", document="PD", counted=Counted("LS01006", "B1", "C-01 available", "40 EA", "40 EA")),
            Entry("stocktake", document="PD", counted=Counted("LS01007", "M1", "C-01 available", "20 EA", "20 EA")),
        ),
    ),
    Errand(
        "count_partly",
        (
            Tap("OBC-COUNT", "action-chosen"),
            Scan("OBB-C-01", "bin-named"),
            Scan(MAT, "goods"),
            Amount("20", "goods"),
            Tap("OBC-PARTIAL", "marked"),
            confirm(),
        ),
        (Entry("stocktake", document="PD", counted=Counted("LS01007", "M1", "C-01 available", "20 EA", "20 EA")),),
    ),
    Errand(
        "count_absent",
        (
            Tap("OBC-COUNT", "action-chosen"),
            Scan("OBB-B-01", "bin-named"),
            Scan("OBI-LS02003", "goods"),
            Scan("OBL-20460630-M7", "lot-named"),
            Amount("20", "goods"),
            Tap("OBC-ABSENT", "counted-absent"),
            Shown("0", picture=PHONE),
            Tap("OBC-CONFIRM", "count-again"),
            Scan(BED, "recount-only"),
            Tap("OBC-ABSENT", "counted-absent"),
            confirm(),
        ),
        (
            Entry("stocktake", document="PD", counted=Counted("LS02003", "M7", "B-01 available", "20 EA", "20 EA")),
            Entry("stocktake", document="PD", counted=Counted("LS02003", "M8", "B-01 available", "0 EA", "1 EA")),
        ),
    ),
    Errand(
        "count_blind",
        (
            Tap("OBC-BLIND", "action-chosen"),
            Scan("OBB-C-01", "bin-named"),
            Scan(MAT, "goods"),
            Amount("20", "goods"),
            Scan(BED, "goods"),
            Amount("39", "goods"),
            Shown("39", UNTOLD),
            Tap("OBC-CONFIRM", "count-again"),
            Shown("", UNTOLD, PHONE),
            Scan(BED, "goods"),
            Amount("39", "goods"),
            confirm(),
        ),
        (
            Entry("stocktake", document="PD", counted=Counted("LS01007", "M1", "C-01 available", "20 EA", "20 EA")),
            Entry(
                "stocktake",
                (Goods("LS01006", "B1", "1 EA", "C-01 available", "stocktake_loss"),),
                document="PD",
                counted=Counted("LS01006", "B1", "C-01 available", "39 EA", "40 EA"),
            ),
        ),
    ),
    Errand(
        "repack",
        (
            Tap("OBC-REPACK", "action-chosen"),
            Scan(BED_PACK, "goods"),
            Scan(BED, "goods"),
            Scan("OBC-CONFIRM", "repack-differs"),
            Amount("2", "goods"),
            Shown("2", picture=PHONE),
            Tap("OBC-CONFIRM", "repacked"),
        ),
    ),
)
