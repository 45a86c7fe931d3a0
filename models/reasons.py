"""Why an index may have moved that nobody's stress moved: odd inputs, and inputs that came or left, in sentences."""

from __future__ import annotations

from typing import Final

import numpy as np

from models.signals.index import IndexState
from models.signals.step import Flags, Floats, Ints
from schemas.market import Market

MANY: Final = 4
"""Names that a sentence lists before it counts."""


class Reasons:
    """Words and sentences about the inputs of a reading."""

    def __init__(self, market: Market) -> None:
        """Of a market: its names, and what it calls its periods."""
        self._instruments = [i.name for i in market.instrument]
        self._indicators = [i.name for s in market.segment for i in s.indicator]
        self._weighs = np.array([i.weight > 0 for s in market.segment for i in s.indicator], np.bool_)
        self._period = "session" if market.period == "session" else "period"

    def flags(self, x: IndexState) -> dict[str, bool]:
        """`silent_input`, `frozen_input`, `odd_move` and `composition`, and whether they hold; any reading."""
        odd, missed = x.odd, x.missed
        return {
            "composition": x.moved is not None and x.moved.composition != 0,
            "frozen_input": bool((missed & (odd.frozen > 0)).any()),
            "odd_move": bool((missed & (odd.leap > 0)).any()),
            "silent_input": bool((missed & (odd.silent > 0)).any()),
        }

    def sentences(self, x: IndexState) -> list[str]:
        """The same with names and numbers, in the order of the market file."""
        found = [] if x.moved is None or x.moved.composition == 0 else [self._composition(x)]
        found += [f"{name}: no value for {self._periods(n)}" for name, n in self._named(x, x.odd.silent)]
        found += [
            f"{name}: the same value for {self._periods(n)}, longer than ever before"
            for name, n in self._named(x, x.odd.frozen)
        ]
        return found + [f"{name}: moved {n:.1f} times as far as ever before" for name, n in self._named(x, x.odd.leap)]

    def _named(self, x: IndexState, values: Floats | Ints) -> list[tuple[str, float]]:
        return [(self._instruments[c], values[c]) for c in np.flatnonzero(x.missed & (values > 0))]

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
