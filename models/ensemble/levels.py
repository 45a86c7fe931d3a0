"""The levels of a forecast's quantiles, and the loss that judges them."""

from __future__ import annotations

from typing import Final

import numpy as np

from models.signals.step import Floats

LEVELS: Final = (0.05, 0.15, 0.25, 0.35, 0.5, 0.65, 0.75, 0.85, 0.95)
"""What is forecast; equidistant enough for the continuous ranked probability score."""

PUBLISHED: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
"""What readings carry."""

LEVEL: Final[Floats] = np.array(LEVELS)
SHOWN: Final = tuple(LEVELS.index(level) for level in PUBLISHED)
MEDIAN: Final = LEVELS.index(0.5)


def pinball(quantiles: Floats, y: float | Floats) -> Floats:
    """rho_q(y - x) = (y - x) (q - 1[y < x]) (Koenker and Bassett 1978); levels are the last axis, NaN stays."""
    beyond = y - quantiles
    loss: Floats = beyond * (LEVEL - (beyond < 0))
    return loss
