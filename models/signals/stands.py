"""How likely a value stands as long as it does, by the runs of equal values that its input has had before."""

from __future__ import annotations

from typing import Final

from models.signals.compiled import compiled
from models.signals.step import Floats

BINS: Final = 12
"""Classes of the n-th repetition: 1, 2 to 3, 4 to 7, and so on by doubling. The past of an input has a row for
each: finals that could have repeated the value; `BINS` further, those that did."""

SEEN, EXPECTED = 2 * BINS, 2 * BINS + 1
"""Rows of the lately seen and expected repetitions, fading."""

ROWS: Final = 2 * BINS + 2

PRIOR: Final = 2.0
"""Finals that the class before counts for: where none was seen yet, a value goes on standing as it did."""

HALF_LIFE: Final = 20.0
"""Of what is lately seen and expected, finals."""

KEEP: Final = 0.5 ** (1 / HALF_LIFE)

USUALLY: Final = 2.0
"""Repetitions that are seen and expected alike in the ratio of both, so that it says little while they are few."""


@compiled
def chance(past: Floats, same: int) -> float:
    """Probability of at least `same` repetitions in a row, by one input's past, float64[ROWS].

    The product of the hazards h of its classes (discrete-time survival, Cox 1972), each shrunk to the class before it:
    whoever stands for long goes on standing. Odds are multiplied by what was lately seen over what was expected
    (a shared frailty, Vaupel, Manton and Stallard 1979): an input that moves more than it used to stands less easily.
    """
    ratio = (USUALLY + past[SEEN]) / (USUALLY + past[EXPECTED])
    left, found, k, hazard = same, 1.0, 0, 0.0
    while left > 0 and k < BINS:
        hazard = _hazard(past, k, hazard)
        steps = left if k == BINS - 1 else min(left, 1 << k)
        found *= (hazard * ratio / (1 - hazard + hazard * ratio)) ** steps
        left, k = left - steps, k + 1
    return found


@compiled
def learn(past: Floats, same: int) -> None:
    """A value that was repeated so many times has moved; in place."""
    k, upto, hazard = 0, 1, _hazard(past, 0, 0.0)
    for n in range(1, same + 2):
        if n > upto and k < BINS - 1:
            k, upto = k + 1, 2 * upto + 1
            hazard = _hazard(past, k, hazard)
        again = 1.0 if n <= same else 0.0
        past[k] += 1
        past[BINS + k] += again
        past[SEEN] = KEEP * past[SEEN] + again
        past[EXPECTED] = KEEP * past[EXPECTED] + hazard


@compiled
def _hazard(past: Floats, k: int, before: float) -> float:
    """Share of repetitions in a class, shrunk to that of the class before."""
    weight, prior = (1.0, 1.0) if k == 0 else (PRIOR, before)
    return float((past[BINS + k] + weight * prior) / (past[k] + weight))
