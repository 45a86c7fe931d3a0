"""A market's history as its forecasters see it, and what they said: every forecast is made before its label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from evaluation.density import Flags, Floats
from evaluation.panel import Panel, run
from models.ensemble.forecaster import ENSEMBLE, EXPERTS, Forecaster
from models.ensemble.levels import LEVELS
from models.features import Moment, Schema, moment_of
from models.pipeline import Pipeline, Stage
from models.scores import Scored, Unscored
from models.signals.index import IndexState
from models.window import windows
from schemas.market import Market
from schemas.market_parts import HalfLife

Progress = Callable[[int, int], None]

ROWS: Final = (*EXPERTS, ENSEMBLE)

BLOCK: Final = 250
"""Finals within which the shuffled history is shuffled."""

DRAWS: Final = 1_000
"""Orders that are tried for a year."""


@dataclass(frozen=True)
class Walk:
    """Forecasts whose label came, in order.

    Attributes:
        at_us: when they were made, microseconds since 1970 (UTC), int64[n].
        quantiles: of the change, at `LEVELS`, float64[n, K, Q]; NaN where a row slept.
        came: labels: the change of the index, points, float64[n].
        stress: whether it was made at or above the index's 90th percentile, bool[n].
        weights: of the experts, mean over the levels, float64[n, experts].
        rows: names of the rows, K of them.
    """

    at_us: Any
    quantiles: Floats
    came: Floats
    stress: Flags
    weights: Floats
    rows: tuple[str, ...] = ROWS

    def of(self, chosen: Any) -> Walk:
        """Some of them."""
        names = [name for name in self.__dataclass_fields__ if name != "rows"]
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})

    def row(self, name: str) -> Floats:
        """What one row said, float64[n, Q]."""
        said: Floats = self.quantiles[:, self.rows.index(name)]
        return said

    def beside(self, names: tuple[str, ...], at_us: Any, quantiles: Floats) -> Walk:
        """With more rows: what they said at some times, float64[m, k, Q]; NaN where they said nothing."""
        place = np.searchsorted(at_us, self.at_us).clip(max=max(len(at_us) - 1, 0))
        more = np.where((at_us[place] == self.at_us)[:, None, None], quantiles[place], np.nan)
        return replace(self, quantiles=np.concatenate([self.quantiles, more], axis=1), rows=(*self.rows, *names))


class _Recorder(Unscored):
    """Stands where scores are made and takes down what they would see."""

    def __init__(self, found: list[Moment]) -> None:
        self._found = found

    def advance(self, x: IndexState) -> tuple[Scored, None]:
        self._found.append(moment_of(x))
        return super().advance(x)


def moments(market: Market, panel: Panel, progress: Progress | None = None) -> list[Moment]:
    """What the scores of a market are shown along a panel."""
    found: list[Moment] = []
    pipeline = Pipeline(market)
    pipeline.stages = [
        Stage(s.name, _Recorder(found), s.always_update) if s.name == "scores" else s for s in pipeline.stages
    ]
    for _ in run(market, panel, pipeline, progress):
        pass
    return found


def walk(market: Market, fed: Sequence[Moment], periods: int) -> Walk:
    """Forecasts along moments, each judged when its label came."""
    forecaster = Forecaster(Schema.of(market), periods)
    said = (forecaster.update(x) for x in windows(market, fed))
    due = [(f.issued, f.change) for f in said if f.issued is not None and np.isfinite(f.change)]
    known = [(i, change) for i, change in due if np.isfinite(i.quantiles[-1]).all()]
    return Walk(
        np.array([i.at_us for i, _ in known], np.int64),
        np.array([i.quantiles for i, _ in known]).reshape(-1, len(ROWS), len(LEVELS)),
        np.array([change for _, change in known]),
        np.array([i.stress for i, _ in known], np.bool_),
        np.array([i.weights.mean(axis=1) for i, _ in known]).reshape(-1, len(EXPERTS)),
    )


def least_smoothed(market: Market) -> Market:
    """The market with the shortest memory of volatility that it can have, one period: smoothing alone buys skill."""
    period = market.period_us
    lives = HalfLife.model_validate(market.half_life.model_dump() | {"volatility": period})
    segments = tuple(
        s.model_copy(update={"indicator": tuple(_unsmoothed(i, period) for i in s.indicator)}) for s in market.segment
    )
    return market.model_copy(update={"half_life": lives, "segment": segments})


def _unsmoothed(indicator: Any, period: int) -> Any:
    return indicator if indicator.half_life is None else indicator.model_copy(update={"half_life": period})


def shuffled(fed: Sequence[Moment], seed: int = 1) -> list[Moment]:
    """The same moves in another order, shuffled within years: a history in which nothing can be known ahead.

    Index, scores, contributions, volatility and correlations move together by the moves of another day, so that
    whatever a learner sees is made of the past of this history alone. Skill on it is a leak. Orders that would lead the
    index out of 0..100 are drawn again: one that is held at a bound can be foretold.
    """
    known = [m for m in fed if m.learns]
    levels = np.array([np.concatenate([[m.index, m.volatility, m.correlation], m.contributions]) for m in known])
    path, rng = np.nan_to_num(levels), np.random.default_rng(seed)
    for first in range(0, len(path) - 1, BLOCK):
        year = path[first : first + BLOCK + 1]  # begins and ends where it did
        year[1:] = year[0] + np.cumsum(_reordered(np.diff(year, axis=0), float(year[0, 0]), rng), axis=0)
    return [
        replace(m, index=float(np.clip(row[0], 0, 100)), volatility=float(row[1]), correlation=float(row[2]),
                contributions=row[3:], scores=row[3:] / 100)
        for m, row in zip(known, path, strict=True)
    ]  # fmt: skip


def _reordered(moves: Floats, start: float, rng: np.random.Generator) -> Floats:
    """Rows in a random order, such that the first column's sums stay within 0..100 where a thousand draws find one."""
    for _ in range(DRAWS):
        order = rng.permutation(len(moves))
        sums = start + np.cumsum(moves[order, 0])
        if sums.min() >= 0 and sums.max() <= 100:
            break
    drawn: Floats = moves[order]
    return drawn
