from __future__ import annotations

import itertools
import random
from decimal import Decimal

from onebook_firmware_sim.goods import sgtin_96
from onebook_firmware_sim.scenario import Operation, Scenario
from onebook_firmware_sim.scenarios.sites import SITES
from onebook_firmware_sim.scenarios.working_day import working_day
from onebook_firmware_sim.staff import (
    UNDO,
    Act,
    Capture,
    Confirm,
    PullPlug,
    PutOnScale,
    Scan,
    Sheet,
    SheetLine,
    ShowTags,
    fill_in,
    with_slips,
)
from onebook_firmware_sim.truth_log import TruthEntry, totals
from onebook_firmware_sim.warehouse import Warehouse
from onebook_schemas.labels import Command
from tests.unit.firmware_sim.store import (
    ALL_SLIPS,
    BED,
    NEW_BEDS,
    PADDIES,
    TENT,
    TENTS,
    done,
    floor,
    warehouse,
)


def told(acts: tuple[Act, ...]) -> list[str]:
    """Acts as one reads them aloud."""
    return [_told(act) for act in acts]


def _told(act: Act) -> str:
    match act:
        case Scan(code, sights):
            return f"{code.aim}{code.text}" + (" twice" if sights > 1 else "")
        case Confirm():
            return "CONFIRM"
        case PutOnScale(kg):
            return f"{kg} kg on the scale"
        case ShowTags(epcs):
            return f"{len(epcs)} tags"
        case _:
            return type(act).__name__


def sheet(action: Command, *lines: SheetLine, from_bin: str | None = None, to_bin: str | None = None) -> Sheet:
    return Sheet(action=action, person="CHEN", document="RK1", lines=lines, from_bin=from_bin, to_bin=to_bin)


# What is scanned ----------------------------------------------------------------------------------------------------


def test_a_receipt_of_cartons_and_pieces_is_scanned_with_numbers() -> None:
    cartons = SheetLine(NEW_BEDS, Decimal(3 * BED.pack_size), Capture.CARTONS)
    pieces = SheetLine(NEW_BEDS, Decimal(7), Capture.PIECES)
    unmarked = SheetLine(NEW_BEDS, Decimal(5), Capture.EAN)
    assert told(fill_in(sheet(Command.RECEIVE, cartons, pieces, unmarked, to_bin="A-1"))) == [
        "]Q1OBP-CHEN",
        "]C0OBC-RECEIVE",
        "]C0OBD-RK1",
        "]C0OBB-A-1",
        f"]C101{BED.pack_gtin14}1728013110B7",
        "]C0OBQ-3",
        f"]d2010{BED.gtin13}10B7\x1d17280131",
        "]C0OBQ-7",
        f"]E0{BED.gtin13}",
        "]C0OBQ-5",
        "CONFIRM",
    ]


def test_pieces_with_serials_are_scanned_one_by_one_and_a_move_names_both_bins() -> None:
    line = SheetLine(TENTS, Decimal(2), Capture.SERIALS, ("11", "12"))
    assert told(fill_in(sheet(Command.MOVE, line, from_bin="A-1", to_bin="A-2")))[3:] == [
        "]C0OBB-A-1",
        "]C0OBB-A-2",
        f"]d2010{TENT.gtin13}2111",
        f"]d2010{TENT.gtin13}2112",
        "CONFIRM",
    ]


def test_tags_come_after_the_bin_and_leave_after_the_confirmation() -> None:
    line = SheetLine(TENTS, Decimal(2), Capture.TAGS, ("11", "12"))
    assert told(fill_in(sheet(Command.ISSUE, line, from_bin="A-1")))[3:] == [
        "]C0OBB-A-1",
        "2 tags",
        "CONFIRM",
        "0 tags",
    ]


def test_bulk_goods_are_named_by_their_bin_label_and_weighed_in_kilograms() -> None:
    line = SheetLine(PADDIES, Decimal("0.04225"), Capture.SCALE)
    assert told(fill_in(sheet(Command.RECEIVE, line, to_bin="G-1")))[4:] == [
        "]C0LS05003",
        "42.25000 kg on the scale",
        "]C0OBC-WEIGH",
        "CONFIRM",
        "0 kg on the scale",
    ]


def test_a_reversal_needs_no_paper() -> None:
    assert told(fill_in(sheet(Command.REVERSE))) == ["]Q1OBP-CHEN", "]C0OBC-REVERSE", "CONFIRM"]


