"""Second yardsticks of the forecast: GARCH and AutoARIMA, refitted on schedule, with the intervals that all have.

What they know at an origin is the index up to it. In between two fits their parameters stay and their states go on.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from arch import univariate

from models.ensemble.guard import Came, Guard
from models.ensemble.intervals import Asked, Errors, Intervals, scaled_quantiles
from models.ensemble.levels import LEVELS
from models.signals.step import Floats

GARCH: Final = "garch"
GARCH_SCALED: Final = "garch_scaled"
AUTO_ARIMA: Final = "auto_arima"
NAMES: Final = (GARCH, GARCH_SCALED, AUTO_ARIMA)

EVERY: Final = 250
"""Origins between two fits: a year of sessions."""

MEMORY: Final = 2_000
"""Finals that a fit and a state see: eight years of sessions, HAR's half-life."""

LEAST: Final = 500
"""Finals before the first fit."""

LAGS: Final = [1, 5, 22]
"""Changes whose means are regressors: a day, a week and a month of sessions."""

Progress = Callable[[int, int], None]


class Said(NamedTuple):
    """What GARCH says at each origin: middle and scale of the change, points, float64[n]; NaN before a fit.

    `refused` counts fits that did not converge: the one before stayed.
    """

    centre: Floats
    scale: Floats
    refused: int


def blocks(n: int) -> Iterator[tuple[int, int, int]]:
    """First origin, origin behind the last one, and first final that is seen, of each fit along n finals."""
    for first in range(LEAST - 1, n, EVERY):
        yield first, min(first + EVERY, n), max(first + 1 - MEMORY, 0)


def garch(index: Floats, ahead: int) -> Said:
    """Changes that follow the means of the last 1, 5 and 22 ones, with GARCH(1,1) errors of Student's t.

    HAR-GARCH (Bollerslev 1987; Corsi, Mittnik and Pigorsch 2008) by `arch`, maximum likelihood. The scale is the root
    of the sum of the variances that it expects of the next `ahead` changes.
    """
    centre, scale, refused, kept = np.full(len(index), np.nan), np.full(len(index), np.nan), 0, None
    for first, end, since in blocks(len(index)):
        changes = np.diff(index[since:end])
        at, unit = first - since - 1, float(changes[: first - since].std())
        if not unit > 0:
            continue  # an index that stands still
        errors = univariate.GARCH(1, 0, 1), univariate.StudentsT()
        model = univariate.HARX(changes / unit, None, LAGS, volatility=errors[0], distribution=errors[1], rescale=False)
        fitted = model.fit(last_obs=at + 1, disp="off", show_warning=False)  # what does not converge is counted
        good = fitted.convergence_flag == 0 and bool(np.isfinite(fitted.params).all())
        refused, kept = refused + (not good), fitted.params if good else kept
        if kept is not None:
            said = model.fix(kept).forecast(horizon=ahead, start=at, reindex=False)
            centre[first:end] = unit * said.mean.to_numpy().sum(axis=1)
            scale[first:end] = unit * np.sqrt(said.residual_variance.to_numpy().sum(axis=1))
    return Said(centre, scale, refused)


def auto_arima(index: Floats, ahead: int, progress: Progress | None = None) -> Floats:
    """Middle of the change, points, float64[n], by an ARIMA whose orders are chosen anew with each fit.

    By AutoARIMA (Hyndman and Khandakar 2008) of `statsforecast` with its defaults, without seasons: differences by
    KPSS, orders stepwise by AICc. Between two fits the chosen model filters all that is seen at each origin.
    """
    from statsforecast.models import AutoARIMA  # noqa: PLC0415  (an extra, and slow to load)

    centre = np.full(len(index), np.nan)
    for first, end, since in blocks(len(index)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # orders that do not converge are among those that are tried
            model = AutoARIMA(season_length=1).fit(index[since : first + 1])
            for n in range(first, end):
                seen = index[max(n + 1 - MEMORY, 0) : n + 1]
                centre[n] = model.forward(y=seen, h=ahead)["mean"][-1] - index[n]
        if progress:
            progress(end, len(index))
    return centre


def dressed(centre: Floats, index: Floats, ahead: int, scale: Floats | None = None) -> Floats:
    """Quantiles of the change around middles, by the steps that dress the experts: intervals and guard.

    Args:
        centre: of K rows at n origins, points, float64[n, K]; NaN where one says nothing.
        index: at the origins, float64[n].
        ahead: finals until the label.
        scale: of rows that bring their own, float64[n, K]; NaN where errors set it, as everywhere by default.

    Returns:
        Change in points at `LEVELS`, float64[n, K, Q]; NaN while errors are too few.
    """
    own = np.full_like(centre, np.nan) if scale is None else scale
    intervals, guard = Intervals(centre.shape[1]), Guard(centre.shape[1])
    said, used = np.full((*centre.shape, len(LEVELS)), np.nan), np.full_like(centre, np.nan)
    for n in range(len(index)):
        then, change = n - ahead, index[n] - index[n - ahead]
        spread = intervals.update(Asked(centre[n], Errors(change - centre[then], used[then]) if then >= 0 else None))
        used[n] = np.where(np.isfinite(own[n]), own[n], spread.scale)
        offset = guard.update(Came(said[then], change) if then >= 0 else None)
        rows = centre[n][:, None] + used[n][:, None] * (scaled_quantiles(intervals.ring) + offset)
        said[n] = np.sort(rows, axis=1)
    return said


def quantiles(index: Floats, ahead: int, progress: Progress | None = None) -> tuple[Floats, dict[str, Any]]:
    """Forecasts of all of `NAMES` along the finals of an index.

    `garch` and `auto_arima` have the scale of their own errors, as every expert. `garch_scaled` expects no change, in
    the scale of GARCH's variance: of what a GARCH forecast can be, it was the best here.

    Returns:
        Quantiles of the change, points, float64[n, 3, Q], and how they were fitted.
    """
    by_garch, none = garch(index, ahead), np.full_like(index, np.nan)
    centre = np.column_stack([by_garch.centre, 0 * by_garch.scale, auto_arima(index, ahead, progress)])
    fitted = {"every": EVERY, "memory": MEMORY, "fits": len(list(blocks(len(index)))), "refused": by_garch.refused}
    return dressed(centre, index, ahead, np.column_stack([none, by_garch.scale, none])), fitted
