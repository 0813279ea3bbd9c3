"""Who a badge and a PIN belong to, checked against the list that the centre gave; works without a line."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from onebook_edge.clock import Clock
from onebook_edge.console.tries import Tries
from onebook_edge.reference.library import Library
from onebook_schemas.pins import LOG2_N, P, R, is_pin, pin_matches
from onebook_schemas.reference import PersonOnSite, PinHash

_NOBODYS: Final = PinHash(salt="0" * 32, log2_n=LOG2_N, r=R, p=P, hash="0" * 64)
"""Checked in place of a person's who is not there, so that the answer comes no sooner."""


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """`reason` is a text of the locales."""

    reason: str
    wait_s: int = 0


@dataclass(slots=True)
class Doorkeeper:
    library: Library
    clock: Clock
    _by_person: Tries = field(default_factory=lambda: Tries(failed_max=10))
    _by_address: Tries = field(default_factory=lambda: Tries(failed_max=20))
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)  # One check takes the memory of sixteen MiB.

    def people(self, today: date) -> tuple[PersonOnSite, ...]:
        """Who may work here today, by name."""
        people = self.library.people.people if self.library.people else ()
        return tuple(sorted((one for one in people if _may_work(one, today)), key=lambda one: one.name))

    async def check(self, badge: str, pin: str, address: str, today: date) -> PersonOnSite | NotAdmitted:
        async with self._one_at_a_time:
            now_ms = self.clock.now().monotonic_ms
            wait_ms = max(self._by_person.wait_ms(badge, now_ms), self._by_address.wait_ms(address, now_ms))
            if wait_ms:
                return NotAdmitted("sign_in_pause", -(-wait_ms // 1000))
            person = next((one for one in self.people(today) if one.badge == badge), None)
            kept = person.pin if person is not None and person.pin is not None else _NOBODYS
            is_right = is_pin(pin) and await asyncio.to_thread(pin_matches, pin, kept)
            if person is None or not is_right:
                self._by_address.failed(address, now_ms)
                if person is not None:
                    self._by_person.failed(badge, now_ms)
                return NotAdmitted("sign_in_wrong")
            self._by_person.succeeded(badge)
            return person


def _may_work(person: PersonOnSite, today: date) -> bool:
    return person.until is None or today <= person.until
