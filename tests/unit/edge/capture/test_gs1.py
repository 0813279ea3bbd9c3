from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from onebook_edge.capture.gs1 import Barcode, BarcodeKind, check_digit, classify
from tests.unit.edge.drivers.vectors import vectors

_TODAY = date(2026, 6, 1)
_GTIN = "0106901234567892"


def _as_vector(barcode: Barcode) -> dict[str, Any]:
    return {
        "kind": barcode.kind,
        "aim": barcode.aim,
        "elements": [{"ai": ai, "value": value} for ai, value in barcode.elements],
        "gtin14": barcode.gtin14,
        "dates": {ai: day.isoformat() for ai, day in barcode.dates.items()},
        "decimals": {ai: str(value) for ai, value in barcode.decimals.items()},
        "error": barcode.error,
        "warnings": list(barcode.warnings),
        "issuer": barcode.issuer,
        "note_fields": dict(barcode.production),
    }


@pytest.mark.parametrize("vector", vectors("barcodes.json"))
def test_a_barcode_means_what_its_vector_says(vector: dict[str, Any]) -> None:
    meaning = _as_vector(classify(vector["input"], _TODAY))
    assert {key: meaning[key] for key in vector["expect"]} == vector["expect"]
    if "error" not in vector["expect"]:
        assert meaning["error"] is None
    if "warnings" not in vector["expect"]:
        assert meaning["warnings"] == []


@pytest.mark.parametrize("vector", vectors("check_digits.json"))
def test_the_check_digit_of_a_vector(vector: dict[str, Any]) -> None:
    assert vector["body"] + check_digit(vector["body"]) == vector["full"]


@pytest.mark.parametrize(
    ("today", "yy", "year"),
    [
        (date(2026, 6, 1), "76", 2076),
        (date(2026, 6, 1), "77", 1977),
        (date(2060, 1, 1), "10", 2110),
        (date(2060, 1, 1), "11", 2011),
        (date(1999, 1, 1), "49", 2049),
    ],
)
def test_the_century_comes_from_the_day_that_is_handed_in(today: date, yy: str, year: int) -> None:
    assert classify(f"]C1{_GTIN}17{yy}1231", today).expires_on == date(year, 12, 31)


@pytest.mark.parametrize("day", ["260230", "260431", "261301", "260001", "260132"])
def test_a_day_that_does_not_exist_is_an_error(day: str) -> None:
    barcode = classify(f"]C1{_GTIN}17{day}", _TODAY)
    assert (barcode.error, barcode.expires_on, barcode.gtin14) == ("bad-date", None, "06901234567892")


def test_the_fields_of_a_label_have_names() -> None:
    barcode = classify(f"]C1{_GTIN}11260101152606001726123110L1\x1d21S1\x1d30144", _TODAY)
    assert (barcode.lot, barcode.serial, barcode.count) == ("L1", "S1", 144)
    assert (barcode.produced_on, barcode.best_before) == (date(2026, 1, 1), date(2026, 6, 30))
    assert barcode.expires_on == date(2026, 12, 31)
    pallet = classify("]C10010614141234567890802069012345678923724", _TODAY)
    assert (pallet.sscc, pallet.content_gtin14, pallet.count) == ("106141412345678908", "06901234567892", 24)
    assert pallet.gtin14 is None
    assert not pallet.warnings
    assert classify("]C14146901234000009", _TODAY).gln == "6901234000009"
    assert classify(f"]C1{_GTIN}70032612311200", _TODAY).expires_on == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("]C10106901234567893", "bad-check-digit"),
        ("]C100106141412345678909", "bad-check-digit"),
        ("]C14146901234000008", "bad-check-digit"),
        ("]Q1https://example.com/01/06901234567893", "bad-check-digit"),
        ("]C110" + "A" * 21, "value-too-long"),
        ("]C137123456789", "value-too-long"),
        (f"]C1{_GTIN}10", "truncated"),
        ("]C1", "truncated"),
        (f"]C1{_GTIN}17261", "truncated"),
        (f"]C1{_GTIN}10上海", "bad-character"),
        (f"]C1{_GTIN}310312A456", "bad-character"),
        (f"]C1{_GTIN}05", "unknown-ai"),
        ("]E06901234567893", "bad-check-digit"),
        ("6901234567893", "bad-check-digit"),
        ("]E0690123456", "bad-length"),
        ("]E069012345678AB", "bad-length"),
    ],
)
def test_what_is_wrong_is_said_by_its_class(text: str, error: str) -> None:
    barcode = classify(text, _TODAY)
    assert barcode.error == error
    if error == "bad-check-digit":
        assert barcode.gtin14 is None


