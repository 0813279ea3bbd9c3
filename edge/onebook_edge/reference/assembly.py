"""Parts of a document -> the newest version of it that is whole. Pure.

Parts come in any order, again and again, and those of one version may be overtaken by a newer one: then they are let go of.
What is not newer than what is held says nothing new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from onebook_schemas.reference import (
    CatalogueDocument,
    PeopleDocument,
    ReferenceDocument,
    SiteDocument,
    TasksDocument,
)


class Assembly:
    """Of one document. `held` is the version that is kept; whoever has kept a newer one says so there."""

    def __init__(self, held: int = 0) -> None:
        self.held = held
        self._version = 0
        self._parts: dict[int, ReferenceDocument] = {}

    def take(self, part: ReferenceDocument) -> list[ReferenceDocument] | None:
        """All parts in order, if this was the last one that was missing. Raises ValueError for parts that do not fit."""
        if part.version <= self.held or part.version < self._version:
            return None
        if part.version > self._version:
            self._version, self._parts = part.version, {}
        if any(other.parts != part.parts for other in self._parts.values()):
            raise ValueError(f"version {part.version} comes in {part.parts} parts, and in another number of parts")
        self._parts[part.part] = part
        if len(self._parts) < part.parts:
            return None
        parts, self._version, self._parts = self._parts, 0, {}
        return [parts[n] for n in sorted(parts)]

    @property
    def missing(self) -> tuple[int, ...]:
        """Parts that have not come yet of the version that is coming in."""
        parts = next((part.parts for part in self._parts.values()), 0)
        return tuple(n for n in range(1, parts + 1) if n not in self._parts)


def problems_of(document: ReferenceDocument) -> list[str]:
    """Why a whole document cannot be used: what stands in it twice, where one of them would silently win."""
    return [
        f"{what} {name} stands there twice"
        for what, names in _names_in(document)
        for name, count in Counter(names).items()
        if count > 1
    ]


def _names_in(document: ReferenceDocument) -> list[tuple[str, Iterable[str]]]:
    match document:
        case CatalogueDocument(items=items):
            gtins = (unit.gtin for item in items for unit in item.units if unit.gtin is not None)
            return [("item code", (item.code for item in items)), ("GTIN", gtins)]
        case SiteDocument():
            zones, reasons = (one.code for one in document.zones), (one.code for one in document.reasons)
            return [("bin", (one.code for one in document.bins)), ("zone", zones), ("reason", reasons)]
        case PeopleDocument(people=people):
            return [("badge", (person.badge for person in people))]
        case TasksDocument(tasks=tasks):
            return [("document number", (task.document.number for task in tasks))]
        case _:
            return []  # Stock has lines, not names.
