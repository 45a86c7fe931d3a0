"""The documented fields."""

from __future__ import annotations

from dataclasses import replace

from models.ensemble.levels import PUBLISHED
from models.regime import STATES
from schemas.alert_fields import FIELDS, QUANTILES, REGIMES, Vocabulary, fields_of, of_finals, vocabulary_of
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
    assert found["forecast",].field.needs_scores
    scored = fields_of(replace(SMALL, scores=True))
    assert {path for path in scored if path[0] == "forecast"} == {("forecast", q) for q in (*QUANTILES, "skill")}
    assert ("regime", "stress") in scored
    assert ("forecast",) not in scored


def test_what_finals_alone_say() -> None:
    assert of_finals(("indicators", "I", "score"))
    assert of_finals(("forecast", "skill"))
    assert of_finals(("drift", "found"))
    assert not of_finals(("forecast", "q95"))
    assert not of_finals(("regime", "calm"))
    assert not of_finals(("index",))


def test_scores_are_named_as_readings_carry_them() -> None:
    assert [f"q{100 * level:02.0f}" for level in PUBLISHED] == list(QUANTILES)
    assert list(QUANTILES.values()) == list(range(len(PUBLISHED)))
    assert REGIMES == STATES


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
    assert names.scores
    assert not vocabulary_of(load("week")).scores
