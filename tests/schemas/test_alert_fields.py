"""The documented fields."""

from __future__ import annotations

from schemas.alert_fields import FIELDS, Vocabulary, fields_of, vocabulary_of
from schemas.market_file import load

SMALL = Vocabulary(("a", "b", "c"), ("I",), ("X", "Y"), ("ciss",))


def test_each_name_of_the_market_gives_its_fields() -> None:
    found = fields_of(SMALL)
    assert ("contributions", "b") in found
    assert ("indicators", "I", "score") in found
    assert {path for path in found if path[0] == "segment_correlation"} == {
        ("segment_correlation", "mean"),
        *(("segment_correlation", *pair) for pair in [("a", "b"), ("a", "c"), ("b", "c")]),
    }
    assert found["forecast",].field.source == "scores"


def test_fields_are_written_as_people_write_them() -> None:
    written = [field.written for field in FIELDS]
    assert 'contributions["<segment>"]' in written
    assert 'indicators["<indicator>"].score' in written
    assert 'segment_correlation["<segment", "segment>"]' not in written
    assert 'segment_correlation["<segment>", "<segment>"]' in written
    assert len(written) == len(set(written))


def test_a_market_file_brings_its_names() -> None:
    names = vocabulary_of(load("us-open"))
    assert names.segments == ("equity", "credit", "commodities")
    assert "Default spread" in names.indicators
    assert "SPX" in names.instruments
