"""Who may do what: the one place where it is decided.

There are no accounts yet. Whoever reaches the port may read everything and decide on quarantine, and the name that they give
is believed; so the server listens on loopback unless told otherwise. Every route depends on `caller`: when sign-in comes, it
reads the credentials here and refuses with 401 or 403, and the scope (division, department) is narrowed here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody on this machine."""

    division_prefix: str = ""  # What they may see begins with it; empty: the whole province.


async def caller() -> Caller:
    return Caller()
