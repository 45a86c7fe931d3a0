"""Stretches of history in which things are made to go wrong: which ones, and the state of the cores before each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evaluation.bootstrap import Floats
from evaluation.panel import Panel, Progress
from evaluation.readings import Told, told
from evaluation.replay import Replay, part
from models.signals.step import State
from schemas.market import Market

Ints = npt.NDArray[np.intp]

BEFORE: Final = 21
AFTER: Final = 42
"""Periods of a stretch before and after the day that it is chosen for: a month, and two."""

LEAD: Final = 10
"""Periods before that day at which a bad print, a lost week or a frozen month begins."""

STORMS: Final = 4
APART: Final = 1000
"""So many highest days, each at least four years of sessions from the others."""

_COVERED: Final = 0.9


@dataclass(frozen=True)
class Stretch:
    """A stretch of history.

    Attributes:
        panel: its bars and closes.
        state: of the cores before it.
        finals: its finals with an index, nothing having gone wrong.
        at_us: when things go wrong that begin within it, microseconds since 1970 (UTC).
    """

    panel: Panel
    state: State
    finals: list[Told]
    at_us: int


def chosen(index: Floats, coverage: Floats) -> list[int]:
    """Positions of the days that stretches are laid around, ascending.

    The highest index of four storms years apart, the calmest stretch of all, and the newest one whose coverage is
    within a tenth of the best, so that today's inputs are looked at.
    """
    inner = np.arange(BEFORE, len(index) - AFTER)
    inner = inner[[bool(np.isfinite(index[k - BEFORE : k + AFTER]).all()) for k in inner]]
    if not len(inner):
        return []
    calm = inner[np.argmin([index[k - BEFORE : k + AFTER].mean() for k in inner])]
    covered = inner[coverage[inner + AFTER - 1] >= _COVERED * np.nanmax(coverage)]
    return sorted({*_storms(index, inner), int(calm), *covered[-1:].tolist()})


def _storms(index: Floats, inner: Ints) -> list[int]:
    """The highest day, then the highest that is far enough from it, and so on."""
    found: list[int] = []
    while len(inner) and len(found) < STORMS:
        found.append(int(inner[np.argmax(index[inner])]))
        inner = inner[np.abs(inner - found[-1]) >= APART]
    return found


def prepared(market: Market, panel: Panel, days: list[int], progress: Progress | None = None) -> list[Stretch]:
    """The stretches around ascending days (positions in the panel's closes), by one more run up to the last of them."""
    replay, done, found = Replay(market), 0, []
    for n, day in enumerate(days, start=1):
        first, last = day - BEFORE, day + AFTER
        for _ in replay.run(part(panel, done, first)):
            pass
        done, state, own = first, replay.snapshot(), part(panel, first, last)
        found.append(Stretch(own, state, undisturbed(market, own, state), int(panel.closes_us[day - LEAD])))
        if progress:
            progress(n, len(days))
    return found


def undisturbed(market: Market, panel: Panel, state: State) -> list[Told]:
    """The finals of a stretch with an index."""
    replay = Replay(market)
    replay.restore(state)
    return [final for final in map(told, replay.run(panel)) if final.reading.index is not None]
