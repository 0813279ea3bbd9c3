from __future__ import annotations

from onebook_collector.api.exposition import Family, exposition, family


def test_a_number_without_labels_stands_below_its_help_and_type() -> None:
    text = exposition([family("onebook_ledger_seq", "gauge", "Newest entry of the book.", 4711)])
    assert text == (
        "# HELP onebook_ledger_seq Newest entry of the book.\n"
        "# TYPE onebook_ledger_seq gauge\n"
        "onebook_ledger_seq 4711\n"
    )


def test_values_of_one_label_are_sorted() -> None:
    text = exposition([family("x_total", "counter", "X.", {"b": 2, "a": 1.5}, label="kind")])
    assert text.splitlines()[2:] == ['x_total{kind="a"} 1.5', 'x_total{kind="b"} 2']


def test_a_reason_cannot_break_out_of_its_label() -> None:
    text = exposition([family("x_total", "counter", "X.", {'no "quotes"\\ or\nlines': 1}, label="reason")])
    assert text.splitlines()[2] == r'x_total{reason="no \"quotes\"\\ or\nlines"} 1'


def test_quotes_in_help_stay_and_line_feeds_do_not() -> None:
    text = exposition([Family("x", "gauge", 'say "x"\nagain \\', {(): 0})])
    assert text.splitlines()[0] == r'# HELP x say "x"\nagain \\'


def test_large_counts_are_written_exactly() -> None:
    assert exposition([family("x", "gauge", "X.", 9007199254740991)]).endswith("x 9007199254740991\n")
