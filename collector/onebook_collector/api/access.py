"""Who may do what: the one place where that is decided.

There is no sign-in yet: whoever reaches the port may read everything and decide on quarantine, and the name that they give is
believed. So the server listens on loopback unless told otherwise. Every route below /api/v1 depends on `admit`: sign-in will
read the credentials here, refuse with 401 or 403, and narrow what may be seen (division, department).
"""

from __future__ import annotations


async def admit() -> None:
    """Everybody."""
