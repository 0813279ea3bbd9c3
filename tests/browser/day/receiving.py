"""Goods come in: against an order, before their papers, as a gift, with a label that is broken or that nobody knows."""

from __future__ import annotations

from tests.browser.day.errands import (
    HEAD,
    PHONE,
    Amount,
    Aside,
    Entry,
    Errand,
    Goods,
    Note,
    Picked,
    Scan,
    Shown,
    Tap,
    Typed,
    confirm,
)
from tests.browser.day.goods import BED_PACK, BISCUIT, BLANKET, MAT, TENT, WATER, WATER_EXPIRED, quilt_pack

RECEIPTS = (
    Errand("sign_in", (Scan("OBP-1001", "signed-in"),)),
    Errand(
        "receive_order",
        (
            Tap("OBD-RW-2026-17", "task-taken"),
            Tap("OBB-A-01", "bin-named"),
            Scan(TENT, "goods-to-inspect"),
            Amount("52", "goods-over"),
            Shown("52", "over"),
            Amount("50", "goods-to-inspect"),
            Shown("50", "complete", PHONE),
            confirm(),
        ),
        (
            Entry(
                "receipt",
                (Goods("LS01001", "T1", "50 EA", "supplier", "A-01 awaiting_inspection"),),
                document="RW-2026-17",
            ),
        ),
    ),
    Errand(
        "receive_later",
        (
            Tap("OBC-RECEIVE", "action-chosen"),
            Tap("OBC-LATER", "marked"),
            Scan("OBB-A-02", "bin-named"),
            Scan(quilt_pack("Q1", "450630"), "goods"),
            Amount("6", "goods"),
            Scan(quilt_pack("Q2", "460630"), "goods"),
            Scan("OBQ-4", "goods"),
            Shown("40", picture=PHONE),
            confirm(),
        ),
        (
            Entry(
                "receipt",
                (
                    Goods("LS02001", "Q1", "60 EA", "supplier", "A-02 available"),
                    Goods("LS02001", "Q2", "40 EA", "supplier", "A-02 available"),
                ),
                document="RK",
                papers="follow",
            ),
        ),
    ),
    Errand(
        "gift",
        (
            Tap("OBC-DONATE", "action-chosen"),
            Scan("OBB-B-02", "bin-named"),
            Scan(WATER, "goods"),
            Amount("30", "goods"),
            Scan(WATER_EXPIRED, "goods-expired"),
            Amount("5", "goods-expired"),
            Shown("5", picture=PHONE),
            confirm(),
        ),
        (
            Entry(
                "donation",
                (
                    Goods("LS03001", "W2", "30 CT", "donor", "B-02 available"),
                    Goods("LS03001", "W1", "5 CT", "donor", "B-02 available"),
                ),
                document="JZ",
                papers="follow",
            ),
        ),
    ),
    Errand(
        "papers",
        (
            Tap("OBC-PAPERS", "action-chosen"),
            Tap("OBM-{gift.id}", "movement-named"),
            Picked("jz-2026-7", "OBD-JZ-2026-7", "document-named"),
            Shown(picture=PHONE),
            confirm(),
        ),
        (Entry("papers", document="JZ-2026-7", about="gift"),),
    ),
    Errand(
        "papers_by_scanner",
        (
            Scan("OBC-PAPERS", "action-chosen"),
            Scan("OBD-{receive_later.number}", "movement-named"),
            Scan("OBD-RW-2026-9", "document-named"),
            Scan("OBC-CONFIRM", "recorded"),
        ),
        (Entry("papers", document="RW-2026-9", about="receive_later"),),
    ),
    Errand(
        "receive_much",
        (
            Scan("OBC-RECEIVE", "action-chosen"),
            Scan("OBC-LATER", "marked"),
            Scan("OBB-C-02", "bin-named"),
            Scan(BISCUIT, "goods"),
            Amount("600", "goods"),
            Scan("OBC-CONFIRM", "need-second"),
            Scan("OBP-1002", "second-named"),
            confirm(),
        ),
        (
            Entry(
                "receipt",
                (Goods("LS03003", "S1", "600 CT", "supplier", "C-02 available"),),
                document="RK",
                second=HEAD,
                papers="follow",
            ),
        ),
    ),
    Errand(
        "receive_packs_and_pieces",
        (
            Scan("OBC-RECEIVE", "action-chosen"),
            Scan("OBC-LATER", "marked"),
            Scan("OBB-C-01", "bin-named"),
            Scan(BED_PACK, "goods"),
            Scan("OBQ-20", "goods"),
            Scan(MAT, "goods"),
            Scan("OBQ-20", "goods"),
            Scan("OBC-CONFIRM", "recorded"),
        ),
        (
            Entry(
                "receipt",
                (
                    Goods("LS01006", "B1", "40 EA", "supplier", "C-01 available"),
                    Goods("LS01007", "M1", "20 EA", "supplier", "C-01 available"),
                ),
                document="RK",
                papers="follow",
            ),
        ),
    ),
    Errand(
        "broken_label",
        (
            Tap("OBC-RECEIVE", "action-chosen"),
            Tap("OBC-LATER", "marked"),
            Picked("b-01", "OBB-B-01", "bin-named"),
            Picked("mt", "OBI-LS02003", "goods"),
            Amount("20", "goods"),
            Typed("OBL-20460630-M7", "lot-named"),
            Shown("20", picture=PHONE),
            confirm(),
        ),
        (
            Entry(
                "receipt",
                (Goods("LS02003", "M7", "20 EA", "supplier", "B-01 available"),),
                document="RK",
                papers="follow",
            ),
        ),
    ),
    Errand(
        "unknown_code",
        (
            Tap("OBC-RECEIVE", "action-chosen"),
            Tap("OBC-LATER", "marked"),
            Scan("OBB-B-01", "bin-named"),
            Scan("6901234567892", "code-set-aside"),
            Shown(picture=PHONE),
            Note("蓝色纸箱，像手电筒，约 40 个"),
            Scan(BLANKET, "goods"),
            confirm(),
        ),
        (
            Entry(
                "receipt",
                (Goods("LS02003", "M8", "1 EA", "supplier", "B-01 available"),),
                document="RK",
                papers="follow",
            ),
        ),
        (Aside("]C06901234567892", ""), Aside("]C06901234567892", "蓝色纸箱，像手电筒，约 40 个")),
    ),
)
