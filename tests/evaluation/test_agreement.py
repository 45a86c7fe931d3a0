"""Agreement, against plain loops over the weeks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evaluation.agreement import agreement, weekly
from evaluation.faults import InputError

DAYS = pd.bdate_range("2000-01-03", "2016-12-30")
RNG = np.random.default_rng(5)
OURS = pd.Series(np.cumsum(RNG.standard_normal(len(DAYS))), DAYS)
FRIDAYS = pd.date_range("2000-01-07", "2016-12-30", freq="W-FRI")
THEIRS = OURS.reindex(FRIDAYS, method="ffill") + RNG.standard_normal(len(FRIDAYS))


def test_a_week_is_its_last_known_value() -> None:
    values = pd.Series(
        [1.0, 2.0, np.nan, 4.0], pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-06"])
    )
    assert weekly(values).tolist() == [2.0, 4.0]


def test_correlations_are_their_definition() -> None:
    found = agreement(OURS, THEIRS, "theirs")
    for span, (first, last) in {"2000-2014": (2000, 2014), "2015-2025": (2015, 2025)}.items():
        weeks = [d for d in FRIDAYS if first <= d.year <= last]
        x = np.array([OURS[:d].iloc[-1] for d in weeks])
        y = THEIRS[weeks].to_numpy()
        row = found[span]
        assert row["weeks"] == len(weeks)
        assert row["pearson"] == pytest.approx(np.corrcoef(x, y)[0, 1])
        assert row["changes"] == pytest.approx(np.corrcoef(np.diff(x), np.diff(y))[0, 1])
        assert row["spearman"] == pytest.approx(np.corrcoef(x.argsort().argsort(), y.argsort().argsort())[0, 1])


def test_a_span_without_weeks_says_nothing() -> None:
    found = agreement(OURS[:"2010"], THEIRS, "theirs")
    assert found["2015-2025"] == {"weeks": 0, "pearson": None, "spearman": None, "changes": None}


def test_a_series_that_does_not_move_agrees_with_nothing() -> None:
    assert agreement(OURS * 0, THEIRS, "theirs")["2000-2025"]["pearson"] is None


def test_a_reference_of_other_years_is_refused() -> None:
    with pytest.raises(InputError, match="old: only 0 weeks in common"):
        agreement(OURS, pd.Series([1.0, 2.0], pd.to_datetime(["1980-01-04", "1980-01-11"])), "old")
