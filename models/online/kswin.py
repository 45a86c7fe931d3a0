"""River's KSWIN, several times as fast: the same window, the same draws, the same state, bit for bit."""

from __future__ import annotations

import warnings
from collections import deque
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

from models.signals.compiled import compiled
from models.signals.step import Floats

if TYPE_CHECKING:
    from river.drift import KSWIN

LEAST: Final = 0.1
"""Distance of two samples that River takes for chance, whatever its probability."""


def update(detector: KSWIN, x: float) -> None:
    """What `detector.update(x)` does (River 0.26.1, Raab, Heusinger and Schleif 2020).

    Its cost is scipy's test of two samples of one size, whose probability depends on their distance alone: here that
    is counted, and the probability of each distance is asked of scipy once.
    """
    if detector.drift_detected:
        detector._reset()  # type: ignore[no-untyped-call] # River's, without types
    detector.n += 1
    detector.window.append(x)
    detector._drift_detected = False
    older = detector.window_size - detector.stat_size
    if len(detector.window) < detector.window_size:
        return
    drawn = [detector.window[r] for r in detector._rng.sample(range(older), detector.stat_size)]
    recent = list(islice(detector.window, older, detector.window_size))
    steps = _steps(np.sort(drawn), np.sort(recent))
    detector.p_value = _probability(steps, detector.stat_size)  # type: ignore[assignment] # River begins with 0
    if detector.p_value <= detector.alpha and steps / detector.stat_size > LEAST:
        detector._drift_detected = True
        detector.window = deque(recent, maxlen=detector.window_size)


@lru_cache(maxsize=1024)
def _probability(steps: int, size: int) -> float:
    """Of two samples of one distribution at least so far apart, by scipy's own test of two that are."""
    from scipy import stats  # noqa: PLC0415 (as River: only where there are scores)

    sample = np.arange(size)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", RuntimeWarning
        )  # as River: where the exact one fails, the asymptotic one counts
        p_value: float = stats.ks_2samp(sample, sample + steps, method="auto")[1]
    return p_value


@compiled
def _steps(one: Floats, other: Floats) -> int:
    """Kolmogorov and Smirnov's distance of two sorted samples of one size, in steps of one value."""
    i, j, most, n = 0, 0, 0, len(one)
    while i < n and j < n:
        at = min(one[i], other[j])
        while i < n and one[i] <= at:
            i += 1
        while j < n and other[j] <= at:
            j += 1
        most = max(most, abs(i - j))
    return most
