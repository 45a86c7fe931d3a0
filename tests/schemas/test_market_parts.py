"""The smaller tables of a market file: what they refuse, and when a remembered day begins."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from schemas.duration import DAY_US
from schemas.market_parts import Episode, HalfLife, History, Scoring, Validation


def test_a_history_remembers_its_warm_up() -> None:
    assert History(warm_up=10, capacity=10).memory == "exact"
    with pytest.raises(ValidationError, match="no score is ever given"):
        History(warm_up=11, capacity=10)


def test_a_remembered_day_begins_at_midnight_utc() -> None:
    assert Episode(name="the second day", on=date(1970, 1, 2)).at_us == DAY_US
    with pytest.raises(ValidationError):
        Episode(name="", on=date(2020, 1, 1))


def test_validation_needs_two_that_agree() -> None:
    with pytest.raises(ValidationError, match="agree"):
        Validation(agree=1)


def test_half_lives_are_written_as_durations() -> None:
    assert HalfLife.model_validate({"volatility": "2d"}).volatility == 2 * DAY_US
    with pytest.raises(ValidationError, match="volatility"):
        HalfLife.model_validate({"volatility": "0d"})


def test_scores_are_asked_for() -> None:
    assert not Scoring().enabled
