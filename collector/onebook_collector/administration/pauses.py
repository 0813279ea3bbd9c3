"""Growing pauses after failed sign-ins, and how many requests somebody may make. Pure: time is told.

Three counts of failures, each with pauses that double up to a quarter of an hour: of a person from one address, of an address
(somebody tries many names), and of a person from anywhere (many addresses try one name). The last one is not applied to an
address from which the person has signed in lately: so nobody can keep an administrator out from afar. An attempt during a pause
is refused without looking at the password, and does not prolong the pause.
"""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from dataclasses import dataclass

PAUSE_S_MAX = 900
FORGOTTEN_AFTER_MS = 24 * 3_600_000
KEPT_MAX = 20_000
FREE_FAILURES = {"pair": 5, "address": 20, "name": 50}


@dataclass(slots=True)
class _Failures:
    count: int
    last_ms: int
    pause_until_ms: int


class SignInPauses:
    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, ...], _Failures] = OrderedDict()

    def wait_s(self, name: str, address: str, now_ms: int, *, is_known_address: bool) -> int:
        """How long this person must wait before the next attempt from this address; 0: not at all."""
        keys = [key for key in _keys(name, address) if not (is_known_address and key[0] == "name")]
        until_ms = max((found.pause_until_ms for key in keys if (found := self._failures.get(key))), default=0)
        return max(0, math.ceil((until_ms - now_ms) / 1_000))

    def note_failure(self, name: str, address: str, now_ms: int) -> None:
        for key in _keys(name, address):
            known = self._failures.pop(key, None)
            count = known.count + 1 if known and now_ms - known.last_ms < FORGOTTEN_AFTER_MS else 1
            over = count - FREE_FAILURES[key[0]]
            pause_s = 0 if over < 0 else min(PAUSE_S_MAX, 2 ** min(over, 10))
            self._failures[key] = _Failures(count, now_ms, now_ms + pause_s * 1_000)
        while len(self._failures) > KEPT_MAX:
            self._failures.popitem(last=False)

    def note_success(self, name: str, address: str) -> None:
        """Forgets the failures of this person here; those of the address stay, or one's own account would wash others away."""
        self._failures.pop(("pair", name, network_of(address)), None)


class Buckets:
    """Token buckets: `per_s` requests for each key in the long run, `burst` at once."""

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s, self._burst = per_s, burst
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()  # Tokens left, and when.

    def take(self, key: str, now_s: float) -> float:
        """0 if there was one to take; otherwise after how many seconds there will be."""
        left, then_s = self._levels.pop(key, (float(self._burst), now_s))
        left = min(self._burst, left + (now_s - then_s) * self._per_s)
        taken = left >= 1
        self._levels[key] = (left - 1 if taken else left, now_s)
        if len(self._levels) > KEPT_MAX:
            self._levels.popitem(last=False)
        return 0.0 if taken else (1 - left) / self._per_s


def network_of(address: str) -> str:
    """Whose address it is: one host of IPv4, or the /64 that an IPv6 customer chooses its addresses from."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)


def _keys(name: str, address: str) -> tuple[tuple[str, ...], ...]:
    network = network_of(address)
    return ("pair", name, network), ("address", network), ("name", name)
