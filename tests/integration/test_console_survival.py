"""Goal: whatever ends the agent in the middle of a day's work, nothing that the page called recorded is missing, nothing is
booked twice, and the unfinished sheet is back.

Method: the production agent with its console as a process, on a disk that loses what was not forced to it (tests/chaos/hardware).
A keeper works at its page in every flow of the dialogue, with an impatient finger on the confirm button; at a random instant the
agent is killed, or the power goes. Then the journal is compared with what the page had said, fact by fact.
ONEBOOK_CONSOLE_CUTS=200 is the long form.
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from collections import Counter
from decimal import Decimal
from itertools import chain
from pathlib import Path

import httpx
import pytest

from onebook_deploy.mosquitto import free_port
from onebook_edge.capture.flows import FLOWS as FLOWS_OF_THE_DIALOGUE
from onebook_edge.drafts_file import FORCED_AFTER_S
from onebook_edge.reference.shelf import Shelf
from onebook_schemas.reference import SiteRules
from tests.browser.console_bench import journal_facts
from tests.browser.warehouse import SITE
from tests.chaos.hardware import Hardware
from tests.end_to_end.plant import CATALOGUE
from tests.end_to_end.programs import Program
from tests.integration.console_flow import FLOWS, REASON, Fact, Keeper, fact_of

CUTS = int(os.environ.get("ONEBOOK_CONSOLE_CUTS", "4"))
SEED = int(os.environ.get("ONEBOOK_CONSOLE_SEED", "1"))


FACTS = ("goods_moved", "stock_counted", "movement_reversed", "papers_followed")
_LARGE_AMOUNTS = SITE.model_copy(
    update={
        "rules": SiteRules(issue_without_order_max=Decimal(10**6), second_person_from=Decimal(10**6)),
        "reasons": (REASON,),
    }
)
"""Amounts name the sheets here: however large, none needs an order or a second person."""


class Box:
    """An agent that can be killed and lose its power. No broker: the line is down."""

    def __init__(self, folder: Path, *work_places: str) -> None:
        self.storage, self.port = folder / "storage", free_port()
        self.hardware = Hardware(self.storage, folder / "machine")
        Shelf(self.storage / "reference").keep([_LARGE_AMOUNTS])
        configuration = folder / "edge.toml"
        configuration.write_text(
            f'edge_id = "edge-1"\ndata_folder = "{self.storage}"\ncatalogue_file = "{CATALOGUE}"\nlog_level = "WARNING"\n'
            f'[broker]\nport = {free_port()}\n[clock]\nsource = "trusted"\n[console]\nport = {self.port}\n'
            + "".join(f"[capture.work_places.{name}]\n" for name in work_places or ("bench",)),
            encoding="utf-8",
        )
        call = ("onebook_deploy.command", "edge", "run", "--config", str(configuration))
        self.agent = Program("edge", folder, *call, environment=self.hardware.environment)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.agent.start()
        while True:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(self.address, timeout=10).raise_for_status()
                return
            self.agent.must_run()
            time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.timeout(120 + 20 * CUTS)
def test_a_day_of_kills_and_power_cuts_loses_nothing_and_books_nothing_twice(tmp_path: Path) -> None:
    assert FLOWS.keys() == {command.value.lower() for command in FLOWS_OF_THE_DIALOGUE}, "a flow that nobody tries here"
    dice = random.Random(SEED)
    box = Box(tmp_path)
    keeper, is_power = Keeper(box.address, dice), False
    for cut in range(CUTS):
        box.start()
        if cut:
            _compare(box, keeper, is_power=is_power)
        is_power = dice.random() < 0.5
        _work_until_it_ends(box, keeper, dice.uniform(0.2, 4.0))
        if is_power:
            box.hardware.lose_power(dice)
    box.start()
    _compare(box, keeper, is_power=is_power)
    keeper.finish()
    _compare(box, keeper, is_power=False)
    box.agent.kill()
    assert {flow for flow, _ in keeper.told} == FLOWS.keys()
    print(f"{CUTS} cuts: {len(keeper.pressed)} sheets confirmed, {len(keeper.told)} told recorded")


@pytest.mark.slow
def test_the_unfinished_sheets_of_every_flow_are_back_after_a_power_cut(tmp_path: Path) -> None:
    """One work place for each flow: they all lose their power at once."""
    box = Box(tmp_path, *FLOWS)
    box.start()
    dice = random.Random(SEED)
    keepers = [Keeper(box.address, dice, place=flow) for flow in FLOWS]
    for keeper in keepers:
        with keeper.browser() as browser:
            keeper.settle(browser)
            keeper.fill_in(browser, keeper.place)
    time.sleep(FORCED_AFTER_S + 1.0)  # What lies a moment back is forced to the disk.
    box.agent.kill()
    box.hardware.lose_power(dice)
    box.start()
    assert {keeper.place: keeper.seen().mark for keeper in keepers} == {one.place: one.drafted for one in keepers}
    box.agent.kill()


def _work_until_it_ends(box: Box, keeper: Keeper, after_s: float) -> None:
    """The keeper works in this thread; another one pulls the plug."""
    plug = threading.Timer(after_s, box.agent.kill)
    plug.start()
    with contextlib.suppress(httpx.TransportError):
        keeper.work()
    plug.join()


def _compare(box: Box, keeper: Keeper, *, is_power: bool) -> None:
    """Whatever a restart found half booked is settled when the page is there. A sheet is booked as a whole or not at all."""
    while (seen := keeper.seen()).said == "booking":
        time.sleep(0.01)
    if keeper.drafted and not is_power:
        assert seen.mark == keeper.drafted, "a kill loses nothing of the sheet"
    booked = Counter(map(fact_of, journal_facts(box.storage / "journal.db", FACTS)))
    assert {fact: times for fact, times in booked.items() if times > 1} == {}, "booked twice"
    told: set[Fact] = set(chain.from_iterable(sheet for _, sheet in keeper.told))
    assert told - booked.keys() == set(), "told recorded, and not in the journal"
    whole = [sheet for sheet in keeper.pressed if sheet <= booked.keys()]
    assert booked.keys() - set(chain.from_iterable(whole)) == set(), (
        "in the journal, and nobody confirmed it, or only a part of it"
    )
