"""Files that a person brings: CSV for the registry and for the item master of an edge, and TOML from the centre or by hand."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from onebook_collector.errors import CollectorError
from onebook_collector.furnishing.files import Furnishings
from onebook_collector.ledger.memory_book import MemoryBook
from onebook_collector.ledger.registry import import_items, import_sites
from onebook_collector.ledger.registry_files import read_edges, read_items, read_sites
from onebook_collector.reference import __file__ as reference_file
from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.care.configuration import problems_of
from onebook_edge.errors import ConfigurationError
from tests.fuzz.bombardment import Hit, Target
from tests.fuzz.mutation import ODD_TEXTS, spoiled_bytes
from tests.fuzz.test_configuration_files import EDGE_TOML
from tests.integration.test_furnishing_import import FILES as FURNISHINGS
from tests.unit.edge.capture.work_place import CATALOGUE_CSV

_ITEMS = b"\n".join(Path(reference_file).with_name("catalogue.csv").read_bytes().splitlines()[:6]) + b"\n"
_SITES = "site_id,name_zh,name_en,division_code,lon,lat\nhz-01,杭州库,Hangzhou,330102,120.2,30.3\nnb-01,宁波库,Ningbo,330205,,\n"
_EDGES = b"edge_id,site_id\nhz-edge-1,hz-01\nnb-edge-1,nb-01\n"
_OWN = tomllib.loads(EDGE_TOML)
_WANTED = "\n".join(line for line in EDGE_TOML.splitlines() if not line.startswith(("edge_id", "data_folder"))).encode()
_CELLS = [text.encode(errors="surrogatepass") for text in ODD_TEXTS] + [b'"', b",", b"\r", b"1e9", b"-1", b"1/0", b"0"]


def targets() -> Iterator[Target]:
    for name, good, take in (
        ("csv-items", _ITEMS, lambda book, body: import_items(book, read_items(body))),
        ("csv-sites", _SITES.encode(), lambda book, body: import_sites(book, read_sites(body))),
        ("csv-edges", _EDGES, lambda book, body: read_edges(body)),
    ):
        yield Target(name, _forge(good), lambda _, take=take: _registering(take))
    for kind, text in FURNISHINGS.items():
        yield Target(f"csv-{kind}", _forge(text.encode()), lambda _, kind=kind: _furnishing(kind))
    yield Target("csv-catalogue", _forge(CATALOGUE_CSV.encode()), lambda _: _catalogue)
    yield Target("configuration", _forge_toml, lambda _: _configuration)


def _forge(good: bytes) -> Callable[[Random], bytes]:
    """Cells are replaced, or bytes anywhere."""

    def forge(dice: Random) -> bytes:
        if dice.random() < 0.3:
            return spoiled_bytes(good, [good], dice)
        lines = good.split(b"\n")
        at = dice.randrange(len(lines) - 1)
        cells = lines[at].split(b",")
        cells[dice.randrange(len(cells))] = dice.choice(_CELLS)
        lines[at] = b",".join(cells)
        return b"\n".join(lines)

    return forge


def _furnishing(kind: str) -> Hit:
    def hit(body: bytes) -> str | None:
        read = Furnishings()
        try:
            read.read(kind, body)
        except CollectorError:
            return None
        read.people()
        assert all(read.made_tasks())
        return "taken"

    return hit


def _registering(take: Callable[[Any, bytes], object]) -> Hit:
    def hit(body: bytes) -> str | None:
        try:
            take(MemoryBook(), body)
        except CollectorError as error:
            return _class_of(str(error))
        return None

    return hit


def _catalogue(body: bytes) -> str | None:
    try:
        Catalogue.from_csv_text(body.decode("utf-8", errors="replace"))
    except ConfigurationError as error:
        return _class_of(str(error))
    return None


def _forge_toml(dice: Random) -> bytes:
    if dice.random() < 0.005:
        return b"x = " + b"[" * dice.randrange(10_000)
    lines = _WANTED.split(b"\n")
    at = dice.randrange(len(lines))
    key = lines[at].partition(b"=")[0]
    odd = (
        b"[]",
        b"{}",
        b"1",
        b"-1",
        b"nan",
        b"1979-05-27",
        b'""',
        b'"/etc/passwd"',
        b'{kind="replay", file="/etc/shadow"}',
    )
    lines[at] = key + b"= " + dice.choice(odd)
    body = b"\n".join(lines)
    return spoiled_bytes(body, [body], dice) if dice.random() < 0.3 else body


def _configuration(body: bytes) -> str | None:
    """What the centre wants of an edge."""
    problems = problems_of(_OWN, body.decode("utf-8", errors="replace"))
    return _class_of(problems[0]) if problems else None


def _class_of(reason: str) -> str:
    """A reason without the values in it, so that it can be counted."""
    return "".join("#" if char.isdigit() else char for char in reason.rsplit(": ", 2)[-1])[:48]
