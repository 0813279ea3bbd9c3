"""Goal: a program that grows is found. Method: planted series for the rule; a short run of `make soak` for the rest."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.soak.report import report, trends
from tests.soak.soak import BENCH, LOADED, Soak
from tests.soak.trend import Series, trend

HOUR_S = 3600


def noisy(kib_per_h: float, *, warms_mib: float = 0.0) -> Series:
    dice = random.Random(1)
    return [
        (float(at), 50 + warms_mib * min(at / 300, 1) + kib_per_h / 1024 * at / HOUR_S + dice.gauss(0, 0.5))
        for at in range(0, HOUR_S, 5)
    ]


def test_a_leak_is_found_and_its_slope_lies_within_its_uncertainty() -> None:
    found = trend(noisy(12 * 1024))
    assert not found.is_flat
    assert abs(found.slope - 12) < 3 * found.uncertainty < 3


def test_what_only_warms_up_and_then_stays_is_flat() -> None:
    found = trend(noisy(0, warms_mib=20))
    assert found.is_flat
    assert abs(found.slope) < 3 * found.uncertainty


def test_a_descriptor_that_is_lost_at_every_outage_is_found() -> None:
    found = trend([(float(at), 20 + at // 300) for at in range(0, HOUR_S, 5)])
    assert not found.is_flat
    assert found.slope == pytest.approx(12, rel=0.1)


@pytest.mark.slow
def test_a_short_soak_loses_nothing_and_reports_every_process(tmp_path: Path) -> None:
    with Soak(tmp_path, 0.2) as soak:
        result = soak.run()
    assert {name for name, _, _ in trends(result)} == {"collector", "broker", BENCH, *LOADED}
    assert result.told["believed"] > 0
    assert result.outages.total() > 0
    assert "lost, doubled, altered, out of order | none" in report(result)
