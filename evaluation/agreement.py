"""How far an index agrees with a published one: correlations of weekly levels and of weekly changes."""

from __future__ import annotations

from typing import Final

import pandas as pd

from evaluation.faults import InputError

SPANS: Final = {"2000-2014": ("2000", "2014"), "2015-2025": ("2015", "2025"), "2000-2025": ("2000", "2025")}
"""Names of the spans that are reported, with their first and last year."""

LEAST: Final = 26
"""Joint weeks below which a correlation says nothing."""

Row = dict[str, float | int | None]


def weekly(series: pd.Series[float]) -> pd.Series[float]:
    """The last value of each week that ends on a Friday."""
    known = series.dropna()
    return known.groupby(pd.DatetimeIndex(known.index).to_period("W-FRI")).last()


def agreement(series: pd.Series[float], reference: pd.Series[float], name: str) -> dict[str, Row]:
    """By span: `weeks`, `pearson` and `spearman` of levels, `changes` (Pearson of weekly changes).

    Args:
        series: daily values of an index.
        reference: values of a published one, weekly or daily.
        name: of the reference, for messages.

    Raises:
        InputError: the two have fewer than 26 weeks in common.
    """
    both = pd.concat([weekly(series).rename("ours"), weekly(reference).rename("theirs")], axis=1).dropna()
    if len(both) < LEAST:
        msg = f"{name}: only {len(both)} weeks in common with the index: give values of the same years"
        raise InputError(msg)
    years = pd.PeriodIndex(both.index).end_time.year
    return {span: _row(both[(years >= int(a)) & (years <= int(b))]) for span, (a, b) in SPANS.items()}


def _row(both: pd.DataFrame) -> Row:
    if len(both) < LEAST:
        return {"weeks": len(both), "pearson": None, "spearman": None, "changes": None}
    changes = both.diff().dropna()
    return {
        "weeks": len(both),
        "pearson": _pearson(both),
        "spearman": _pearson(both.rank()),
        "changes": _pearson(changes),
    }


def _pearson(both: pd.DataFrame) -> float | None:
    """None where one of the two does not vary."""
    value = float(both["ours"].corr(both["theirs"]))
    return value if value == value else None  # noqa: PLR0124  (not a number is not equal to itself)
