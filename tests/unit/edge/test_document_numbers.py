"""Document numbers: unique on one box whatever happens to it, and apart from those of other boxes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from onebook_edge.document_numbers import DocumentNumbers
from onebook_schemas.labels import LabelKind, label_text
from onebook_schemas.reference import SiteDocument
from onebook_schemas.stock_events import DocumentKind

SITE = SiteDocument(version=1, site_id="wh-1", name_zh="一号库", name_en="One", division_code="330106", maker_number=1)
DAY = date(2026, 11, 28)
EPOCH = "0123456789abcdef"


def numbers(path: Path, *, epoch: str = EPOCH, noise: Callable[[int], bytes] = os.urandom) -> DocumentNumbers:
    made = DocumentNumbers(path / "numbers.json", epoch, noise)
    made.site = SITE
    return made


def receipt(made: DocumentNumbers, day: date = DAY) -> str:
    number = made.next_number(DocumentKind.RECEIPT_NOTE, day)
    assert number is not None
    return number


def test_a_number_says_what_when_where_and_can_stand_on_a_label(tmp_path: Path) -> None:
    number = receipt(numbers(tmp_path, noise=lambda count: bytes(range(count))))
    assert number == "RK2026112833010601" + "01234" + "00001"
    assert label_text(LabelKind.DOCUMENT, number)


def test_the_running_number_goes_on_over_days_starts_and_a_clock_set_back(tmp_path: Path) -> None:
    made = [receipt(numbers(tmp_path), day) for day in (DAY, DAY, date(2026, 11, 29), DAY, date(2025, 1, 1))]
    assert [int(number[-5:]) for number in made] == [1, 2, 3, 4, 5]
    assert len({number[18:23] for number in made}) == 1


def test_a_number_is_used_up_before_anybody_sees_it(tmp_path: Path) -> None:
    """A power cut after the number was given: the file on the disk has it already."""
    made = numbers(tmp_path)
    number = receipt(made)
    assert json.loads((tmp_path / "numbers.json").read_text())["last"] == int(number[-5:])


@pytest.mark.parametrize("harm", ["removed", "emptied", "garbled", "another outbox"])
def test_without_its_file_or_with_another_card_a_box_gives_no_number_again(tmp_path: Path, harm: str) -> None:
    before = {receipt(numbers(tmp_path)) for _ in range(20)}
    path = tmp_path / "numbers.json"
    epoch = "f" * 16 if harm == "another outbox" else EPOCH
    if harm == "removed":
        path.unlink()
    elif harm != "another outbox":
        path.write_text("" if harm == "emptied" else '{"epoch": "0123456789abcdef", "series": 7}')
    made = numbers(tmp_path, epoch=epoch)
    after = {receipt(made) for _ in range(20)}
    assert (len(after), before & after) == (20, set())


def test_a_box_that_does_not_know_its_site_makes_none(tmp_path: Path) -> None:
    made = DocumentNumbers(tmp_path / "numbers.json", EPOCH)
    assert made.next_number(DocumentKind.RECEIPT_NOTE, DAY) is None


def test_a_disk_that_takes_nothing_does_not_keep_the_movement_from_being_booked(tmp_path: Path) -> None:
    made = numbers(tmp_path / "gone")
    assert made.next_number(DocumentKind.RECEIPT_NOTE, DAY) is None
