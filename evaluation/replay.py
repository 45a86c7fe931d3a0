"""A panel through the cores: where they stand, so that they can go on from there, and what validation refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.panel import Columns, Panel, Progress, run
from models.pipeline import Pipeline
from models.publication import Published
from models.signals.bars import BarFold
from models.signals.step import State, Step
from schemas.market import Market
from schemas.rejects import REASONS


class _Watched:
    """A step whose updates somebody sees."""

    def __init__(self, step: Step[Any, Any, Any], seen: Callable[[Any], None]) -> None:
        self._step, self._seen = step, seen

    def update(self, x: Any) -> Any:
        said = self._step.update(x)
        self._seen(said)
        return said

    def __getattr__(self, name: str) -> Any:
        return getattr(self._step, name)


class Replay:
    """The steps of a market over a panel, one stretch of it after the other.

    Attributes:
        rejects: what was refused so far: instrument, day (ISO), reason.
    """

    def __init__(self, market: Market) -> None:
        """From the beginning."""
        self._market = market
        self._pipeline = Pipeline(market)
        self._fold = BarFold(market)
        self.rejects: list[tuple[str, str, str]] = []

    def run(self, panel: Panel, progress: Progress | None = None) -> Iterator[Published]:
        """The finals of the panel's periods, which come after those that were run before."""
        yield from run(self._market, panel, self._pipeline, progress, fold=self._fold, refused=self._note)

    def watch(self, stage: str, seen: Callable[[Any], None]) -> None:
        """Shows somebody what a stage of the pipeline says, from now on."""
        stages = self._pipeline.stages
        place = [name for name, *_ in stages].index(stage)
        watched: Any = _Watched(stages[place].step, seen)
        stages[place] = stages[place]._replace(step=watched)

    def snapshot(self) -> State:
        """Where the steps stand."""
        return {"bars": self._fold.snapshot(), "steps": self._pipeline.snapshot()}

    def restore(self, state: State) -> None:
        """Goes on from a snapshot, with nothing refused yet.

        Raises:
            StateVersionError: it is of another market.
        """
        self._fold.restore(state["bars"])
        self._pipeline.restore(state["steps"])
        self.rejects = []

    def _note(self, rows: Columns, faults: npt.NDArray[np.int8]) -> None:
        for k in np.flatnonzero(faults).tolist():
            name = self._market.instrument[rows["code"][k]].name
            self.rejects.append((name, day_of(rows["start_us"][k]), REASONS[faults[k] - 1].value))


def day_of(at_us: Any) -> str:
    """ISO date (UTC) of microseconds since 1970."""
    return str(pd.Timestamp(int(at_us), unit="us").date())


def part(panel: Panel, first: int, last: int) -> Panel:
    """The periods from `first` up to, without, `last`, with the bars that became public for them."""
    closes = panel.closes_us[first:last]
    begins = panel.closes_us[first - 1] if first else np.iinfo(np.int64).min
    bars = panel.bars[(panel.bars.available_us > begins) & (panel.bars.available_us <= closes[-1])]
    return replace(panel, bars=bars.reset_index(drop=True), closes_us=closes)
