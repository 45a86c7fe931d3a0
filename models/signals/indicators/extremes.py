"""Indicators that measure the distance from the extreme of a window: fall from the high, rise from the low."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np

from models.signals.compiled import compiled
from models.signals.correlation import Correlations
from models.signals.indicators.base import Measures, Rolling, live_values, observed
from models.signals.moves import logarithmic, move
from models.signals.step import Flags, Floats, Ints
from schemas.indicator import Indicator
from schemas.market import Market

BLOCKS: Final = 24
"""Blocks that a window is remembered in by markets whose memory is a sketch: two years by months."""


class FromExtreme(Rolling):
    """Distance from the extreme of the window, today included; a window that is not yet full is taken as it is.

    With `memory = "sketch"` the window is remembered as the extremes of `BLOCKS` blocks of finals, and its oldest block
    leaves it as a whole: it is between 23/24 of its length and all of it, and its values are not kept.
    """

    turn: ClassVar[float]
    """1 for the maximum, -1 for the minimum."""

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """The running extreme includes today, so one final less is remembered."""
        self._blocks = BLOCKS if market.history.memory == "sketch" else None
        super().__init__(market, indicators)
        self._by_log = logarithmic(market)[self.of]
        if self._blocks is not None:
            self.layout = (*self.layout, self._blocks)
        self._restored()

    def remembered(self) -> Floats:
        """Blocks of the finals before today, each of one final where all are remembered."""
        before = np.maximum(self.per_input(self.periods) - 1, 1)
        finals = np.ones_like(before) if self._blocks is None else np.maximum(np.round(before / self._blocks), 1)
        self._block: Ints = finals.astype(np.int64)
        return np.ceil(before / finals)

    def advance(self, x: Correlations) -> tuple[Measures, Floats | None]:
        """Mean distance from the outermost value of the window."""
        now, found = live_values(x, self.of), np.empty(len(self.of))
        self.distances(now, found)
        return self.means(x, found), now if observed(x).learns else None

    def commit(self, change: Floats | None) -> None:
        """Remembers the values of a final, and the extreme of what is remembered."""
        if change is not None:
            _remember(self.ring, self.rows, self._block, self.filled, self.turn, change, self._outermost)
            self.filled += 1

    def _restored(self) -> None:
        """The extremes of what is remembered, turned to maxima, float64[K]; NaN while it is empty."""
        self._outermost: Floats = np.fmax.reduce(self.turn * self.ring, axis=0)

    @abstractmethod
    def distances(self, now: Floats, found: Floats) -> None:
        """How far the values are from the extremes, themselves included, into `found`, float64[K]."""


class Cmax(FromExtreme):
    """Fall from the running maximum (CMAX of Patel and Sarkar 1998, as in CISS), mean over the live inputs.

    For prices 1 - x / max over the window, today included; for rates and spreads max - x.
    """

    name: ClassVar[str] = "cmax"
    turn: ClassVar[float] = 1.0

    def distances(self, now: Floats, found: Floats) -> None:
        """Falls."""
        _falls(now, self._outermost, self._by_log, found)


class Drawup(FromExtreme):
    """Rise from the running minimum, the mirror of CMAX: how far a spread has widened, or unemployment risen.

    For prices ln(x / min) over the window, today included; for rates and spreads x - min.
    """

    name: ClassVar[str] = "drawup"
    turn: ClassVar[float] = -1.0

    def distances(self, now: Floats, found: Floats) -> None:
        """Rises."""
        _rises(now, self._outermost, self._by_log, found)


@compiled
def _falls(now: Floats, highest: Floats, by_log: Flags, found: Floats) -> None:
    """From the highest; NaN in `highest` while nothing is remembered."""
    for k in range(len(now)):
        top = highest[k] if highest[k] > now[k] else now[k]
        if not by_log[k]:
            found[k] = top - now[k]
        else:
            found[k] = 1 - now[k] / top if top > 0 and now[k] > 0 else np.nan


@compiled
def _rises(now: Floats, lowest: Floats, by_log: Flags, found: Floats) -> None:
    """From the lowest, which is turned to a maximum; NaN in it while nothing is remembered."""
    for k in range(len(now)):
        found[k] = move(now[k], -lowest[k] if -lowest[k] < now[k] else now[k], by_log[k])


@compiled
def _remember(  # noqa: PLR0917  (kernels take arrays, not objects)
    ring: Floats, rows: Ints, block: Ints, filled: int, turn: float, values: Floats, outermost: Floats
) -> None:
    """Values into the ring; the extreme is looked for again only where it falls out of the window."""
    for k in range(len(values)):
        slot, value = filled // block[k] % rows[k], turn * values[k]
        gone = turn * ring[slot, k]
        begins = filled % block[k] == 0
        if begins or not value <= gone:
            ring[slot, k] = values[k] if begins or np.isfinite(value) else ring[slot, k]
        if begins and not gone < outermost[k]:
            outermost[k] = np.nan
            for row in range(rows[k]):
                if not turn * ring[row, k] <= outermost[k] and np.isfinite(ring[row, k]):
                    outermost[k] = turn * ring[row, k]
        elif not value <= outermost[k] and np.isfinite(value):
            outermost[k] = value
