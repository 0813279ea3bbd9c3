"""Who may do what: the one place where every route, page, feed and stream asks.

Each route declares what it needs, `Depends(Needs(Verb.READ, Resource.SITES))`, on itself or on its router; a test of the house
finds those that do not. What may be seen is the `scope`, which every question to the book is given. A thing out of scope does
not exist for whoever asks: 404, not 403, which would say that it is there. 403 means: not this kind of thing at all.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from onebook_collector.administration.rights import Principal, Resource, Right, Verb, may
from onebook_collector.api.doorkeeper import Doorkeeper
from onebook_collector.api.errors import ForbiddenError
from onebook_collector.scope import Scope

OPEN = {
    "/api/v1/openapi.json": "the description of the API is no secret",
    "/api/v1/enrolments": "a box shows its code, and tries are counted by address",
    "/api/v1/enrolments/renewals": "a box shows its certificate's key",
    "/health/live": "asked by the service manager; says only that the program runs",
    "/health/ready": "asked by the service manager; says which part does not work",
    "/static": "style, script and icon of the pages",
    "/sign-in": "how one gets in",
    "/sign-out": "ends the session that the browser shows, or does nothing",
}
"""What anybody may ask, and why. Everything else declares its needs."""


class Needs:
    """A dependency: whoever asks is known, and may do this."""

    def __init__(self, verb: Verb, resource: Resource) -> None:
        self.right = Right(verb, resource)

    async def __call__(self, request: Request) -> None:
        keeper = the_doorkeeper(request)
        if not hasattr(request.state, "principal"):
            request.state.principal = await keeper.admit(request)
        principal: Principal = request.state.principal
        if not may(principal, self.right.verb, self.right.resource):
            await keeper.audit(principal.name, str(self.right), request.url.path, request, outcome="forbidden")
            raise ForbiddenError("forbidden", f"{principal.name} does not have the right {self.right} in this scope")


def the_doorkeeper(request: Request) -> Doorkeeper:
    keeper = request.app.state.doorkeeper
    assert isinstance(keeper, Doorkeeper)
    return keeper


def the_principal(request: Request) -> Principal:
    """Raises AttributeError, so our failure, on a route that forgot to say what it needs."""
    principal: Principal = request.state.principal
    return principal


def the_scope(request: Request) -> Scope:
    return the_principal(request).scope


DoorkeeperDep = Annotated[Doorkeeper, Depends(the_doorkeeper)]
PrincipalDep = Annotated[Principal, Depends(the_principal)]
ScopeDep = Annotated[Scope, Depends(the_scope)]
