"""Both languages say everything, and nothing is asked for that they do not say."""

from __future__ import annotations

import re
import string
from pathlib import Path

from onebook_edge import console
from onebook_edge.capture.dialogue_texts import FeedbackKind
from onebook_edge.capture.dialogue_view import Progress
from onebook_edge.console.alarms import AlarmKind
from onebook_edge.console.evidence import Verdict
from onebook_edge.console.texts import Language, spoken, texts_of
from onebook_edge.console.zones import LIMITED
from onebook_edge.paper.filing import PaperKind
from onebook_schemas.stock_events import CaptureSource

FOLDER = Path(console.__file__).parent
_ASKED = re.compile(r"""\b(?:t|texts|texts_for\(request\))\(\s*f?["']([a-z0-9_]+)(\{|["'] ?~)?""")
_REFUSED = re.compile(r"""Refuse\("([a-z_]+)"\)""")
_REASONS = re.compile(r'"(e\d_[a-z_]+)"')
MADE_UP_OF_CODES = {
    *(f"word_{kind}" for kind in FeedbackKind),
    *(f"source_{source}" for source in CaptureSource),
    *(f"progress_{progress}" for progress in Progress),
    *(f"paper_{kind}" for kind in PaperKind),
    *("from_bin", "to_bin", "bin"),
    *("photo_unfit", "photo_no_room"),
    *(f"alarm_{kind}" for kind in AlarmKind),
    *(f"climate_{quantity}" for quantity in LIMITED),
    *(f"climate_unit_{limit}" for limit in LIMITED.values()),
    *(f"verdict_{verdict}" for verdict in Verdict),
    *(f"evidence_e{n}" for n in range(1, 7)),
    *(f"evidence_{reason}" for reason in _REASONS.findall((FOLDER / "evidence.py").read_text(encoding="utf-8"))),
}
"""Texts whose name is put together from a code."""


def entries(language: Language) -> dict[str, str]:
    return dict(texts_of(language)._entries)


def asked_for() -> set[str]:
    files = [*FOLDER.rglob("*.py"), *FOLDER.rglob("*.html")]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    whole = {name for name, tail in _ASKED.findall(text) if not tail}
    return whole | set(_REFUSED.findall(text)) | MADE_UP_OF_CODES


def test_both_languages_have_the_same_texts_with_the_same_places() -> None:
    zh, en = entries(Language.ZH), entries(Language.EN)
    assert zh.keys() == en.keys()
    assert {name for name in zh if _places(zh[name]) != _places(en[name])} == set()


def test_every_text_that_is_asked_for_is_there_and_none_is_left_over() -> None:
    assert asked_for() - entries(Language.ZH).keys() == set(), "write these in both locales"
    assert entries(Language.ZH).keys() - asked_for() == set(), "nobody says these"


def test_chinese_is_spoken_unless_somebody_chose() -> None:
    assert [spoken(None, None), spoken("en", "zh"), spoken("de", "en"), spoken("xx", "yy")] == ["zh", "en", "en", "zh"]


def _places(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
