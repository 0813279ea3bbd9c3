from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from onebook_schemas.reference import Limits, PersonOnSite, SiteRules

PERSON = {"badge": "k1", "name": "张建国", "role": "keeper"}


def test_a_last_day_is_written_out() -> None:
    until = PersonOnSite.model_validate(PERSON | {"until": "2030-06-30"}).until
    assert until == date(2030, 6, 30)
    assert PersonOnSite.model_validate(PERSON | {"until": until}).until == until


@pytest.mark.parametrize("value", [0, 1_900_000_000, "0", "1900000000", "20300630", "2030-06-30T00:00:00Z", True])
def test_what_could_be_taken_for_seconds_is_no_day(value: object) -> None:
    """A person whose last day is 1970 is let in nowhere, and nobody would know why."""
    with pytest.raises(ValidationError, match="write a date as"):
        PersonOnSite.model_validate(PERSON | {"until": value})


@pytest.mark.parametrize("value", ["on", "off", 1, 0, "true"])
def test_a_right_is_given_by_true_and_by_nothing_else(value: object) -> None:
    with pytest.raises(ValidationError):
        PersonOnSite.model_validate(PERSON | {"may_authorise": value})


def test_yes_and_no_are_no_numbers() -> None:
    with pytest.raises(ValidationError):
        Limits.model_validate({"humidity_rh_max": True})
    with pytest.raises(ValidationError):
        SiteRules.model_validate({"near_expiry_days": [False]})
    assert Limits.model_validate({"humidity_rh_max": 60}).humidity_rh_max == 60


@pytest.mark.parametrize("figure", [2, 2.5, True])
def test_a_figure_of_the_rules_is_text_as_its_description_says(figure: object) -> None:
    with pytest.raises(ValidationError, match="an exact figure is text"):
        SiteRules.model_validate({"count_difference_review_pct": figure})
    assert SiteRules.model_validate({"count_difference_review_pct": "2.5"}).count_difference_review_pct == Decimal(
        "2.5"
    )
