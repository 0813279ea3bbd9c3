from __future__ import annotations

import re

import pytest

from onebook_edge.device import Faulted
from onebook_edge.lines import LineCutter


@pytest.mark.parametrize("length", [9, 10, 11, 12, 30])
@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 100])
def test_a_line_is_whole_up_to_its_limit_and_one_overrun_beyond_it_however_its_bytes_arrive(
    length: int, chunk: int
) -> None:
    lines = LineCutter(re.compile(rb"\r\n"), bytes_max=10)
    stream = b"x" * length + b"\r\nok\r\n"
    found = [line for i in range(0, len(stream), chunk) for line in lines.feed(stream[i : i + chunk])]
    first = b"x" * length if length <= 10 else Faulted("overrun", "over 10 bytes")
    assert found == [first, b"ok"]
    assert lines.buffered_bytes == 0


def test_the_rest_is_given_once() -> None:
    lines = LineCutter(None, bytes_max=10)
    assert lines.feed(b"half") == []
    assert (lines.rest(), lines.rest()) == (b"half", b"")


def test_the_rest_of_an_overrun_is_nothing() -> None:
    lines = LineCutter(None, bytes_max=10)
    assert lines.feed(b"x" * 20) == [Faulted("overrun", "over 10 bytes")]
    assert lines.rest() == b""
