"""The library and its shelf: what is on the disk is what was given, newest first, and damage costs a document, not the box."""

from __future__ import annotations

import asyncio
import contextlib
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from onebook_edge.reference import shelf
from onebook_edge.reference.library import KEPT_EVERY_S, Library
from onebook_edge.reference.shelf import Shelf
from onebook_schemas.encoding import encode
from onebook_schemas.reference import (
    CATALOGUE,
    DOCUMENTS,
    PEOPLE,
    SITE,
    STOCK,
    CatalogueDocument,
    PeopleDocument,
    ReferenceDocument,
    SiteDocument,
    StockDocument,
)
from tests.unit.edge.reference.documents import catalogue, in_parts, one_of_each, people, site, stock


async def given(folder: Path, heard: Sequence[tuple[str, bytes]]) -> tuple[Library, list[tuple[str, int]]]:
    """A library that has read all of this, and what it said it holds."""
    held: list[tuple[str, int]] = []
    library = Library(folder, lambda name, version: held.append((name, version)))
    held += library.versions.items()
    for name, body in heard:
        await library.take(name, body)
    return library, held


def said(*parts: ReferenceDocument) -> list[tuple[str, bytes]]:
    return [(part.NAME, encode(part)) for part in parts]


async def test_documents_are_on_the_disk_and_come_back_with_the_next_start(tmp_path: Path) -> None:
    everything = one_of_each(3)
    library, held = await given(tmp_path, said(*(part for one in everything for part in in_parts(one))))
    assert held == [(name, 3) for name in DOCUMENTS]
    again = Library(tmp_path, lambda name, version: None)
    assert again.versions == dict.fromkeys(DOCUMENTS, 3)
    assert [again.read(type(one)) for one in everything] == everything
    assert (again.site, again.people, again.tasks) == (library.site, library.people, library.tasks)
    assert again.site == site(3, "A-01")
    assert stat.S_IMODE((tmp_path / "people.document").stat().st_mode) == 0o600


async def test_a_start_says_what_is_held(tmp_path: Path) -> None:
    await given(tmp_path, said(site(3, "A"), people(9, "k1")))
    held: list[tuple[str, int]] = []
    task = asyncio.create_task(Library(tmp_path, lambda name, version: held.append((name, version))).run())
    await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert held == [(SITE, 3), (PEOPLE, 9)]


async def test_whoever_listens_hears_what_is_held_and_each_newer_one(tmp_path: Path) -> None:
    await given(tmp_path, said(catalogue(1, "LS01001")))
    library, heard = Library(tmp_path, lambda name, version: None), list[CatalogueDocument]()
    library.on_changed(CatalogueDocument, heard.append)
    library.on_changed(SiteDocument, lambda one: pytest.fail("nothing is held"))
    assert heard == [catalogue(1, "LS01001")]
    library._change(catalogue(2, "LS01002"))
    assert heard[1:] == [catalogue(2, "LS01002")]


async def test_what_cannot_be_read_or_used_changes_nothing_and_holds_nothing_up(tmp_path: Path) -> None:
    twice = people(5, "k1", "k1")
    heard = [
        *said(people(4, "k1")),
        (PEOPLE, b"{"),
        (PEOPLE, b"\x00"),
        (PEOPLE, b""),
        *said(twice),
        *said(site(1, "A")),
    ]
    library, held = await given(tmp_path, heard)
    assert held == [(PEOPLE, 4), (SITE, 1)]
    assert library.people == library.read(PeopleDocument) == people(4, "k1")


async def test_a_document_refused_is_taken_in_its_next_version(tmp_path: Path) -> None:
    _, held = await given(tmp_path, said(people(5, "k1", "k1"), people(6, "k1")))
    assert held == [(PEOPLE, 6)]


@pytest.mark.parametrize("damage", [lambda text: text[:-40], lambda text: text.replace(b"k1", b"k2"), lambda text: b""])
async def test_a_damaged_file_is_put_aside_and_not_held(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    await given(tmp_path, said(people(4, "k1"), site(1, "A")))
    file = tmp_path / "people.document"
    file.write_bytes(damage(file.read_bytes()))
    library, held = await given(tmp_path, [])
    assert held == [(SITE, 1)]
    assert library.people is None
    assert (tmp_path / "people.damaged").exists()
    _, held = await given(tmp_path, said(people(4, "k1")))  # The centre gives it again.
    assert held == [(SITE, 1), (PEOPLE, 4)]


async def test_a_full_disk_leaves_the_old_document_and_the_new_one_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await given(tmp_path, said(site(1, "A")))

    def no_room(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shelf.os, "fsync", no_room)
        library, held = await given(tmp_path, said(site(2, "B")))
        assert held == [(SITE, 1)]
        assert library.site == site(1, "A")
    assert Shelf(tmp_path).read(SiteDocument) == site(1, "A")
    _, held = await given(tmp_path, said(site(2, "B")))
    assert held == [(SITE, 1), (SITE, 2)]


async def test_what_waits_is_read_in_turn_and_more_than_may_wait_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onebook_edge.reference.library.HEARD_MAX", 2)
    held, both = list[tuple[str, int]](), asyncio.Event()

    def hold(name: str, version: int) -> None:
        held.append((name, version))
        if len(held) == 2:
            both.set()

    library = Library(tmp_path, hold)
    for name, body in said(site(1, "A"), catalogue(1, "LS01001"), people(1, "k1")):
        library.hear(name, body)
    task = asyncio.create_task(library.run())
    await both.wait()
    await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert held == [(SITE, 1), (CATALOGUE, 1)]
    assert library._heard.empty()


def test_names_of_documents_are_those_of_their_topics() -> None:
    assert DOCUMENTS[CATALOGUE] is CatalogueDocument
    assert [kind.NAME for kind in DOCUMENTS.values()] == list(DOCUMENTS)


async def test_stock_is_used_at_once_and_kept_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library, held = await given(tmp_path, said(stock(1, "A")))
    heard: list[StockDocument] = []
    library.on_changed(StockDocument, heard.append)
    for _, body in said(stock(2, "B"), stock(3, "C")):
        await library.take(STOCK, body)
    assert [one.version for one in heard] == [1, 2, 3]
    assert held == [(STOCK, 1), (STOCK, 2), (STOCK, 3)]
    assert library.read(StockDocument) == stock(1, "A")
    monkeypatch.setitem(KEPT_EVERY_S, STOCK, 0.0)
    await library.take(STOCK, encode(stock(4, "D")))
    assert library.read(StockDocument) == stock(4, "D")
