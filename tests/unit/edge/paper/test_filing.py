"""By what a fact is found: on which paper it stands, and of which kind that is."""

from __future__ import annotations

import pytest

from onebook_edge.paper.filing import PaperKind, entry_of
from onebook_schemas.device_events import EdgeStarted
from onebook_schemas.stock_events import Document, DocumentKind, MovementKind, PapersFollowed
from tests.unit.edge.paper.facts import counted, event, line, moved, movement_id, receipt, reversal
from tests.unit.edge.paper.samples import BED, RADIO, RICE, TENT

_INTO, _OUT_OF, _WITHIN = {"to_bin": "A"}, {"from_bin": "A"}, {"from_bin": "A", "to_bin": "A"}


@pytest.mark.parametrize(
    ("movement", "bins", "kind"),
    [
        (MovementKind.RECEIPT, _INTO, PaperKind.RECEIPT),
        (MovementKind.DONATION, _INTO, PaperKind.RECEIPT),
        (MovementKind.TRANSFER_OUT, _OUT_OF, PaperKind.ISSUE),
        (MovementKind.BIN_MOVE, _WITHIN, PaperKind.MOVE),
        (MovementKind.DISPOSAL, _OUT_OF, PaperKind.DISPOSAL),
        (MovementKind.STATUS_CHANGE, _WITHIN, PaperKind.STATUS),
    ],
)
def test_a_movement_is_filed_by_which_way_the_goods_went(
    movement: MovementKind, bins: dict[str, str], kind: PaperKind
) -> None:
    entry = entry_of(event(1, moved(1, movement, line(TENT.code, "1", **bins))), {})
    assert entry is not None
    assert (entry.kind, entry.paper) == (kind, movement_id(1))


def test_a_receipt_is_found_by_each_of_its_goods() -> None:
    entry = entry_of(event(1, receipt()), {})
    assert entry is not None
    assert entry.items == {TENT.code, BED.code, RICE.code, RADIO.code}
    assert (entry.day, entry.number, entry.actor) == ("2026-09-22", "RK20260922330106010001", "P1001")


def test_the_day_is_that_of_china() -> None:
    late = entry_of(event(1, receipt(), at_ms=1_790_006_400_000), {})  # 16:00 UTC: midnight there.
    assert late is not None
    assert late.day == "2026-09-22"


def test_a_reversal_refers_to_its_original_and_a_count_to_nothing() -> None:
    entries = [entry_of(event(1, reversal(2, 1)), {}), entry_of(event(2, counted(3, TENT.code, "1")), {})]
    assert [entry and (entry.kind, entry.refers_to) for entry in entries] == [
        (PaperKind.REVERSAL, movement_id(1)),
        (PaperKind.COUNT, ""),
    ]


def test_papers_that_came_later_are_filed_with_their_movement() -> None:
    fact = PapersFollowed(
        movement_id=movement_id(9),
        accepted=movement_id(1),
        document=Document(kind=DocumentKind.DONATION, number="JZ7"),
        actor="P1001",
    )
    entry = entry_of(event(2, fact), {})
    assert entry is not None
    assert (entry.paper, entry.kind, entry.number) == (movement_id(1), PaperKind.PAPERS, "JZ7")


def test_what_no_paper_is_made_of_is_not_filed() -> None:
    assert entry_of(event(1, EdgeStarted(software_version="1")), {}) is None
