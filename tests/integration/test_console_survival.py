"""Goal: whatever ends the agent in the middle of a day's work, nothing that the page called recorded is missing, nothing is
booked twice, and the unfinished sheet is back.

Method: the production agent with its console as a process, on a disk that loses what was not forced to it (tests/chaos/hardware).
A keeper works at its page in every flow, with an impatient finger on the confirm button; at a random instant the agent is killed,
or the power goes. Then the journal is compared with what the page had said. ONEBOOK_CONSOLE_CUTS=200 is the long form.
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from onebook_deploy.mosquitto import free_port
from onebook_edge.drafts_file import FORCED_AFTER_S
from onebook_edge.reference.shelf import Shelf
from onebook_schemas.reference import SiteRules
from tests.browser.console_bench import journal_facts
from tests.browser.warehouse import SITE
from tests.chaos.hardware import Hardware
from tests.end_to_end.plant import CATALOGUE
from tests.end_to_end.programs import Program
from tests.integration.console_flow import FLOWS, Keeper

CUTS = int(os.environ.get("ONEBOOK_CONSOLE_CUTS", "4"))
SEED = int(os.environ.get("ONEBOOK_CONSOLE_SEED", "1"))


_LARGE_AMOUNTS = SITE.model_copy(
    update={"rules": SiteRules(issue_without_order_max=Decimal(10**6), second_person_from=Decimal(10**6))}
)
"""Amounts name the sheets here: however large, none needs an order or a second person."""


class Box:
    """An agent that can be killed and lose its power. No broker: the line is down."""

    def __init__(self, folder: Path) -> None:
        self.storage, self.port = folder / "storage", free_port()
        self.hardware = Hardware(self.storage, folder / "machine")
        Shelf(self.storage / "reference").keep([_LARGE_AMOUNTS])
        configuration = folder / "edge.toml"
        configuration.write_text(
            f'edge_id = "edge-1"\ndata_folder = "{self.storage}"\ncatalogue_file = "{CATALOGUE}"\nlog_level = "WARNING"\n'
            f'[broker]\nport = {free_port()}\n[clock]\nsource = "trusted"\n[console]\nport = {self.port}\n'
            "[capture.work_places.bench]\n",
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
@pytest.mark.timeout(60 + 20 * CUTS)
def test_a_day_of_kills_and_power_cuts_loses_nothing_and_books_nothing_twice(tmp_path: Path) -> None:
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
    box.agent.kill()
    assert keeper.told, "the keeper got something done"
    print(f"{CUTS} cuts: {len(keeper.pressed)} sheets confirmed, {len(keeper.told)} told recorded")


@pytest.mark.slow
def test_the_unfinished_sheet_is_back_after_a_power_cut(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.start()
    dice = random.Random(SEED)
    for flow, codes in FLOWS.items():
        keeper = Keeper(box.address, dice)
        with httpx.Client(base_url=box.address, timeout=10) as browser:
            keeper._settle(browser)
            for code in (*codes, "OBQ-41"):
                keeper._enter(browser, code)
        time.sleep(FORCED_AFTER_S + 1.0)  # What lies a moment back is forced to the disk.
        box.agent.kill()
        box.hardware.lose_power(dice)
        box.start()
        assert keeper.seen()[1] == 41, flow
    box.agent.kill()


def _work_until_it_ends(box: Box, keeper: Keeper, after_s: float) -> None:
    """The keeper works in this thread; another one pulls the plug."""
    plug = threading.Timer(after_s, box.agent.kill)
    plug.start()
    with contextlib.suppress(httpx.TransportError):
        keeper.work()
    plug.join()


def _compare(box: Box, keeper: Keeper, *, is_power: bool) -> None:
    """Whatever a restart found half booked is settled when the page is there."""
    while keeper.seen()[0] == "booking":
        time.sleep(0.01)
    if keeper.drafted and not is_power:
        assert keeper.seen()[1] == keeper.drafted, "a kill loses nothing of the sheet"
    booked = Counter(_amounts(box.storage / "journal.db"))
    assert {amount: times for amount, times in booked.items() if times > 1} == {}, "booked twice"
    assert keeper.told - booked.keys() == set(), "told recorded, and not in the journal"
    assert booked.keys() - keeper.pressed == set(), "in the journal, and nobody confirmed it"


def _amounts(journal: Path) -> list[int]:
    facts = journal_facts(journal, ("goods_moved", "stock_counted"))
    quantities = [fact["counted"] if "counted" in fact else fact["lines"][0]["quantity"] for fact in facts]
    return [int(quantity["amount"]) for quantity in quantities]
