"""How good quantiles are: pinball loss, CRPS, Diebold and Mariano's test, coverage, PIT. Arrays in, numbers out."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.ensemble.levels import LEVEL, LEVELS, pinball

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

WINDOW: Final = 60
"""Labels in a row whose coverage is looked at."""

DRAWS: Final = 2_000
SEED: Final = 20251126

_EDGES: Final = np.concatenate([[0.0], (LEVEL[1:] + LEVEL[:-1]) / 2, [1.0]])
SHARES: Final[Floats] = np.diff(_EDGES)
"""Share of the levels that each quantile stands for."""


def losses(quantiles: Floats, came: Floats) -> Floats:
    """CRPS of each forecast, float64[n, K]: twice the integral of the pinball loss over the levels.

    Args:
        quantiles: at `LEVELS`, float64[n, K, Q]; NaN where a row slept.
        came: labels, float64[n].
    """
    crps: Floats = 2 * pinball(quantiles, came[:, None, None]) @ SHARES
    return crps


def diebold_mariano(loss: Floats, other: Floats, ahead: int = 1) -> dict[str, float]:
    """Whether `loss` is smaller than `other` on the same occasions (Diebold and Mariano 1995).

    The variance of the mean difference is Bartlett's with max(h - 1, 4 (n / 100)^(2/9)) lags (Newey and West 1994),
    corrected for small samples (Harvey, Leybourne and Newbold 1997).

    Returns:
        `t`, positive where `loss` is smaller, and `p`, two-sided, by the normal distribution.
    """
    difference = other - loss
    n, lags = len(difference), max(ahead - 1, int(4 * (len(difference) / 100) ** (2 / 9)))
    deviation = difference - difference.mean()
    variance = float(deviation @ deviation)
    for lag in range(1, lags + 1):
        variance += 2 * (1 - lag / (lags + 1)) * float(deviation[lag:] @ deviation[:-lag])
    if variance <= 0:
        return {"t": 0.0, "p": 1.0}
    small = math.sqrt((n + 1 - 2 * ahead + ahead * (ahead - 1) / n) / n)
    t = float(difference.mean()) / math.sqrt(variance / n / n) * small
    return {"t": t, "p": math.erfc(abs(t) / math.sqrt(2))}


def within(quantiles: Floats, came: Floats, nominal: float) -> Flags:
    """Which labels came within the central interval of a row, float64[n, Q]."""
    low, high = LEVELS.index(round((1 - nominal) / 2, 6)), LEVELS.index(round((1 + nominal) / 2, 6))
    return (quantiles[:, low] <= came) & (came <= quantiles[:, high])


def coverage(hit: Flags, stress: Flags, nominal: float) -> dict[str, Any]:
    """Share of hits: of all, in stress, and in the worst 60 in a row; each with where a perfect forecaster would lie.

    `perfect` is the 95 per cent range of the same figure for hits that are independent with probability `nominal`, by
    simulation: a worst window of a thousand is low for anybody.
    """
    drawn = np.random.default_rng(SEED).random((DRAWS, len(hit))) < nominal
    return {
        "overall": _with_range(float(hit.mean()), drawn.mean(axis=1)),
        "stress": _with_range(float(hit[stress].mean()), drawn[:, stress].mean(axis=1)) if stress.any() else None,
        "in_stress": int(stress.sum()),
        "worst": _with_range(float(_worst(hit[None])[0]), _worst(drawn)) if len(hit) >= WINDOW else None,
    }


def _worst(hits: Flags) -> Floats:
    """Least share of hits in 60 in a row, of each line."""
    sums = np.cumsum(np.pad(hits, ((0, 0), (1, 0))), axis=1, dtype=np.int64)
    least: Floats = (sums[:, WINDOW:] - sums[:, :-WINDOW]).min(axis=1) / WINDOW
    return least


def _with_range(value: float, drawn: Floats) -> dict[str, Any]:
    return {"value": value, "perfect": np.quantile(drawn, [0.025, 0.975]).tolist()}


def pit(quantiles: Floats, came: Floats) -> dict[str, list[float]]:
    """Histogram of the probability integral transform: share of labels between neighbouring quantiles, and nominal."""
    places = (came[:, None] > quantiles).sum(axis=1)
    shares = np.bincount(places, minlength=len(LEVELS) + 1) / max(len(came), 1)
    nominal = np.diff([0.0, *LEVELS, 1.0])
    return {"share": shares.tolist(), "nominal": nominal.tolist()}
