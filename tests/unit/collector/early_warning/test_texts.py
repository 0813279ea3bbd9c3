from __future__ import annotations

from string import Formatter

import pytest

from onebook_collector.early_warning.texts import TEXTS, render


def names_in(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text)} - {None}


@pytest.mark.parametrize("text", TEXTS)
def test_both_languages_say_the_same_values(text: str) -> None:
    assert names_in(TEXTS[text].zh) == names_in(TEXTS[text].en)
    values = {str(name): 1_780_000_000_000 for name in names_in(TEXTS[text].zh)}
    assert "{" not in render(text, values, "zh") + render(text, values, "en")


def test_a_moment_is_shown_in_the_time_of_shanghai() -> None:
    assert "2026-05-29 04:26" in render("edge_dark", {"edge_id": "e", "silent_since_at": 1_780_000_000_000}, "zh")
