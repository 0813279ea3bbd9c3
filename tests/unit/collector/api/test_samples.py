from __future__ import annotations

import pytest

from onebook_collector.api.resources.samples import DAY_MS, Resolution, choose_resolution
from onebook_collector.errors import RefusedError


@pytest.mark.parametrize(("days", "chosen"), [(0.1, Resolution.RAW), (1, Resolution.MINUTES), (30, Resolution.HOURS)])
def test_auto_takes_what_a_chart_of_that_range_can_show(days: float, chosen: Resolution) -> None:
    assert choose_resolution(Resolution.AUTO, 0, int(days * DAY_MS)) is chosen


def test_what_is_asked_for_is_given() -> None:
    assert choose_resolution(Resolution.RAW, 0, 2 * DAY_MS) is Resolution.RAW


@pytest.mark.parametrize(
    ("resolution", "days"), [(Resolution.RAW, 3), (Resolution.MINUTES, 40), (Resolution.AUTO, 9_999)]
)
def test_a_range_that_is_too_wide_is_refused_and_not_cut(resolution: Resolution, days: int) -> None:
    with pytest.raises(RefusedError, match="ask for at most"):
        choose_resolution(resolution, 0, days * DAY_MS)


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(RefusedError, match="until lies after from"):
        choose_resolution(Resolution.AUTO, 5, 5)
