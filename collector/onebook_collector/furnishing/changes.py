"""Which documents may say something else than before. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from onebook_collector.furnishing.book import BookSeen
from onebook_collector.furnishing.versions import PROVINCE
from onebook_schemas.reference import CATALOGUE, PEOPLE, SITE, STOCK, TASKS


class Due(NamedTuple):
    """A document to be made anew, for all edges of a site."""

    site_id: str  # PROVINCE: for all.
    name: str


@dataclass(frozen=True, slots=True)
class Known:
    """What documents are made of, as far as it tells that something changed."""

    book: BookSeen
    generations: Mapping[str, int]  # Site -> of what it was given at the desk.
    online: frozenset[str]  # Edges.


def changes(before: Known | None, now: Known) -> Iterator[Due]:
    """What may have changed; everything, when nothing was known before."""
    if before is None or before.book.generation != now.book.generation:
        yield Due(PROVINCE, CATALOGUE)
    for site_id in sorted(set(now.book.edges.values())):
        yield from (Due(site_id, name) for name in _changed_at(site_id, before, now))


def _changed_at(site_id: str, before: Known | None, now: Known) -> set[str]:
    edges = _edges_at(site_id, now)
    if before is None or edges != _edges_at(site_id, before):
        return {SITE, PEOPLE, TASKS, STOCK}
    names: set[str] = set()
    if before.book.sites.get(site_id) != now.book.sites.get(site_id):
        names |= {SITE}
    if before.generations.get(site_id) != now.generations.get(site_id):
        names |= {SITE, PEOPLE, TASKS}
    if site_id in now.book.moved:
        names |= {TASKS, STOCK}
    if edges & now.online - before.online or any(
        before.book.taken.get(edge_id) != now.book.taken.get(edge_id) for edge_id in edges
    ):
        names |= {STOCK}
    return names


def _edges_at(site_id: str, known: Known) -> frozenset[str]:
    return frozenset(edge_id for edge_id, site in known.book.edges.items() if site == site_id)
