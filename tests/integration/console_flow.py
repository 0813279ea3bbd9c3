"""A keeper at the page of a real agent, as a program: does one sheet after the other, of every flow, and knows what the page has
told them.

A sheet is named by the facts that it comes to. Amounts are unique, so that each movement and each count in the journal names its
sheet; what speaks of another movement (a reversal, papers, a correction) is named by that one's id. The page's own mark names an
unfinished sheet, also one without amounts, and one that books nothing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import httpx

from onebook_schemas.reference import Reason, ReasonUse

_TOKEN = re.compile(r'data-token="([^"]+)"')
_MARK = re.compile(r'data-mark="([^"]+)"')
_SAID = re.compile(r'id="said"[^>]*data-code="([^"]*)"')
_AMOUNT = re.compile(r'class="amount"><b>([^<]+)</b>')
_CAN_CONFIRM = re.compile(r'class="confirm" *>')
_OFFERED = re.compile(r'value="(OBM-[0-9a-f-]{36})"')
_SPOKEN_OF = re.compile(r'data-speaks-of="([0-9a-f]{8})')
_ID_SHOWN = 8

REASON = Reason(code="WET", zh="受潮", en="wet", uses=tuple(ReasonUse))
_GIVEN, _TENT, _BED, _BED_CARTON = "OBR-WET", "]C10109520000000011", "]C10109520000000066", "]C10119520000000063"

FLOWS: Mapping[str, tuple[str, ...]] = {
    "receive": ("OBB-A-01", _TENT),
    "donate": ("OBB-A-01", _TENT),
    "recover": ("OBB-A-01", _TENT),
    "refill": ("OBC-SALE", "OBB-A-01", _TENT),
    "issue": ("OBB-A-01", _TENT),
    "loan": ("OBB-A-01", _TENT),
    "rotate": ("OBC-FACTORY", "OBB-A-01", _TENT),
    "dispose": ("OBB-A-01", _GIVEN, _TENT),
    "move": ("OBB-A-01", "OBB-A-02", _TENT),
    "count": ("OBB-A-01", _TENT),
    "blind": ("OBB-A-01", _TENT),
    "inspect": ("OBB-A-01", "OBC-FAIL", _GIVEN, _TENT),
    "freeze": ("OBB-A-01", _GIVEN, _TENT),
    "release": ("OBB-A-01", _GIVEN, _TENT),
    "repack": (_BED_CARTON, "OBQ-{amount}", _BED, "OBQ-{doubled}"),
    "correct": ("{movement}", _GIVEN),
    "papers": ("{movement}", "OBD-RK{amount}"),
    "reverse": (),
}
"""What is entered between the command that begins the sheet and the amount. `movement`: one that the page offers."""

_NEEDS: Mapping[str, str] = {"correct": "receive", "papers": "donate", "reverse": "receive"}
"""What is booked first where the page offers no movement to speak of."""
_WITHOUT_AMOUNT = ("repack", "papers", "reverse")


class Fact(NamedTuple):
    """What the journal says of a sheet. `of`: the amount that was moved or counted, or the movement that is spoken of."""

    kind: str
    of: str


Sheet: TypeAlias = frozenset[Fact]
"""The facts of a confirmed sheet; of a repacking there are none."""


def fact_of(said: Mapping[str, Any]) -> Fact:
    """From the journal."""
    match said["type"]:
        case "goods_moved":
            return Fact("goods_moved", said["lines"][0]["quantity"]["amount"])
        case "stock_counted":
            return Fact("stock_counted", said["counted"]["amount"])
        case "movement_reversed":
            return Fact("movement_reversed", said["reverses"][:_ID_SHOWN])
    return Fact("papers_followed", said["accepted"][:_ID_SHOWN])


class Seen(NamedTuple):
    """What the page shows of a work place."""

    mark: str
    said: str
    text: str

    @property
    def amount(self) -> str:
        found = _AMOUNT.search(self.text)
        return found[1].replace(",", "") if found else ""


@dataclass
class Keeper:
    """`work()` until the line breaks (httpx.TransportError), as it does when the agent dies."""

    address: str
    dice: random.Random
    place: str = "bench"
    told: list[tuple[str, Sheet]] = field(default_factory=list)  # The page said "recorded": flow, and what it booked.
    pressed: list[Sheet] = field(default_factory=list)  # All that were ever confirmed.
    drafted: str = ""  # The mark that the page showed; empty when it is not known what a kill would leave.
    _amount: int = 0
    _turn: list[str] = field(default_factory=list)
    _token: str = ""

    def work(self) -> None:
        """Every flow comes in its turn, and in another order each time."""
        with self.browser() as browser:
            self.settle(browser)
            while True:
                if not self._turn:
                    self._turn = self.dice.sample(sorted(FLOWS), len(FLOWS))
                self._one_sheet(browser, self._turn.pop())

    def finish(self) -> None:
        """The flows that were not done yet."""
        with self.browser() as browser:
            self.settle(browser)
            for flow in sorted(FLOWS.keys() - {flow for flow, _ in self.told}):
                self._one_sheet(browser, flow)

    def browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.address, timeout=10)

    def seen(self) -> Seen:
        with self.browser() as browser:
            return self._look(browser)

    def settle(self, browser: httpx.Client) -> None:
        """After a restart: throw away what is unfinished. The badge is scanned anew: pressing is doing."""
        self.drafted = ""
        self._look(browser)
        seen = self._enter(browser, "OBP-1001")
        if 'data-state="empty"' not in seen.text:
            self._enter(browser, "OBC-CANCEL")

    def fill_in(self, browser: httpx.Client, flow: str) -> Sheet:
        """A sheet up to its confirmation; the facts that it will come to."""
        self._amount += 1
        amount, seen = str(self._amount), self._enter(browser, f"OBC-{flow.upper()}")
        offered = _OFFERED.findall(seen.text)
        if flow in _NEEDS and not offered and seen.said != "reverse-asked":
            self._one_sheet(browser, _NEEDS[flow])
            return self.fill_in(browser, flow)
        movement = self.dice.choice(offered) if offered else ""
        for code in FLOWS[flow]:
            self._enter(browser, code.format(amount=amount, doubled=2 * self._amount, movement=movement))
        if flow not in _WITHOUT_AMOUNT:
            seen = self._enter(browser, f"OBQ-{amount}")
            assert seen.amount == amount, flow
        else:
            seen = self._look(browser)
        assert _CAN_CONFIRM.search(seen.text), f"{flow}: {seen.said}"
        spoken_of = _SPOKEN_OF.search(seen.text)
        assert bool(spoken_of) == (flow in _NEEDS), f"{flow}: the page does not say of which movement"
        return _facts(flow, amount, spoken_of[1] if spoken_of else "")

    def _one_sheet(self, browser: httpx.Client, flow: str) -> None:
        sheet = self.fill_in(browser, flow)
        mark = self.drafted
        self.pressed.append(sheet)
        self.drafted = ""
        for _ in range(self.dice.randint(1, 3)):  # An impatient finger.
            self._post(browser, "OBC-CONFIRM", mark)
        while (seen := self._look(browser)).said in ("booking", "wait"):
            pass
        assert seen.said == ("recorded" if sheet else "repacked"), f"{flow}: {seen.said}"
        self.told.append((flow, sheet))
        self.drafted = seen.mark

    def _enter(self, browser: httpx.Client, code: str) -> Seen:
        self.drafted = ""  # A kill now may come before it or after it.
        self._post(browser, code)
        seen = self._look(browser)
        self.drafted = seen.mark
        return seen

    def _post(self, browser: httpx.Client, code: str, mark: str = "") -> None:
        form = {"token": self._token, "code": code, "mark": mark}
        browser.post(f"/at/{self.place}/enter", data=form, headers={"accept": "application/json"}).raise_for_status()

    def _look(self, browser: httpx.Client) -> Seen:
        text = browser.get(f"/at/{self.place}").raise_for_status().text
        token, mark, said = (pattern.search(text) for pattern in (_TOKEN, _MARK, _SAID))
        assert token, text
        assert mark, text
        assert said, text
        self._token = token[1]
        return Seen(mark[1], said[1], text)


def _facts(flow: str, amount: str, spoken_of: str) -> Sheet:
    match flow:
        case "repack":
            return frozenset()
        case "count" | "blind":
            return frozenset({Fact("stock_counted", amount)})
        case "papers":
            return frozenset({Fact("papers_followed", spoken_of)})
        case "reverse":
            return frozenset({Fact("movement_reversed", spoken_of)})
        case "correct":
            return frozenset({Fact("movement_reversed", spoken_of), Fact("goods_moved", amount)})
    return frozenset({Fact("goods_moved", amount)})
