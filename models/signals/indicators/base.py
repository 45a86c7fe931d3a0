"""What every indicator is: a step from the market's correlations to one number."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from models.signals.compiled import compiled
from models.signals.correlation import Correlations
from models.signals.path import Observation
from models.signals.step import Flags, Floats, Step
from schemas.indicator import Indicator
from schemas.market import Market

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Measure:
    """What an indicator says.

    Attributes:
        raw: the number, turned so that more is more stress; NaN means "no information", never calm.
        live: share of its inputs that are live and known, 0..1; 0 where raw is NaN.
        age_us: age of its oldest input, microseconds; NaN before all of them have been seen.
    """

    raw: float
    live: float
    age_us: float


class IndicatorStep(Step[Correlations, Measure, C]):
    """Base of the indicators; a subclass gives `measure` and, if it remembers, `commit`."""

    version: ClassVar[int] = 1

    def __init__(self, market: Market, indicator: Indicator) -> None:
        """Of a market and one of its indicators."""
        names = [i.name for i in market.instrument]
        self.indicator = indicator
        self.layout = (indicator.name, indicator.of)
        self.of: npt.NDArray[np.intp] = np.array([names.index(name) for name in indicator.of], np.intp)
        self.sign = float(indicator.sign)

    def _measured(self, x: Correlations, raw: float, live: float) -> Measure:
        """The measure with its sign and age; `raw` unturned."""
        age = float(observed(x).age_us[self.of].max())
        return Measure(self.sign * raw, live if np.isfinite(raw) else 0.0, age)

    def _mean(self, x: Correlations, values: Floats) -> Measure:
        """The mean of an input each, float64[K], over those that are live and known."""
        seen = observed(x)
        raw, live, age = _live_mean(values, seen.live, seen.age_us, self.of)
        return Measure(self.sign * raw, live, age)

    def _all(self, x: Correlations, raw: float) -> Measure:
        """A number that needs every input live."""
        return self._measured(x, raw if observed(x).live[self.of].all() else np.nan, 1.0)


@compiled
def _live_mean(values: Floats, live: Flags, age_us: Floats, of: npt.NDArray[np.intp]) -> tuple[float, float, float]:
    """Mean over live and known inputs, their share, and the age of the oldest input (NaN if one was never seen)."""
    total, count, age = 0.0, 0, 0.0
    for k in range(len(of)):
        if live[of[k]] and np.isfinite(values[k]):
            total += values[k] / len(of)  # divided first: no overflow
            count += 1
        age = max(age, age_us[of[k]]) if age_us[of[k]] >= 0 and age == age else np.nan  # noqa: PLR0124
    return (total * len(of) / count if count else np.nan), count / len(of), age


class Stateless(IndicatorStep[None]):
    """An indicator that remembers nothing itself."""

    def advance(self, x: Correlations) -> tuple[Measure, None]:
        """The measure; nothing to commit."""
        return self.measure(x), None

    def commit(self, change: None) -> None:
        """Nothing changes."""

    @abstractmethod
    def measure(self, x: Correlations) -> Measure:
        """The number, from the state of the steps before."""


class Rolling(IndicatorStep[Any]):
    """An indicator that remembers its inputs of the last `window` periods (those with data), one value each final.

    The memory is a ring: `filled` counts the rows that were ever written, the newest stands before `filled % size`.
    """

    fields: ClassVar[tuple[str, ...]] = ("ring", "filled")

    def __init__(self, market: Market, indicator: Indicator) -> None:
        """The window is turned into periods; at least one."""
        super().__init__(market, indicator)
        self.periods = max(round(market.periods(indicator.window)), 1)
        self.layout = (*self.layout, self.periods)
        self.ring = np.full((self.rows(), self.width()), np.nan)
        self.filled = 0

    def rows(self) -> int:
        """Finals to remember."""
        return self.periods

    def width(self) -> int:
        """Values to remember of each final."""
        return len(self.of)

    def commit(self, change: Floats | None) -> None:
        """Remembers the values of a final, float64[width]; None where there was no data."""
        if change is not None:
            self.ring[self.filled % len(self.ring)] = change
            self.filled += 1
            self._restored()


def observed(x: Correlations) -> Observation:
    """The observation at the root of what an indicator sees."""
    return x.volatilities.observation


def live_values(x: Correlations, of: npt.NDArray[np.intp]) -> tuple[Floats, Flags]:
    """Last values of the inputs, NaN where not live, and which are live; [K] each."""
    seen = observed(x)
    live: Flags = seen.live[of]
    return np.where(live, seen.close[of], np.nan), live
