"""The page's words, by language. Chinese is spoken unless somebody asks for English."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated

from fastapi import Depends, Header, Query


class Language(enum.StrEnum):
    ZH = "zh"
    EN = "en"


class Texts:
    """`texts("waiting_events", count=3)`. A text that is missing is a bug, and raises KeyError."""

    def __init__(self, language: Language, entries: Mapping[str, str]) -> None:
        self.language = language
        self._entries = entries

    def __call__(self, name: str, /, **values: object) -> str:
        return self._entries[name].format(**values) if values else self._entries[name]

    def of_code(self, group: str, code: str) -> str:
        """The word for a code of the ledger; the code itself where a newer ledger knows more than this page."""
        return self._entries.get(f"{group}_{code}", code)

    def choose(self, zh: str, en: str) -> str:
        """Of a name that has two languages; the other one where it is empty."""
        return (zh or en) if self.language is Language.ZH else (en or zh)


@cache
def texts_of(language: Language) -> Texts:
    text = files(__package__).joinpath("locales", f"{language}.json").read_text(encoding="utf-8")
    return Texts(language, MappingProxyType(json.loads(text)))


def negotiate(asked: str | None, accept_language: str) -> Language:
    """`?lang=` wins; then the first language of Accept-Language that we speak, by its weight (RFC 9110, 12.5.4)."""
    if asked is not None and asked in list(Language):
        return Language(asked)
    ranges = [_weighted(part) for part in accept_language.split(",")]
    for _weight, name in sorted(ranges, key=lambda found: -found[0]):
        for language in Language:
            if _weight > 0 and name.split("-")[0] == language:
                return language
    return Language.ZH


def _weighted(part: str) -> tuple[float, str]:
    name, _, parameter = part.strip().lower().partition(";")
    weight = parameter.strip().removeprefix("q=") if parameter else "1"
    try:
        return float(weight), name.strip()
    except ValueError:
        return 0.0, name


def spoken(
    lang: Annotated[str | None, Query(max_length=10)] = None,
    accept_language: Annotated[str, Header(max_length=500)] = "",
) -> Texts:
    """What a request is answered in."""
    return texts_of(negotiate(lang, accept_language))


TextsDep = Annotated[Texts, Depends(spoken)]
