"""Parts of documents, in any order and any mixture of versions."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebook_edge.reference.assembly import Assembly, problems_of
from onebook_schemas.reference import CatalogueDocument, ReferenceDocument, SiteDocument, whole_of
from tests.unit.edge.reference import documents
from tests.unit.edge.reference.documents import catalogue, in_parts, item, site

OLD, NEW = site(5, "A", "B", "C"), site(6, "A", "B")


def taken(assembly: Assembly, *parts: ReferenceDocument) -> list[ReferenceDocument]:
    """The documents that became whole."""
    return [whole_of(found) for part in parts if (found := assembly.take(part)) is not None]


def test_a_document_in_one_part_is_whole_at_once() -> None:
    assert taken(Assembly(), NEW) == [NEW]


@given(st.randoms(use_true_random=False))
def test_parts_in_any_order_and_twice_make_the_document(random: Random) -> None:
    parts = in_parts(OLD) * 2
    random.shuffle(parts)
    assert OLD in taken(Assembly(), *parts)


def test_a_newer_version_overtakes_half_a_set_and_the_rest_of_the_old_one_is_ignored() -> None:
    assembly, (one, two, three) = Assembly(), in_parts(OLD)
    assert taken(assembly, one, two, *in_parts(NEW), three) == [NEW]


def test_half_of_a_newer_version_keeps_an_older_one_out() -> None:
    assembly = Assembly()
    assert taken(assembly, in_parts(NEW)[0], OLD) == []
    assert assembly.missing == (2,)


def test_what_is_not_newer_than_what_is_held_says_nothing_new() -> None:
    assert taken(Assembly(held=6), OLD, NEW) == []
    assert taken(Assembly(held=5), OLD, NEW) == [NEW]


def test_a_version_that_could_not_be_kept_is_taken_when_it_comes_again() -> None:
    assembly = Assembly()
    assert taken(assembly, *in_parts(NEW), *in_parts(NEW)) == [NEW, NEW]


def test_a_version_in_two_numbers_of_parts_is_refused() -> None:
    assembly = Assembly()
    assembly.take(in_parts(OLD)[0])
    with pytest.raises(ValueError, match="version 5 comes in 1 parts, and in another number"):
        assembly.take(OLD)


def test_a_name_that_stands_twice_is_a_problem_even_across_parts() -> None:
    assert problems_of(whole_of([*in_parts(catalogue(1, "LS01001", "LS01002", "LS01001"))])) == [
        "item code LS01001 stands there twice"
    ]
    gtins = CatalogueDocument(version=1, items=(item("LS01001", gtin="1" * 14), item("LS01002", gtin="1" * 14)))
    assert problems_of(gtins) == [f"GTIN {'1' * 14} stands there twice"]
    twice = SiteDocument.model_validate({**NEW.model_dump(), "zones": NEW.zones * 2, "reasons": NEW.reasons * 2})
    assert problems_of(twice) == ["zone COLD stands there twice", "reason URGENT stands there twice"]
    assert problems_of(documents.people(1, "k1", "k1")) == ["badge k1 stands there twice"]
    assert problems_of(documents.tasks(1, "DB1", "DB1")) == ["document number DB1 stands there twice"]


def test_one_of_each_document_has_no_problem() -> None:
    assert [problems_of(one) for one in documents.one_of_each(1)] == [[]] * 5
