"""Periods as data: when a market's periods open and close."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.signals.step import Flags, Ints

Period = tuple[int, int]
"""Open (excluded) and close (included), microseconds since 1970 (UTC)."""

YEAR_US: Final = 31_557_600_000_000
"""A Julian year, 365.25 days."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The periods of a market; make one by `continuous` or `sessions`.

    Attributes:
        period_us: length of the periods of a market that never closes, else 0.
        opens: opens of the periods otherwise, ascending.
        closes: their closes.
    """

    period_us: int
    opens: tuple[int, ...] = ()
    closes: tuple[int, ...] = ()

    @classmethod
    def continuous(cls, period_us: int) -> Schedule:
        """Periods of equal length, day and night, counted from 1970."""
        if period_us <= 0:
            msg = f"a period lasts longer than {period_us} us"
            raise ValueError(msg)
        return cls(period_us)

    @classmethod
    def sessions(cls, opens: Ints, closes: Ints) -> Schedule:
        """Periods from lists of opens and closes.

        Raises:
            ValueError: not sorted, overlapping, or of unequal number.
        """
        if len(opens) != len(closes) or not len(opens):
            msg = f"{len(opens)} opens and {len(closes)} closes make no periods"
            raise ValueError(msg)
        if np.any(opens >= closes) or np.any(closes[:-1] > opens[1:]):
            msg = "periods must be sorted, longer than nothing, and must not overlap"
            raise ValueError(msg)
        return cls(0, tuple(opens.tolist()), tuple(closes.tolist()))

    @property
    def ends_us(self) -> int | None:
        """Close of the last period that is known; None where they never end."""
        return None if self.period_us else self.closes[-1]

    @property
    def periods_per_year(self) -> float:
        """Mean number of periods in a year, to annualise with."""
        if self.period_us:
            return YEAR_US / self.period_us
        return len(self.closes) * YEAR_US / max(self.closes[-1] - self.opens[0], 1)

    def period_at(self, at_us: int) -> Period | None:
        """The period with open < at <= close, or None while closed. O(log n)."""
        if self.period_us:
            close = -(-at_us // self.period_us) * self.period_us
            return close - self.period_us, close
        i = bisect_left(self.closes, at_us)
        return (self.opens[i], self.closes[i]) if i < len(self.closes) and self.opens[i] < at_us else None

    def closes_between(self, after_us: int, through_us: int) -> list[Period]:
        """Periods with after < close <= through, in order. O(log n) beside the result."""
        if through_us <= after_us:
            return []
        if self.period_us:
            first = after_us // self.period_us + 1
            last = through_us // self.period_us
            return [((n - 1) * self.period_us, n * self.period_us) for n in range(first, last + 1)]
        i, j = bisect_right(self.closes, after_us), bisect_right(self.closes, through_us)
        return list(zip(self.opens[i:j], self.closes[i:j], strict=True))

    def inside(self, at_us: Ints) -> Flags:
        """Which of the times lie in a period, bool[n]."""
        if self.period_us:
            return np.ones(len(at_us), np.bool_)
        return np.array([self.period_at(at) is not None for at in at_us.tolist()], np.bool_)
