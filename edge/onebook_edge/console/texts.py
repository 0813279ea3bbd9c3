"""The console's words, by language. Chinese is spoken unless somebody chose English."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Protocol


class Language(enum.StrEnum):
    ZH = "zh"
    EN = "en"

    @property
    def other(self) -> Language:
        return Language.EN if self is Language.ZH else Language.ZH


class InBoth(Protocol):
    """What is said in both languages: a feedback, the name of an action, a reason."""

    @property
    def zh(self) -> str: ...
    @property
    def en(self) -> str: ...


class Texts:
    """`texts("waiting", count=3)`. A text that is missing is a bug, and raises KeyError."""

    def __init__(self, language: Language, entries: Mapping[str, str]) -> None:
        self.language = language
        self._entries = entries

    def __call__(self, name: str, /, **values: object) -> str:
        return self._entries[name].format(**values) if values else self._entries[name]

    def choose(self, zh: str, en: str) -> str:
        """Of a name that has two languages; the other one where it is empty."""
        return (zh or en) if self.language is Language.ZH else (en or zh)

    def of(self, said: InBoth) -> str:
        return self.choose(said.zh, said.en)


@cache
def texts_of(language: Language) -> Texts:
    text = files(__package__).joinpath("locales", f"{language}.json").read_text(encoding="utf-8")
    return Texts(language, MappingProxyType(json.loads(text)))


def spoken(asked: str | None, kept: str | None) -> Language:
    """`?lang=` wins, then what was chosen before. What the browser prefers is not asked: a cheap screen's speaks English."""
    chosen = [one for one in (asked, kept) if one in list(Language)]
    return Language(chosen[0]) if chosen else Language.ZH
