"""The keeper's pages as one web application, built from the desk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from onebook_edge.console.desk import Desk
from onebook_edge.console.doors import Doors
from onebook_edge.console.pages import aside, events, home, labels, papers, people, work

PAGES: Final[Sequence[Callable[[Desk], Sequence[BaseRoute]]]] = (
    home.routes,
    work.routes,
    papers.routes,
    labels.routes,
    aside.routes,
    people.routes,
    events.routes,
)
"""One line for each page."""


def create_console(desk: Desk, names: tuple[str, ...] = ()) -> Starlette:
    return Starlette(
        routes=[
            *(route for routes in PAGES for route in routes(desk)),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static"),
        ],
        middleware=[Middleware(Doors, desk=desk, names=names)],
    )
