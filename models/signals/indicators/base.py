"""What indicators share: all of one kind are one step from the market's correlations to a number each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from models.signals.compiled import compiled
from models.signals.correlation import Correlations
from models.signals.path import Observation
from models.signals.step import Flags, Floats, Ints, Step
from schemas.indicator import Indicator
from schemas.market import Market

C = TypeVar("C")

Places = npt.NDArray[np.intp]
"""Positions in a list."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What the indicators of one kind say: `table`, float64[3, G], by rows."""

    table: Floats

    @property
    def raw(self) -> Floats:
        """The numbers, turned so that more is more stress; NaN means "no information", never calm."""
        row: Floats = self.table[0]
        return row

    @property
    def live(self) -> Floats:
        """Share of each one's inputs that are live and known, 0..1; 0 where raw is NaN."""
        row: Floats = self.table[1]
        return row

    @property
    def age_us(self) -> Floats:
        """Age of each one's oldest input, microseconds; NaN before all of them have been seen."""
        row: Floats = self.table[2]
        return row


class Kind(Step[Correlations, Measures, C]):
    """All indicators of one kind of a market; one pass over their inputs, which lie end to end.

    `of[start[g] : start[g + 1]]` are the positions of indicator g's instruments. A subclass gives `advance` and, if it
    remembers, `commit`.
    """

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """Of a market and some of its indicators."""
        names = {i.name: n for n, i in enumerate(market.instrument)}
        self.indicators = tuple(indicators)
        self.layout = tuple((i.name, i.of) for i in indicators)
        self.of: Places = np.array([names[name] for i in indicators for name in i.of], np.intp)
        self.start: Places = np.cumsum([0, *(len(i.of) for i in indicators)]).astype(np.intp)
        self.sign: Floats = np.array([float(i.sign) for i in indicators])
        self._whole: Floats = np.full(len(indicators), -1.0)

    def per_input(self, values: Sequence[float]) -> Floats:
        """A number of each indicator, repeated for each of its inputs, float64[K]."""
        return np.repeat(np.asarray(values, np.float64), np.diff(self.start))

    def means(self, x: Correlations, values: Floats) -> Measures:
        """The mean of an input each, float64[K], over those that are live and known."""
        seen, found = observed(x), np.empty((3, len(self.sign)))
        _means(values, seen.live, seen.age_us, self.of, self.start, self.sign, found)
        return Measures(found)

    def together(self, x: Correlations, raw: Floats, live: Floats | None = None) -> Measures:
        """One number an indicator, float64[G], unturned; it needs every input live, or says itself how live it is."""
        seen, found = observed(x), np.empty((3, len(self.sign)))
        _together(
            raw, self._whole if live is None else live, seen.live, seen.age_us, self.of, self.start, self.sign, found
        )
        return Measures(found)


@compiled
def _means(  # noqa: PLR0917  (kernels take arrays, not objects)
    values: Floats, live: Flags, age_us: Floats, of: Places, start: Places, sign: Floats, found: Floats
) -> None:
    """Means over live and known inputs, their share, and the age of the oldest input (NaN if one was never seen).

    Into `found`, float64[3, G]: numpy makes room for it far faster than compiled code hands out new arrays.
    """
    raws, shares, ages = found
    raws[:], shares[:], ages[:] = np.nan, 0.0, 0.0
    for g in range(len(sign)):
        total, count, size = 0.0, 0, start[g + 1] - start[g]
        for k in range(start[g], start[g + 1]):
            if live[of[k]] and np.isfinite(values[k]):
                total += values[k] / size  # divided first: no overflow
                count += 1
            age = age_us[of[k]]
            ages[g] = max(ages[g], age) if age >= 0 and ages[g] == ages[g] else np.nan
        if count:
            raws[g], shares[g] = sign[g] * (total * size / count), count / size


@compiled
def _together(  # noqa: PLR0917  (as above)
    raw: Floats, share: Floats, live: Flags, age_us: Floats, of: Places, start: Places, sign: Floats, found: Floats
) -> None:
    """Numbers of whole indicators, as above; a share below zero asks for all inputs to be live."""
    raws, shares, ages = found
    raws[:], shares[:], ages[:] = np.nan, 0.0, 0.0
    for g in range(len(sign)):
        whole = True
        for k in range(start[g], start[g + 1]):
            whole = whole and live[of[k]]
            age = age_us[of[k]]
            ages[g] = max(ages[g], age) if age >= 0 and ages[g] == ages[g] else np.nan
        if np.isfinite(raw[g]) and (share[g] >= 0 or whole):
            raws[g], shares[g] = sign[g] * raw[g], 1.0 if share[g] < 0 else share[g]


class Stateless(Kind[None]):
    """Indicators that remember nothing themselves."""

    def advance(self, x: Correlations) -> tuple[Measures, None]:
        """The measures; nothing to commit."""
        return self.measure(x), None

    def commit(self, change: None) -> None:
        """Nothing changes."""

    @abstractmethod
    def measure(self, x: Correlations) -> Measures:
        """The numbers, from the state of the steps before."""


class Remembering(Kind[Floats | None]):
    """Indicators that remember one array, float64, by rows that each kind names; a change is the next one."""

    fields: ClassVar[tuple[str, ...]] = ("memory",)
    memory: Floats

    def commit(self, change: Floats | None) -> None:
        """Closes the period; None where it taught nothing."""
        if change is not None:
            self.memory = change


class Rolling(Kind[Any]):
    """Indicators that remember values of their last `window` periods (those with data), one row each final.

    The memory is a ring for each column: `filled` counts the rows ever written, and the newest value of a column that
    remembers `rows` of them stands before `filled % rows`; rows beyond stay empty.
    """

    fields: ClassVar[tuple[str, ...]] = ("ring", "filled")

    def __init__(self, market: Market, indicators: Sequence[Indicator]) -> None:
        """The windows are turned into periods; at least one."""
        super().__init__(market, indicators)
        self.periods = [max(round(market.periods(i.window)), 1) for i in indicators]
        self.layout = (*self.layout, tuple(self.periods))
        self.rows: Ints = self.remembered().astype(np.int64)
        """How many values each column remembers, int64[W]."""
        self.ring: Floats = np.full((int(self.rows.max()), len(self.rows)), np.nan)
        self.filled = 0

    def remembered(self) -> Floats:
        """Values to remember, by column: here one column an input."""
        return self.per_input(self.periods)

    def oldest(self) -> Floats:
        """The value `window` periods ago, by column; NaN until the ring is full."""
        found = np.empty(len(self.rows))
        _oldest(self.ring, self.rows, self.filled, found)
        return found

    def commit(self, change: Floats | None) -> None:
        """Remembers the values of a final, float64[W]; None where there was no data."""
        if change is not None:
            self.ring[self.filled % self.rows, np.arange(len(self.rows))] = change
            self.filled += 1


def observed(x: Correlations) -> Observation:
    """The observation at the root of what an indicator sees."""
    return x.volatilities.observation


def live_values(x: Correlations, of: Places) -> Floats:
    """Last values of the inputs, NaN where not live, float64[K]."""
    seen, found = observed(x), np.empty(len(of))
    _live_values(seen.close, seen.live, of, found)
    return found


@compiled
def _oldest(ring: Floats, rows: Ints, filled: int, found: Floats) -> None:
    """Of each column, what the next value will write over."""
    for k in range(len(rows)):
        found[k] = ring[filled % rows[k], k]


@compiled
def _live_values(close: Floats, live: Flags, of: Places, found: Floats) -> None:
    """As above."""
    for k in range(len(of)):
        found[k] = close[of[k]] if live[of[k]] else np.nan
