"""All scoring of one reading: features, experts at two horizons, ensemble, intervals, regime, anomaly, drift."""

from __future__ import annotations

import math
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench import deep
from bench.case import Figure, require
from bench.step import windows
from models.ensemble.forecaster import EXPERTS
from models.pipeline import Pipeline, Stage
from models.scores import Scored, Scoring, Unscored
from models.signals.index import IndexState
from models.signals.orders import Pairs
from schemas.market import Market
from schemas.market_file import load
from schemas.market_parts import Scoring as Switch

WORK: Final = (
    "all scoring of one provisional reading of `sim` with all experts awake (features, seven experts at two horizons, "
    "an LSTM of three layers with attention and a Transformer of two in ONNX Runtime at the further one, a VAE, "
    "ensemble, intervals, regime, half-space trees, turbulence, change points): CPU time of the one thread, ten "
    "minutes of windows after 320 finals; the deep models have random weights"
)
MINUTES: Final = 60
COUNTED: Final = 10
LEARNED: Final = 320
"""Finals that are learned, round and round, before anything counts: the half-space trees need 250."""

MEDIAN_BAR: Final = 1000.0
BAR: Final = 2000.0


def states(market: Market, minutes: int = MINUTES, orders: Pairs = ()) -> tuple[list[IndexState], list[float]]:
    """States of the index along synthetic minutes, with these models in force, and the microseconds that each took."""
    pipeline = Pipeline(market)
    pipeline.stages = [Stage(s.name, Unscored(), False) if s.name == "scores" else s for s in pipeline.stages[:-1]]
    found, taken = [], []
    for window in windows(market, minutes * 60):
        began = time.thread_time_ns()
        item: Any = replace(window, models=orders)
        for _, step, always in pipeline.stages[1:]:
            item = step.update(item) if always or item.final else step.peek(item)
        taken.append((time.thread_time_ns() - began) / 1e3)
        found.append(item.state)
    return found, taken


def check(scored: list[Scored]) -> None:
    """Every reading has a forecast of sorted quantiles by every expert, a regime and an anomaly.

    Raises:
        WrongOutputError: otherwise.
    """
    require(bool(scored), "nothing was scored")
    for one in scored:
        require(one.scores is not None, "a state has no scores")
        assert one.scores is not None
        for forecast in one.scores.forecasts:
            require(bool(np.all(np.diff(forecast.quantiles) >= 0)), f"quantiles are {forecast.quantiles}")
            require(bool(np.isfinite(forecast.experts).all()) and bool((forecast.weights > 0).all()), "one sleeps")
        names = one.scores.forecasts[-1].names
        require(set(names) == {*EXPERTS, *deep.NAMES}, f"the experts are {names}")
        require(len(one.scores.surprises) == 1 and one.scores.surprises[0].used, "the VAE sleeps")
        require(math.isfinite(one.scores.anomaly.probability), "there is no anomaly")
        require(one.scores.regime.name != "unknown", "there is no regime")


def measure() -> list[Figure]:
    """Median and 99th percentile of provisional readings, the median of finals, and the share of the whole step."""
    with tempfile.TemporaryDirectory() as folder:
        return _measured(load("sim"), Path(folder))


def _measured(market: Market, folder: Path) -> list[Figure]:
    found, others = states(market.model_copy(update={"scores": Switch()}), orders=deep.ORDERS)
    step, warm = Scoring(market, deep.shelf(market, folder)), len(found) - COUNTED * 60
    finals = [state for state in found[:warm] if state.final and math.isfinite(state.index)]
    for _ in range(-(-LEARNED // len(finals))):
        for state in finals:
            step.update(state)
    taken: dict[bool, list[float]] = {False: [], True: []}
    said: list[Scored] = []
    for state in found[warm:]:
        began = time.thread_time_ns()
        said.append(step.update(state) if state.final else step.peek(state))
        taken[state.final].append((time.thread_time_ns() - began) / 1e3)
    check(said)
    every = sorted([*taken[False], *taken[True]])
    share = np.array(taken[False]).mean() / np.array(others[warm:]).mean()
    return [
        Figure("scoring", tuple(taken[False]), "µs", MEDIAN_BAR, higher_is_better=False, work=WORK),
        Figure("scoring/p99", (every[int(0.99 * len(every))],), "µs", BAR, higher_is_better=False,
               work="99th percentile of all readings of these minutes, finals with their lessons among them"),
        Figure("scoring/final", tuple(taken[True]), "µs", higher_is_better=False,
               work="a final: the same, and every learner learns"),
        Figure("scoring/share", (float(share),), "times the rest", higher_is_better=False,
               work="mean time of scoring over that of path, volatility, correlation, indicators and index of the "
               "same readings in the same run"),
    ]  # fmt: skip
