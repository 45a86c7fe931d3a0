"""How improbable a value is in its own past, beyond the worst that was seen: a generalised-Pareto tail."""

from __future__ import annotations

import math
from typing import ClassVar, Final, NamedTuple

import numpy as np

from models.signals.compiled import compiled
from models.signals.step import Floats, Step

THRESHOLD: Final = 2.0
"""Z-score above which a value belongs to the tail: some 2 to 5 per cent of a skewed series' days."""

PRIOR: Final = 10.0
PRIOR_FINALS: Final = 250.0
"""What stands for the time before the first final: ten exceedances in a year, exponential with mean one."""

DECADES: Final = 4.0
"""Scores end at one day in 10,000 (forty years of sessions): nobody's past tells more."""

SHAPE: Final = (-0.5, 0.45)
"""Bounds of the shape: two moments exist, and the tail does not end right above the worst value."""


class Standing(NamedTuple):
    """Where values stand: `rank` recursive mid-ranks, 0..1, and `z` causal z-scores; float64[columns], NaN unknown."""

    rank: Floats
    z: Floats


class TailScore(Step[Standing, Floats, Floats | None]):
    """-log10 of the probability of a value at least this high, over four decades, 0..1.

    Up to a z-score of 2 that probability is 1 - rank. Above, with p the share of past finals beyond 2, it is
    p (1 + xi (z - 2) / sigma) ** (-1 / xi): the peaks-over-threshold tail (Pickands 1975), xi and sigma from mean m and
    variance v of the past exceedances by moments: xi = (1 - m^2 / v) / 2, sigma = m (1 + m^2 / v) / 2 (Hosking and
    Wallis 1987). Each exceedance is counted as it was scored on its day: nothing is restated, and three numbers a
    series are all that is kept of it. NaN without a rank or z-score.
    """

    name: ClassVar[str] = "tail"
    fields: ClassVar[tuple[str, ...]] = ("scored", "sums")

    def __init__(self, columns: int) -> None:
        """For `columns` series."""
        self.layout = (columns,)
        self.scored: Floats = np.zeros(columns)
        """Finals with a z-score."""
        self.sums: Floats = PRIOR * np.array([[1.0], [1.0], [2.0]]) * np.ones((3, columns))
        """Number, sum and sum of squares of the exceedances, the prior's among them, float64[3, columns]."""

    def advance(self, x: Standing) -> tuple[Floats, Floats | None]:
        """Tail scores of the values, float64[columns]."""
        return _scored(x.rank, x.z, self.scored, self.sums), x.z

    def commit(self, change: Floats | None) -> None:
        """Learns the z-scores of a final; None teaches nothing."""
        if change is None:
            return
        known = np.isfinite(change)
        beyond = np.where(known, np.maximum(change - THRESHOLD, 0.0), 0.0)
        self.scored = self.scored + known
        self.sums = self.sums + np.stack([beyond > 0, beyond, beyond * beyond])


@compiled
def _survival(beyond: float, scored: float, sums: Floats) -> float:
    """Probability of an exceedance at least this high."""
    n, total, squares = sums
    mean = total / n
    ratio = mean * mean / max(squares / n - mean * mean, 1e-12)
    xi = min(max((1 - ratio) / 2, SHAPE[0]), SHAPE[1])
    xi = 1e-9 if abs(xi) < 1e-9 else xi
    sigma = mean * (1 - xi)  # the mean of the distribution is sigma / (1 - xi): kept where xi was cut
    share = n / (scored + PRIOR_FINALS)
    return float(share * max(1 + xi * beyond / sigma, 1e-12) ** (-1 / xi))


@compiled
def _scored(rank: Floats, z: Floats, scored: Floats, sums: Floats) -> Floats:
    """Tail scores of the values. The C library's logarithm: numpy's own depends on the processor in its last bit."""
    found = np.full(len(z), np.nan)
    for k in range(len(z)):
        if np.isfinite(z[k]) and np.isfinite(rank[k]):
            chance = _survival(z[k] - THRESHOLD, scored[k], sums[:, k]) if z[k] > THRESHOLD else 1 - rank[k]
            found[k] = -math.log10(min(max(chance, 10**-DECADES), 1.0)) / DECADES
    return found
