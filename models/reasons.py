"""Why an index may have moved that nobody's stress moved: odd inputs, and inputs that came or left, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import numpy as np

from models.signals.index import IndexState
from models.signals.step import Flags, Floats, Ints
from schemas.indicator import Indicator
from schemas.market import Market

MANY: Final = 4
"""Names that a sentence lists before it counts."""

SHARE: Final = 0.4
"""Live inputs that lost one period together, from which it is said: fewer are somebody's holiday."""

SAID: Final = {"silent": "silent_input", "frozen": "frozen_input", "lately": "recent_gap", "leap": "odd_move"}
"""Flag of each oddity."""


class Reasons:
    """Words and sentences about the inputs of a reading."""

    def __init__(self, market: Market) -> None:
        """Of a market: its names, whom it reads for the index, and what it calls its periods."""
        self._instruments = [i.name for i in market.instrument]
        self._indicators = [i.name for s in market.segment for i in s.indicator]
        self._weighs = np.array([i.weight > 0 for s in market.segment for i in s.indicator], np.bool_)
        indicators = [i for s in market.segment for i in s.indicator]
        self._first = self._of(i for i in indicators if i.weight > 0 and i.replaces is None)
        self._successors = [(n, self._of([i])) for n, i in enumerate(indicators) if i.weight > 0 and i.replaces]
        self._period = "session" if market.period == "session" else "period"

    def flags(self, x: IndexState) -> dict[str, bool]:
        """The words of `SAID`, and whether they hold; of any reading."""
        read = self._read(x)
        odd = {word: bool((read & (getattr(x.odd, name) > 0)).any()) for name, word in SAID.items()}
        return odd | {"composition": x.moved is not None and x.moved.composition != 0}

    def sentences(self, x: IndexState) -> list[str]:
        """The same with names and numbers, each kind in the order of the market file; then what is too common to flag.

        Values that stand longer than they do once in twenty, gaps that volatilities have not quite forgotten, and
        single periods that many inputs lost together: in a wild week each of them can move an index.
        """
        read, odd = self._read(x), x.odd
        found = [] if x.moved is None or x.moved.composition == 0 else [self._composition(x)]
        sayings: tuple[tuple[Floats | Ints, Callable[[float], str]], ...] = (
            (odd.silent, lambda n: f"no value for {self._periods(n)}"),
            (odd.frozen, lambda n: f"the same value for {self._periods(n)}, where it moves"),
            (odd.lately, lambda n: f"no news for {self._periods(n)} until lately"),
            (odd.leap, lambda n: f"moved {n:.1f} times as far as ever before"),
        )
        for values, say in sayings:
            found += [f"{self._instruments[c]}: {say(values[c])}" for c in np.flatnonzero(read & (values > 0))]
        return found + self._softly(read, x)

    def _softly(self, read: Flags, x: IndexState) -> list[str]:
        """What explains a move where there is one, and is no alarm."""
        odd, name, periods = x.odd, self._instruments, self._periods
        found = [
            f"{name[c]}: the same value for {periods(odd.still[c])}" for c in np.flatnonzero(read & (odd.still > 0))
        ]
        faded = read & (odd.gap > 1) & (odd.lately == 0)
        found += [
            f"{name[c]}: no news for {periods(odd.gap[c])} until {periods(odd.ago[c])} ago"
            for c in np.flatnonzero(faded)
        ]
        lost, many = odd.ago[read & (odd.gap == 1)], SHARE * np.count_nonzero(read & ~x.stale)
        days = zip(*np.unique(lost, return_counts=True), strict=True)
        return found + [
            f"{n} input{'' if n == 1 else 's'}: no value for {periods(1)}, {periods(ago)} ago"
            for ago, n in days
            if n >= many
        ]

    def _read(self, x: IndexState) -> Flags:
        """Instruments that the index reads, or read until they fell silent; successors only where they act, bool[N]."""
        read = self._first
        for n, of in self._successors:
            if x.aggregates.live[n] > 0:
                read = read | of
        return read

    def _of(self, indicators: Iterable[Indicator]) -> Flags:
        """Instruments that some indicators read, bool[N]."""
        read = {name for i in indicators for name in i.of}
        return np.array([name in read for name in self._instruments], np.bool_)

    def _composition(self, x: IndexState) -> str:
        moved = x.moved
        assert moved is not None
        changes = {"came:": moved.came & self._weighs, "left:": moved.left & self._weighs}
        words = [f"{verb} {self._listed(who)}" for verb, who in changes.items() if who.any()]
        return f"{'; '.join([*words, 'composition'])} {moved.composition:+.2f}"

    def _listed(self, who: Flags) -> str:
        names = [self._indicators[n] for n in np.flatnonzero(who)]
        more = f" and {len(names) - MANY} more" if len(names) > MANY else ""
        return ", ".join(names[:MANY]) + more

    def _periods(self, n: float) -> str:
        return f"{n:.0f} {self._period}{'' if n == 1 else 's'}"
