"""When is one of two slower: the statistic of paired runs, without a clock."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import Final

LEAST_PAIRS: Final = 6
"""Fewer have no interval of 95 % for their median."""

COVERED: Final = 0.95
WORSE: Final = 0.05
"""A share that is worth a failure; less is left to the eye."""


@dataclass(frozen=True)
class Verdict:
    """What pairs of runs say.

    Attributes:
        ratio: median of the costs, new by old; above 1 is worse.
        low: lower end of its interval of at least 95 %.
        high: upper end.
        pairs: how many.
    """

    ratio: float
    low: float
    high: float
    pairs: int

    @property
    def worse(self) -> bool:
        """Outside the noise, and by more than what is worth a failure."""
        return self.low > 1 and self.ratio > 1 + WORSE

    @property
    def better(self) -> bool:
        """The same the other way."""
        return self.high < 1 and self.ratio < 1 / (1 + WORSE)


def rank(pairs: int) -> int:
    """How many values to leave out at either end, that the rest cover the median with 95 %.

    The exact interval of the sign test (Conover, Practical Nonparametric Statistics, 3.2): it asks nothing of how the
    noise is spread, only that a pair's two runs had the same of it.

    Raises:
        ValueError: too few pairs.
    """
    if pairs < LEAST_PAIRS:
        msg = f"{pairs} pairs: an interval of {COVERED:.0%} needs {LEAST_PAIRS} or more"
        raise ValueError(msg)
    outside, left_out = 2 * math.comb(pairs, 0) / 2**pairs, 0
    while outside + 2 * math.comb(pairs, left_out + 1) / 2**pairs <= 1 - COVERED:
        left_out += 1
        outside += 2 * math.comb(pairs, left_out) / 2**pairs
    return left_out


def judge(old: list[float], new: list[float], *, higher_is_better: bool) -> Verdict:
    """Of values taken in turns, pair by pair.

    Raises:
        ValueError: too few pairs, or a value that is no positive number.
    """
    if not all(math.isfinite(value) and value > 0 for value in [*old, *new]):
        msg = f"a value that is no positive number: {old} {new}"
        raise ValueError(msg)
    costs = [a / b if higher_is_better else b / a for a, b in zip(old, new, strict=True)]
    ordered, left_out = sorted(costs), rank(len(costs))
    # the mean of the middle two is taken of logarithms, so that ratio and its inverse are treated alike
    return Verdict(math.exp(median(map(math.log, costs))), ordered[left_out], ordered[-1 - left_out], len(costs))
