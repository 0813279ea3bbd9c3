"""How often an address may try. Pure: an allowance that refills with time."""

from __future__ import annotations

from collections import OrderedDict

ADDRESSES_MAX = 10_000


class RateLimit:
    """`tries_max` at once, and as many again in each `window_ms`. Remembers the newest addresses only."""

    def __init__(self, tries_max: int, window_ms: int) -> None:
        self._window_ms, self._refill_ms = window_ms, window_ms / tries_max
        self._free_at: OrderedDict[str, float] = OrderedDict()  # When the allowance will be whole again.

    def admit(self, address: str, now_ms: int) -> bool:
        """Whether this try is within the allowance; one that is not costs nothing."""
        owed_ms = self._free_at.pop(address, 0) - now_ms
        if not 0 <= owed_ms <= self._window_ms:  # Long past; or the clock was set back, and nobody shall wait for that.
            owed_ms = 0
        admitted = owed_ms + self._refill_ms <= self._window_ms
        self._free_at[address] = now_ms + owed_ms + (self._refill_ms if admitted else 0)
        if len(self._free_at) > ADDRESSES_MAX:
            self._free_at.popitem(last=False)
        return admitted
