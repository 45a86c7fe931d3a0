"""How unlikely a sum of squares is: the upper tail of the chi-square distribution, in decades."""

from __future__ import annotations

import math
from typing import Final

from models.signals.compiled import compiled

_TERMS: Final = 1000
_ENOUGH: Final = 1e-15


@compiled
def decades(squares: float, freedom: float) -> float:
    """-log10 P(chi-square with `freedom` degrees > squares); 0 for nothing, and exact far beyond what 1 - F can say.

    The upper incomplete gamma function Q(a, x) with a = freedom / 2, x = squares / 2: one minus its series below
    a + 1, else its continued fraction by Lentz, in logarithms (Press et al., Numerical Recipes, 6.2).
    """
    a, x = freedom / 2, squares / 2
    if not x > 0:
        return 0.0
    scale = a * math.log(x) - x - math.lgamma(a)
    if x < a + 1:
        return -math.log1p(-math.exp(scale) * _series(a, x)) / math.log(10)
    return -(scale + math.log(_fraction(a, x))) / math.log(10)


@compiled
def _series(a: float, x: float) -> float:
    """Sum of x^k / (a (a + 1) .. (a + k))."""
    term = total = 1 / a
    for k in range(1, _TERMS):
        term *= x / (a + k)
        total += term
        if term < total * _ENOUGH:
            break
    return total


@compiled
def _fraction(a: float, x: float) -> float:
    """1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - ...))."""
    b = x + 1 - a
    c, d = 1e300, 1 / b
    found = d
    for k in range(1, _TERMS):
        n = -k * (k - a)
        b += 2
        d = 1 / (n * d + b)
        c = b + n / c
        found *= c * d
        if abs(c * d - 1) < _ENOUGH:
            break
    return found
