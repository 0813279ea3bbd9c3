from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from onebook_firmware_sim.truth_log import StockKey, TruthEntry, TruthKind, TruthLog, kinds, read_truth, totals


def entry(kind: TruthKind, quantity: str, **more: object) -> TruthEntry:
    fields = {"operation": 1, "line": 1, "at_ms": 0, "happened": True, "scanned": True, "item": "LS01006", "lot": "B7"}
    return TruthEntry.model_validate(fields | {"kind": kind, "quantity": Decimal(quantity)} | more)


def test_entries_come_back_as_they_were_written_also_by_a_second_writer(tmp_path: Path) -> None:
    first = entry(TruthKind.RECEIPT, "12.50", to_bin="A-1", serials=("7", "8"), document="RK1", unit="KGM")
    second = entry(TruthKind.COUNT, "0", from_bin="A-1", happened=False)
    with TruthLog(tmp_path / "truth.jsonl") as log:
        log.write([first])
        assert read_truth(tmp_path / "truth.jsonl") == [first], "an entry is not readable at once"
    with TruthLog(tmp_path / "truth.jsonl") as log:
        log.write([second])
        assert log.counts == {"count": 1}
    assert read_truth(tmp_path / "truth.jsonl") == [first, second]
    assert '"quantity":"12.50"' in (tmp_path / "truth.jsonl").read_text(encoding="utf-8")


def test_totals_are_what_happened_and_leave_out_empty_places() -> None:
    entries = [
        entry(TruthKind.RECEIPT, "20", to_bin="A-1"),
        entry(TruthKind.RECEIPT, "200", to_bin="A-1", happened=False),
        entry(TruthKind.REVERSAL, "0", happened=False, item=None),
        entry(TruthKind.BIN_MOVE, "20", from_bin="A-1", to_bin="A-2"),
        entry(TruthKind.LOSS, "1", from_bin="A-2", scanned=False),
        entry(TruthKind.COUNT, "19", from_bin="A-2", happened=False),
        entry(TruthKind.ISSUE, "4", from_bin="A-2"),
        entry(TruthKind.RECEIPT, "3", to_bin="A-2", lot=None),
    ]
    assert totals(entries) == {
        StockKey("A-2", "LS01006", "B7"): Decimal(15),
        StockKey("A-2", "LS01006", None): Decimal(3),
    }
    assert kinds(entries)["receipt"] == 3