@pytest.mark.parametrize(
    "text",
    [
        "10ABC123",
        "21A-03",
        "A-01-02",
        "OBC-RECEIVE",
        "00123",
        "01 warehouse",
        "]C0" + _GTIN,
        "]I01234567",
        "]",
        "]]]",
        "",
    ],
)
def test_a_label_of_the_house_is_text_and_not_a_lot(text: str) -> None:
    assert classify(text, _TODAY).kind is BarcodeKind.TEXT


@pytest.mark.parametrize(
    "text",
    [
        "]Q1https://www.example.cn/p?id=1",
        "HTTPS://EXAMPLE.CN",
        "http://[broken",
        "https://example.cn/01/abc",
        "https://example.cn/01",
    ],
)
def test_any_other_address_is_a_url(text: str) -> None:
    barcode = classify(text, _TODAY)
    assert (barcode.kind, barcode.error) == (BarcodeKind.URL, None)


def test_a_digital_link_may_carry_a_short_gtin() -> None:
    assert classify("https://example.cn/01/6901234567892", _TODAY).gtin14 == "06901234567892"


@pytest.mark.parametrize("text", ["\x1d" + _GTIN + "10A", _GTIN + "10A\x1d21B", "]C1\x1d" + _GTIN + "\x1d\x1d10A\x1d"])
def test_separators_may_lead_double_and_trail(text: str) -> None:
    barcode = classify(text, _TODAY)
    assert (barcode.gtin14, barcode.lot, barcode.error) == ("06901234567892", "A", None)


@pytest.mark.parametrize(
    ("text", "gtin14"),
    [
        ("]E3690123456789212345", "06901234567892"),
        ("]I116901234567899", "16901234567899"),
        ("96385074", "00000096385074"),
        ("036000291452", "00036000291452"),
    ],
)
def test_numbers_of_all_lengths_become_fourteen_digits(text: str, gtin14: str) -> None:
    assert classify(text, _TODAY).gtin14 == gtin14


@pytest.mark.parametrize(
    ("lot", "suspect"),
    [
        ("ABC12317261231", True),
        ("L10106901234567892", True),
        ("ABC1726123121S1", True),
        ("ABC12317261331", False),  # Month 13: no date.
        ("L10106901234567893", False),  # No GTIN.
        ("20210326", False),  # A day as lot number: its tail "21 0326" proves nothing.
        ("LOT21A", False),
        ("17261231", False),  # All of it: then nothing would be left of the lot.
    ],
)
def test_a_lot_is_suspected_to_have_swallowed_elements_only_with_a_proof(lot: str, suspect: bool) -> None:
    assert ("suspect-missing-fnc1" in classify(f"]C1{_GTIN}10{lot}", _TODAY).warnings) == suspect


def test_a_lot_without_its_item_is_shown() -> None:
    assert classify("]C110L1", _TODAY).warnings == ("required-ai-missing",)


def test_the_production_data_of_an_ma_code_are_told_by_their_letter() -> None:
    barcode = classify("]Q1MA.156.M0.100204.13351764.SN12.M20260101.LB7.E20290101", _TODAY)
    assert (barcode.kind, barcode.aim, barcode.issuer) == (BarcodeKind.MA_CODE, "]Q1", "MA.156")
    assert barcode.production == {"S": "N12", "M": "20260101", "L": "B7", "E": "20290101"}
    assert (barcode.lot, barcode.serial) == ("B7", "N12")
