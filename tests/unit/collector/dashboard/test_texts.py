from __future__ import annotations

import re
from collections import Counter

import pytest

from onebook_collector.dashboard.texts import Language, negotiate, texts_of
from onebook_collector.ledger.account import AccountKind
from onebook_collector.live_board import Freshness
from onebook_collector.reference import read_catalogue
from onebook_schemas.stock_events import CaptureSource, MovementKind, StockStatus


@pytest.mark.parametrize(
    ("asked", "accepted", "spoken"),
    [
        (None, "", "zh"),
        (None, "en-GB,en;q=0.9", "en"),
        (None, "de,en;q=0.5,zh;q=0.8", "zh"),
        (None, "fr-FR", "zh"),
        (None, "en;q=0,zh-TW;q=0.1", "zh"),
        (None, "en;q=high, ;;,*", "zh"),
        ("en", "zh-CN", "en"),
        ("zh", "en", "zh"),
        ("tlh", "en", "en"),
    ],
)
def test_the_language_is_the_asked_one_or_the_first_that_is_accepted(
    asked: str | None, accepted: str, spoken: str
) -> None:
    assert negotiate(asked, accepted) == spoken


def test_both_languages_say_the_same_things_with_the_same_values() -> None:
    chinese, english = (texts_of(language)._entries for language in Language)
    assert chinese.keys() == english.keys()
    for name in chinese:
        found = [Counter(re.findall(r"{(\w+)}", entries[name])) for entries in (chinese, english)]
        assert found[0] == found[1], name


@pytest.mark.parametrize("language", Language)
def test_every_code_of_the_ledger_has_a_word(language: Language) -> None:
    texts = texts_of(language)
    codes = {
        "kind": [*MovementKind, "reversal", "stocktake", "adjustment"],
        "source": [*CaptureSource, "mixed"],
        "status": list(StockStatus),
        "place": [kind for kind in AccountKind if kind is not AccountKind.REAL],
        "freshness": list(Freshness),
        "unit": {row["unit_code"] for row in read_catalogue()},
    }
    for group, members in codes.items():
        for code in members:
            assert texts(f"{group}_{code}"), (group, code)


def test_a_code_that_this_page_does_not_know_is_shown_as_it_is() -> None:
    assert texts_of(Language.ZH).of_code("kind", "teleported") == "teleported"


def test_a_name_falls_back_to_the_language_that_it_has() -> None:
    assert texts_of(Language.EN).choose("帐篷", "") == "帐篷"
    assert texts_of(Language.ZH).choose("", "Tent") == "Tent"
