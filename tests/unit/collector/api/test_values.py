from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from onebook_collector.api.values import ExactText, Moment

_moment = TypeAdapter(Moment)
_exact = TypeAdapter(ExactText)


def test_a_moment_is_read_in_any_zone_and_said_in_utc_with_milliseconds() -> None:
    at_ms = _moment.validate_python("2026-05-01T10:00:00+08:00")
    assert at_ms == _moment.validate_python("2026-05-01T02:00:00.000Z")
    assert _moment.dump_python(at_ms) == "2026-05-01T02:00:00.000Z"


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-01T10:00:00",
        "yesterday",
        "",
        "1969-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        "9999-99-99T00:00:00Z",
        "9999-12-31T23:59:59-12:00",
    ],
)
def test_what_is_no_moment_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValidationError, match="write a moment with its zone, such as"):
        _moment.validate_python(text)


@pytest.mark.parametrize(
    ("value", "text"), [("12.50", "12.5"), ("40", "40"), ("1E+3", "1000"), ("0.000", "0"), ("-0.25", "-0.25")]
)
def test_an_exact_amount_has_no_exponent_and_no_idle_zeros(value: str, text: str) -> None:
    assert _exact.dump_python(Decimal(value)) == text
