"""What indicators share that keep an exponentially weighted mean of their own, exact for parts of a period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from models.signals.compiled import compiled
from models.signals.indicators.base import Remembering
from models.signals.step import Floats
from models.signals.volatility import average, eased
from schemas.indicator import Indicator
from schemas.market import Market


class Averaged(Remembering):
    """Indicators with weighted means of their own: one mean an input, or one an indicator.

    With d(a) = 0.5 ** (a / half-life) over `a` periods: s' = s + (1 - d) (x - s) and w' = w + (1 - d) (1 - w), s / w is
    the mean (as in `volatility.py`). The half-life is the indicator's own, or the market's `volatility`.
    Rows of the memory: s, w, and what a kind adds.
    """

    rows: ClassVar[int] = 2
    by_input: ClassVar[bool] = False
    """Whether each input has a mean of its own."""

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """With the half-lives of the indicators, or of the market."""
        super().__init__(market, indicators)
        lives = [market.half_life.volatility if i.half_life is None else i.half_life for i in indicators]
        self.layout = (*self.layout, tuple(lives))
        keep = [0.5 ** (1 / market.periods(life)) for life in lives]
        self.keep: Floats = self.per_input(keep) if self.by_input else np.array(keep)
        """Share of a mean that is left after one period, by mean."""
        self.memory = np.zeros((self.rows, len(self.keep)))


@compiled
def eased_all(  # noqa: PLR0917  (kernels take arrays, not objects)
    memory: Floats, x: Floats, keep: Floats, periods: float, new: Floats, means: Floats
) -> None:
    """Rows s and w of `new` and the means after `x` over so many periods, by column of the memory."""
    for k in range(len(x)):
        new[0, k], new[1, k] = eased(memory[0, k], memory[1, k], x[k], 1 - keep[k] ** periods)
        means[k] = average(new[0, k], new[1, k])
