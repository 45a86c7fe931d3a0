"""Agreement, against plain loops over the weeks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evaluation.agreement import agreement, require_overlap, weekly
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
    found = agreement(OURS, THEIRS)
    for span, (first, last) in {"2000-2014": (2000, 2014), "2015-2025": (2015, 2025)}.items():
        weeks = [d for d in FRIDAYS if first <= d.year <= last]
        x = np.array([OURS[:d].iloc[-1] for d in weeks])
        y = THEIRS[weeks].to_numpy()
        row = found[span]
        assert row["weeks"] == len(weeks)
        assert row["pearson"] == pytest.approx(np.corrcoef(x, y)[0, 1])
        assert row["changes"] == pytest.approx(np.corrcoef(np.diff(x), np.diff(y))[0, 1])
        ranks = [pd.Series(np.diff(values)).rank() for values in (x, y)]
        assert row["changes_spearman"] == pytest.approx(np.corrcoef(*ranks)[0, 1])
        assert row["spearman"] == pytest.approx(np.corrcoef(x.argsort().argsort(), y.argsort().argsort())[0, 1])


def test_an_interval_holds_its_figure_and_is_the_same_again() -> None:
    row = agreement(OURS, THEIRS)["2000-2014"]
    for name in ("pearson", "spearman", "changes", "changes_spearman"):
        low, high = row[f"{name}_interval"]  # type: ignore[misc]  # it is known
        assert low < row[name] < high  # type: ignore[operator]
    assert agreement(OURS, THEIRS)["2000-2014"] == row


def test_decades_are_told_apart() -> None:
    found = agreement(OURS, THEIRS)
    assert found["1990s"]["weeks"] == 0
    assert found["2000s"]["weeks"] + found["2010s"]["weeks"] == len(FRIDAYS)  # type: ignore[operator]


def test_a_span_without_weeks_says_nothing() -> None:
    found = agreement(OURS[:"2010"], THEIRS)
    assert set(found["2015-2025"].values()) == {0, None}
    assert found["2015-2025"]["weeks"] == 0


def test_a_series_that_does_not_move_agrees_with_nothing() -> None:
    assert agreement(OURS * 0, THEIRS)["2000-2025"]["pearson"] is None


def test_a_reference_of_other_years_is_refused() -> None:
    with pytest.raises(
        InputError, match=r"old.csv: only 0 weeks in common with the index: give values of the same years"
    ):
        require_overlap(
            OURS, pd.Series([1.0, 2.0], pd.to_datetime(["1980-01-04", "1980-01-11"])), "old.csv", "the index"
        )
    require_overlap(OURS, THEIRS, "theirs", "the index")
    assert all(row["weeks"] == 0 for row in agreement(OURS, THEIRS[:0]).values())
