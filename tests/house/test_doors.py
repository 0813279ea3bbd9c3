"""No side door: every route says what it needs, and every question to the book says in whose scope it is asked."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

from onebook_collector.administration.rights import RIGHTS, Right
from onebook_collector.api.access import OPEN
from onebook_collector.api.description import doors
from onebook_collector.dashboard.app import create_app
from onebook_collector.ledger import queries
from tests.house.tree import ROOT

OF_NO_SCOPE = {"feed_epoch", "head", "figures", "checkpoints", "edge_is_registered"}
"""The name of the feed; the book's head, figures and checkpoints, which only the province is given; whether a name is free."""


def test_every_route_declares_what_it_needs() -> None:
    bare = {door.path for door in doors(create_app(None)) if not door.needs}
    assert bare - OPEN.keys() == set(), "declare what these need: dependencies=[Depends(Needs(Verb..., Resource...))]"
    assert OPEN.keys() - bare == set(), "these are not there, or are not open any more"


def test_every_right_that_a_route_needs_is_somebodys() -> None:
    given: set[Right] = set().union(*RIGHTS.values())
    needed = {right for door in doors(create_app(None)) for right in door.needs}
    assert needed
    assert needed - given == set()


def test_every_question_to_the_book_names_a_scope() -> None:
    folder = ROOT / "collector" / "onebook_collector"
    files = [file for part in ("api", "dashboard") for file in (folder / part).rglob("*.py")]
    unscoped = [f"{file.relative_to(ROOT)}:{line}" for file in files for line in _unscoped_questions(file)]
    assert unscoped == [], "pass scope=... to these"


def _unscoped_questions(file: Path) -> Iterator[int]:
    """Lines that use a query other than by calling it with `scope`, by name or as the last argument."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    scoped = {
        id(call.func)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and (
            any(one.arg == "scope" for one in call.keywords)
            or any("scope" in ast.unparse(one) for one in call.args[-1:])
        )
    }
    for node in ast.walk(tree):
        is_query = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "queries"
        if not is_query or node.attr in OF_NO_SCOPE or id(node) in scoped:
            continue
        if inspect.isfunction(getattr(queries, node.attr)):
            yield node.lineno
