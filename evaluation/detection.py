"""How well a daily series tells days of stress from other days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.bootstrap import Floats
from evaluation.events import SPAN, Flags

ALARM: Final = 90.0
"""Percentile among its own past from which a series is taken to sound an alarm."""

YEAR: Final = 252


@dataclass(frozen=True)
class Ordered:
    """A series in the order of its values, so that many draws of the days can be judged at once.

    Attributes:
        order: days by falling value, intp[n].
        turns: where a new value begins in that order, intp[k].
    """

    order: npt.NDArray[np.intp]
    turns: npt.NDArray[np.intp]

    @classmethod
    def of(cls, scores: Floats) -> Ordered:
        """Of values without NaN."""
        order = np.argsort(-scores, kind="stable")
        return cls(order, np.flatnonzero(np.diff(scores[order], prepend=np.inf) != 0))

    def sums(self, weights: Floats) -> Floats:
        """Weights of the days of each value, float64[draws, k]."""
        sums: Floats = np.add.reduceat(weights[:, self.order], self.turns, axis=1)
        return sums


def aurocs(ordered: Ordered, labels: Flags, counts: Floats) -> Floats:
    """Area under the ROC curve in each draw: how often a day of stress stands above another, ties half; float64[draws].

    NaN for a draw without days of both sorts.
    """
    yes, no = ordered.sums(counts * labels), ordered.sums(counts * ~labels)
    won = (yes * (no.sum(axis=1, keepdims=True) - np.cumsum(no, axis=1) + no / 2)).sum(axis=1)
    pairs = yes.sum(axis=1) * no.sum(axis=1)
    found: Floats = np.divide(won, pairs, out=np.full(len(won), np.nan), where=pairs > 0)
    return found


def auroc(scores: Floats, labels: Flags) -> float:
    """As `aurocs`, of the days as they are."""
    return float(aurocs(Ordered.of(scores), labels, np.ones((1, len(scores))))[0])


def roc(scores: Floats, labels: Flags) -> tuple[Floats, Floats]:
    """False and true alarm shares as the threshold falls, both from 0 to 1."""
    ordered, one = Ordered.of(scores), np.ones((1, len(scores)))
    shares = [np.cumsum(ordered.sums(one * of)[0]) / of.sum() for of in (~labels, labels)]
    return np.insert(shares[0], 0, 0.0), np.insert(shares[1], 0, 0.0)


def auprc(scores: Floats, labels: Flags) -> float:
    """Area under the precision-recall curve (average precision); a series that knows nothing has the prevalence."""
    ordered, one = Ordered.of(scores), np.ones((1, len(scores)))
    yes, no = ordered.sums(one * labels)[0], ordered.sums(one * ~labels)[0]
    precision = np.cumsum(yes) / np.cumsum(yes + no)
    return float((precision * yes).sum() / yes.sum())


def percentiles(series: pd.Series[float]) -> pd.Series[float]:
    """Each value's percentile among itself and its past, 0..100; NaN in the first year."""
    ranked: pd.Series[float] = 100 * series.expanding(min_periods=YEAR).rank(pct=True)
    return ranked


def delays(alarms: Flags, at: list[int]) -> list[int | None]:
    """Sessions from each event's day to the first alarm within the 20 after it; None where there was none."""
    first = [np.flatnonzero(alarms[day : day + SPAN + 1]) for day in at]
    return [int(found[0]) if len(found) else None for found in first]


def false_alarm_days(alarms: Flags, stressed: Flags) -> float:
    """Days a year with an alarm among the days that belong to no event."""
    calm = int((~stressed).sum())
    return YEAR * float((alarms & ~stressed).sum()) / calm if calm else float("nan")
