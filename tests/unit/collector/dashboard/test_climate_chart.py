from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebook_collector.dashboard.climate_chart import HEIGHT, WIDTH, WIDTH_MS, Frame, draw, gaps, scale
from onebook_collector.metrics.rollup import HOUR_MS, Bucket

NOW_MS = 1_790_000_000_000
FRAME = Frame.ending_at(NOW_MS)


def bucket(number: int, mean: float, spread: float = 0.5) -> Bucket:
    from_ms = FRAME.from_ms + number * WIDTH_MS
    return Bucket(from_ms, mean - spread, mean + spread, mean * 4, 4, mean, from_ms + 1)


def test_the_frame_is_a_day_that_ends_at_the_next_full_hour() -> None:
    assert FRAME.until_ms % HOUR_MS == 0
    assert 0 <= FRAME.until_ms - NOW_MS < HOUR_MS
    assert len(FRAME.labels_ms) == 7


@given(st.floats(-60, 120), st.floats(0, 100), st.sampled_from((4.0, 10.0)))
def test_a_scale_holds_everything_and_its_steps_are_equal(low: float, span: float, span_min: float) -> None:
    ticks = scale(low, low + span, span_min)
    assert ticks[-1] <= low + 1e-6
    assert ticks[0] >= low + span - 1e-6
    steps = [above - below for above, below in pairwise(ticks)]
    assert steps == pytest.approx([steps[0]] * 4)


def test_a_scale_has_round_numbers_and_wastes_no_room() -> None:
    assert scale(19.4, 25.6, 4.0) == (26.0, 24.0, 22.0, 20.0, 18.0)
    assert scale(18.0, 18.1, 4.0) == (20.0, 19.0, 18.0, 17.0, 16.0)


def test_a_hole_breaks_the_line_and_a_slow_probe_does_not() -> None:
    whole = draw(FRAME, "temperature_c", [bucket(n, 18.0) for n in (0, 1, 3)], span_min=4)
    broken = draw(FRAME, "temperature_c", [bucket(n, 18.0) for n in (0, 1, 9)], span_min=4)
    assert whole.line.count("M") == 1
    assert broken.line.count("M") == 2
    assert broken.band.count("Z") == 2


def test_everything_is_drawn_inside_the_panel() -> None:
    panel = draw(FRAME, "humidity_rh", [bucket(n, 40 + n % 30, 9) for n in range(140)], span_min=10)
    numbers = [
        tuple(map(float, pair.split())) for pair in panel.band.replace("Z", "").replace("M", "L").split("L") if pair
    ]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in numbers)
    assert (panel.low, panel.high, panel.last) == (31.0, 78.0, 59.0)


def test_a_lone_reading_is_a_dot() -> None:
    assert draw(FRAME, "temperature_c", [bucket(72, 18.0)], span_min=4).line == "M725 150L725 150"


def test_gaps_are_cut_to_the_frame_and_never_too_thin_to_see() -> None:
    found = gaps(FRAME, [(0, FRAME.from_ms + HOUR_MS), (NOW_MS - 1, NOW_MS), (0, 1)])
    assert found[0].x == 0
    assert found[0].width == WIDTH / 24
    assert found[1].width == 2.0
    assert len(found) == 2
