"""The chain's text is what anybody gets from the standard library, whatever a movement says."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as some

from onebook_collector.ledger.hashing import movement_text
from onebook_schemas.uplink import Stream

_texts = some.text(some.characters(exclude_categories=("Cs",)))
_numbers = some.integers(-(2**63), 2**63 - 1)
_cells = some.none() | _texts | _numbers
_postings = some.tuples(_numbers, _numbers, _texts, _texts, _texts, _numbers, some.lists(_texts, max_size=3))


@given(
    some.lists(_cells, max_size=15),
    some.none() | some.tuples(_texts, _texts, some.sampled_from(Stream), _numbers, _texts),
    some.lists(_postings, max_size=4),
    some.none() | some.lists(_cells, max_size=7),
)
def test_the_text_of_a_movement_is_what_json_dumps_writes(
    columns: list[object], origin: tuple[object, ...] | None, postings: list[object], count: list[object] | None
) -> None:
    expected = json.dumps([*columns, origin, postings, count], ensure_ascii=False, separators=(",", ":"))
    assert movement_text(columns, origin, postings, count) == expected.encode()
