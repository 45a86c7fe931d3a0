"""How far an index agrees with a published one: correlations of weekly levels and of weekly changes."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from evaluation.bootstrap import Floats, Interval, block_counts, correlations, interval
from evaluation.faults import InputError

SPANS: Final = {
    "2000-2014": (2000, 2014),
    "2015-2025": (2015, 2025),
    "2000-2025": (2000, 2025),
    "1990s": (1990, 1999),
    "2000s": (2000, 2009),
    "2010s": (2010, 2019),
    "2020s": (2020, 2029),
}
"""Names of the spans that are reported, with their first and last year."""

LEAST: Final = 26
"""Joint weeks below which a correlation says nothing."""

BLOCK: Final = 26
"""Weeks of a block of the bootstrap: half a year, beyond which levels of such indices forget most."""

STATISTICS: Final = ("pearson", "spearman", "changes", "changes_spearman")

Row = dict[str, float | int | Interval]


def weekly(series: pd.Series[float]) -> pd.Series[float]:
    """The last value of each week that ends on a Friday."""
    known = series.dropna()
    return known.groupby(pd.DatetimeIndex(known.index).to_period("W-FRI")).last()


def joined(series: pd.Series[float], reference: pd.Series[float]) -> pd.DataFrame:
    """Weeks that both have: columns `ours` and `theirs`."""
    return pd.concat([weekly(series).rename("ours"), weekly(reference).rename("theirs")], axis=1).dropna()


def require_overlap(series: pd.Series[float], reference: pd.Series[float], name: str, what: str) -> None:
    """Makes sure that a reference can be compared with a series.

    Args:
        series: daily values.
        reference: values of a published index.
        name: of the reference, and its file.
        what: the series, in words.

    Raises:
        InputError: the two have fewer than 26 weeks in common.
    """
    weeks = len(joined(series, reference))
    if weeks < LEAST:
        msg = f"{name}: only {weeks} weeks in common with {what}: give values of the same years, {LEAST} weeks at least"
        raise InputError(msg)


def agreement(series: pd.Series[float], reference: pd.Series[float]) -> dict[str, Row]:
    """By span: `weeks`, `pearson` and `spearman` of weekly levels, `changes` and `changes_spearman` of weekly changes.

    Beside each stands its `.._interval`: the middle 95 per cent of a moving-block bootstrap. None where there are fewer
    than 26 weeks, or one of the two does not vary.

    Args:
        series: daily values of an index.
        reference: values of a published one, weekly or daily.
    """
    both = joined(series, reference)
    years = pd.PeriodIndex(both.index, freq="W-FRI").end_time.year
    return {span: _row(both[(years >= first) & (years <= last)]) for span, (first, last) in SPANS.items()}


def _row(both: pd.DataFrame) -> Row:
    row: Row = {"weeks": len(both)}
    levels = both.to_numpy()
    changes = np.diff(levels, axis=0)
    for name, of in zip(STATISTICS, (levels, _ranked(levels), changes, _ranked(changes)), strict=True):
        row[name], row[f"{name}_interval"] = _correlation(of) if len(both) >= LEAST else (None, None)
    return row


def _ranked(values: Floats) -> Floats:
    """Mid-ranks by column: Spearman's correlation is Pearson's of these."""
    ranks: Floats = pd.DataFrame(values).rank().to_numpy()
    return ranks


def _correlation(of: Floats) -> tuple[float | None, Interval]:
    """Correlation of two columns and its interval; None where one of the two does not vary."""
    if (np.ptp(of, axis=0) == 0).any():
        return None, None
    drawn = correlations(of[:, 0], of[:, 1], block_counts(len(of), BLOCK))
    return float(np.corrcoef(of[:, 0], of[:, 1])[0, 1]), interval(drawn)
