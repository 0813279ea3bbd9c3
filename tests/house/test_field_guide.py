"""The field guide tells of every errand of the keeper's day that has a picture, and of no other; the day leaves nothing out."""

from __future__ import annotations

import re

from onebook_schemas.labels import Command, command_text
from tests.browser.day.errands import Scan, Tap
from tests.browser.day.whole import DAY
from tests.house.tree import ROOT

GUIDE = ROOT / "docs" / "field_guide.zh-CN.md"
PICTURES = ROOT / "docs" / "screenshots"
BYTES_MAX = 60 * 1024
_PICTURE = re.compile(r"!\[[^\]]+\]\(screenshots/(field-[a-z-]+\.png)\)")


def test_pictures_in_the_guide_on_the_disk_and_of_the_day_are_the_same() -> None:
    named = _PICTURE.findall(GUIDE.read_text(encoding="utf-8"))
    assert sorted(named) == sorted(one.picture_name for one in DAY if one.picture_width)
    assert sorted(named) == sorted(path.name for path in PICTURES.glob("field-*.png"))


def test_a_picture_of_the_guide_is_small_enough_for_a_slow_line() -> None:
    assert {path.name for path in PICTURES.glob("field-*.png") if path.stat().st_size > BYTES_MAX} == set()


def test_every_command_is_given_during_the_day_and_stands_in_the_guide() -> None:
    given = {step.code for errand in DAY for step in errand.steps if isinstance(step, Scan | Tap)}
    text = GUIDE.read_text(encoding="utf-8")
    assert [command for command in Command if command_text(command) not in given] == []
    assert [command for command in Command if f"`{command_text(command)}`" not in text] == []
