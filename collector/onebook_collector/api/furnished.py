"""The site that a request furnishes, and how it is written: in the name of whoever asks, or refused and noted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from sqlalchemy import Connection

from onebook_collector.api.access import DoorkeeperDep, PrincipalDep, ScopeDep
from onebook_collector.api.centre import CentreDep
from onebook_collector.api.doorkeeper import address_of
from onebook_collector.api.errors import ForbiddenError
from onebook_collector.api.values import Key
from onebook_collector.errors import NotFoundError, RefusedError
from onebook_collector.furnishing.desk import Act
from onebook_collector.ledger import queries
from onebook_collector.ledger.registry import Site

T = TypeVar("T")


async def the_site(centre: CentreDep, scope: ScopeDep, site_id: Key) -> Site:
    """The site, all of it: bins and people belong to no department. Raises NotFoundError, ForbiddenError."""
    if scope.narrows_goods:
        raise ForbiddenError(
            "narrow_scope", "whoever sees some of the goods only is told nothing of bins, people and tasks"
        )
    for site in await centre.ledger.read(lambda connection: queries.sites(connection, scope=scope)):
        if site.site_id == site_id:
            return site
    raise NotFoundError(f"no site is called {site_id!r}")


SiteDep = Annotated[Site, Depends(the_site)]


class Writing:
    """`await writing(action, work)`: the desk writes the audit log itself, this does when it refuses."""

    def __init__(
        self, centre: CentreDep, keeper: DoorkeeperDep, principal: PrincipalDep, request: Request, site: SiteDep
    ) -> None:
        self._centre, self._keeper, self._request, self._name = centre, keeper, request, principal.name
        self.site = site
        self.act = Act(principal.name, centre.clock.now_ms(), address_of(request))

    async def __call__(self, action: str, work: Callable[[Connection], T]) -> T:
        try:
            return await self._centre.administration.write(work)
        except RefusedError as error:
            await self._keeper.audit(self._name, action, self.site.site_id, self._request, outcome=error.reason)
            raise


WritingDep = Annotated[Writing, Depends()]


def refuse_problems(reason: str, problems: list[str]) -> None:
    """Raises RefusedError if there are any: the first ones, and how many."""
    if problems:
        more = f" … {len(problems) - 10}" if len(problems) > 10 else ""
        raise RefusedError(reason, "; ".join(problems[:10]) + more)
