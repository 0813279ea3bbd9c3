"""Headings of Markdown files and the anchors that links name them by."""

from __future__ import annotations

import re

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,6}) +(.+?) *$", re.MULTILINE)


def without_code(text: str) -> str:
    """The text without its fenced blocks: a comment in a shell example is no heading."""
    return _FENCE.sub("", text)


def headings(text: str) -> list[tuple[int, str]]:
    """(level, words) of every heading, in order."""
    return [(len(marks), words) for marks, words in _HEADING.findall(without_code(text))]


def anchor(heading: str) -> str:
    """What a link to a heading ends with, as the usual viewers make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
