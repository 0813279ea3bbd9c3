"""Keeps a link open: opens it, serves it until it is lost, waits a little, and again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

from onebook_edge.links.link import Link, LinkLost, LinkUnavailable, Reason

_WAIT_S_MIN = 0.2
_WAIT_S_MAX = 0.8  # With the time to open, a device that was plugged in again is back within a second.
_WAIT_S_MAX_UNSTABLE = 10.0  # A port that opens and is lost at once, again and again, must not fill the log.
_STABLE_AFTER_S = 2.0


async def keep_open(
    link: Link, serve: Callable[[], Awaitable[None]], gone: Callable[[Reason], None], turn: Callable[[], None]
) -> NoReturn:
    """Run until cancelled. `serve` runs while the link is open; `gone` hears why it is not; `turn` counts attempts."""
    clock = asyncio.get_running_loop().time
    missing, unstable = _Backoff(_WAIT_S_MAX), _Backoff(_WAIT_S_MAX_UNSTABLE)
    while True:
        turn()
        try:
            await link.open()
            missing.reset()
            opened_at = clock()
            await serve()
        except LinkUnavailable as error:
            gone(error.reason)
            unstable.reset()  # It really was away.
            wait_s = missing.next_s()
        except LinkLost as error:
            gone(error.reason)
            if clock() - opened_at >= _STABLE_AFTER_S:
                unstable.reset()
            wait_s = unstable.next_s()
        finally:
            link.close()
        await asyncio.sleep(wait_s)


class _Backoff:
    """Waiting times that double up to a cap."""

    def __init__(self, cap_s: float) -> None:
        self._cap_s = cap_s
        self.reset()

    def reset(self) -> None:
        self._next_s = _WAIT_S_MIN

    def next_s(self) -> float:
        wait_s = self._next_s
        self._next_s = min(wait_s * 2, self._cap_s)
        return wait_s