def test_the_epc_of_a_tag_is_that_of_the_tag_data_standard() -> None:
    # GTIN 0 9520000 00004 2, serial 7: header 30, filter 1, partition 5, company 9520000, reference 000004.
    bits = f"{0x30:08b}{1:03b}{5:03b}{9520000:024b}{4:020b}{7:038b}"
    assert sgtin_96(TENT, "7") == f"{int(bits, 2):024X}"


# What goes wrong ----------------------------------------------------------------------------------------------------


def test_slips_are_undone_at_once_and_never_befall_a_command_or_touch_a_number() -> None:
    line = SheetLine(NEW_BEDS, Decimal(7), Capture.PIECES)
    right = fill_in(sheet(Command.RECEIVE, line, to_bin="A-1"))
    for seed in range(200):
        slipped = with_slips(right, ALL_SLIPS, random.Random(seed), ["A-2", "A-3"], ["9529999000015"])
        words = told(slipped)
        assert [word for word in words if "OBC-" in word and word != _told(UNDO)] == ["]C0OBC-RECEIVE"]
        for position, word in enumerate(words):
            if word in ("]C0OBB-A-2", "]C0OBB-A-3"):
                assert slipped[position + 1] == UNDO, f"seed {seed}"
        kept = [word.removesuffix(" twice") for word in words]
        for wrong in ("]C0OBB-A-2", "]C0OBB-A-3", _told(UNDO), "]E09529999000015"):
            kept = [word for word in kept if word != wrong]
        assert kept == told(right), f"seed {seed}"


def test_a_plug_is_pulled_in_the_middle_of_a_sheet() -> None:
    for seed in range(20):
        scenario = Scenario("plug").receive().while_the_plug_is_pulled(for_s=40)
        operation = next(itertools.islice(scenario.operations(floor(seed)), 1, None))
        assert operation.acts.count(PullPlug(40)) == 1
        assert PullPlug(40) not in (operation.acts[0], operation.acts[-1])


# What is true in the end ----------------------------------------------------------------------------------------------


def days(where: Warehouse, operations: int, seed: int = 1) -> tuple[list[Operation], list[TruthEntry]]:
    played, truth = [], []
    work = working_day().operations(floor(seed, ALL_SLIPS, where))
    for number, operation in enumerate(itertools.islice(work, operations), 1):
        played.append(operation)
        truth += done(operation, where, number)
    return played, truth


def test_the_same_seed_gives_the_same_days_and_another_seed_others() -> None:
    first, again, other = (days(warehouse(), 100, seed)[0] for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_after_many_days_nothing_impossible_happened_and_the_truth_is_what_lies_there() -> None:
    for plan in SITES.values():
        where = Warehouse(plan.zones)
        _, truth = days(where, 800)
        piles = [
            (name, goods, pile)
            for zone in plan.zones
            for name in zone.bins
            for goods, pile in where.count(name).items()
        ]
        assert totals(truth) == {
            (name, goods.item.code, goods.lot_number): pile.quantity for name, goods, pile in piles
        }
        assert {entry.kind for entry in truth} == {"receipt", "issue", "bin_move", "count", "reversal", "loss"}
        assert len(piles) < 60, f"{plan.key} fills up"


def test_a_mistake_is_scanned_reversed_and_scanned_rightly_under_one_document() -> None:
    where = warehouse()
    work = Scenario("mistake").receive_wrongly_and_correct().operations(floor(3, where=where))
    truth = [entry for operation in itertools.islice(work, 1, 4) for entry in done(operation, where)]
    assert [(entry.kind, entry.scanned, entry.happened) for entry in truth] == [
        ("receipt", True, False),
        ("reversal", True, False),
        ("receipt", True, True),
    ]
    assert len({(entry.document, entry.person) for entry in truth}) == 1
    assert truth[0] != truth[2]


def test_a_loss_is_small_unscanned_and_found_by_the_count_that_follows() -> None:
    where = warehouse()
    where.put("A-1", NEW_BEDS, Decimal(100))
    work = Scenario("loss").lose_some_and_count().operations(floor(where=where))
    truth = [entry for operation in itertools.islice(work, 1, 3) for entry in done(operation, where)]
    assert [(entry.kind, entry.scanned, entry.happened, entry.quantity) for entry in truth] == [
        ("loss", False, True, 3),
        ("count", True, False, 97),
    ]


def test_what_is_left_of_bulk_goods_can_always_be_weighed() -> None:
    where = Warehouse(SITES["hangzhou"].zones)
    for operation in days(where, 800)[0]:
        for act in operation.acts:
            assert not isinstance(act, PutOnScale) or act.kg == 0 or 10 <= act.kg <= 80
