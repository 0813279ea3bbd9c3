"""A keeper at the page of a real agent, as a program: does one sheet after the other and knows what the page has told them.

`told`: sheets of which the page said "recorded". `pressed`: all that were ever confirmed. Amounts are unique, so that each
movement in the journal names its sheet.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

_TOKEN = re.compile(r'data-token="([^"]+)"')
_MARK = re.compile(r'data-mark="([^"]+)"')
_AMOUNT = re.compile(r'class="amount"><b>([^<]+)</b>')
_SAID = re.compile(r'id="said"[^>]*data-code="([^"]*)"')
TENT = "]C10109520000000011"

FLOWS: Mapping[str, tuple[str, ...]] = {
    "receipt": ("OBC-RECEIVE", "OBB-A-01", TENT),
    "issue": ("OBC-ISSUE", "OBB-A-01", TENT),
    "bin_move": ("OBC-MOVE", "OBB-A-01", "OBB-A-02", TENT),
    "count": ("OBC-COUNT", "OBB-A-01", TENT),
    "disposal": ("OBC-DISPOSE", "OBB-A-01", TENT),
}
"""Every flow that books by its lines: what is entered before the amount and the confirmation."""


@dataclass
class Keeper:
    """`work()` until the line breaks (httpx.TransportError), as it does when the agent dies."""

    address: str
    dice: random.Random
    told: set[int] = field(default_factory=set)
    pressed: set[int] = field(default_factory=set)
    amount: int = 0
    drafted: int = 0  # The amount that the page showed on an unconfirmed sheet; 0: none.

    def work(self) -> None:
        with httpx.Client(base_url=self.address, timeout=10) as browser:
            self._settle(browser)
            while True:
                self._one_sheet(browser)

    def seen(self) -> tuple[str, int]:
        """What the page says now, and the amount on its sheet."""
        with httpx.Client(base_url=self.address, timeout=10) as browser:
            return self._look(browser)[2:]

    def _settle(self, browser: httpx.Client) -> None:
        """After a restart: throw away what is unfinished. The badge is scanned anew: pressing is doing."""
        self._enter(browser, "OBP-1001")
        _, _, _, amount = self._look(browser)
        if amount:
            self._enter(browser, "OBC-CANCEL")
        self.drafted = 0

    def _one_sheet(self, browser: httpx.Client) -> None:
        self.amount += 1
        flow = self.dice.choice(sorted(FLOWS))
        for code in FLOWS[flow]:
            self._enter(browser, code)
        self._enter(browser, f"OBQ-{self.amount}")
        _, mark, _, self.drafted = self._look(browser)
        assert self.drafted == self.amount
        assert 'class="confirm" disabled' not in browser.get("/at/bench").text, f"{flow} of {self.amount}"
        self.pressed.add(self.amount)
        self.drafted = 0
        for _ in range(self.dice.randint(1, 3)):  # An impatient finger.
            self._enter(browser, "OBC-CONFIRM", mark)
        while self._look(browser)[2] != "recorded":
            pass
        self.told.add(self.amount)

    def _enter(self, browser: httpx.Client, code: str, mark: str = "") -> None:
        token = self._look(browser)[0]
        answer = browser.post(
            "/at/bench/enter", data={"token": token, "code": code, "mark": mark}, headers={"accept": "application/json"}
        )
        answer.raise_for_status()

    def _look(self, browser: httpx.Client) -> tuple[str, str, str, int]:
        text = browser.get("/at/bench").raise_for_status().text
        token, mark, said = (pattern.search(text) for pattern in (_TOKEN, _MARK, _SAID))
        assert token, text
        assert mark, text
        assert said, text
        amount = _AMOUNT.search(text)
        return token[1], mark[1], said[1], int(amount[1].replace(",", "")) if amount else 0
