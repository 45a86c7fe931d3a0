"""The sentence: from ticks to the published index."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource
from bytewax.outputs import FixedPartitionedSink

from dataflows.through import AnyStep, through
from models import pipeline
from models.serving.seats import Shelf
from models.signals.step import State
from schemas.market import Market


def build(
    source: FixedPartitionedSource[Any, Any],
    sink: FixedPartitionedSink[Any, Any],
    markets: dict[str, Market],
    partitions: int,
    run: str | None = None,
    *,
    begun: Mapping[str, Mapping[str, State]] | None = None,
    shelf: Shelf | None = None,
) -> Dataflow:
    """The flow of one feed; after each step, one of its items. The doors of `dataflows.hops` are marked.

    Args:
        source: reads, validates and folds ticks into bars, each partition where it is.
        sink: writes each market's streams.
        markets: the markets by the name they publish under.
        partitions: partitions of the feed's topic.
        run: name of the run, if the feed is a replay.
        begun: states that steps begin with, by market and step; the others begin with nothing.
        shelf: where models are found that control records promote.
    """
    steps = partial(_makers, markets, partitions, run, begun or {}, shelf)
    flow = Dataflow("stress_index")

    bars = op.input("read", flow, source)
    # ("sim", ("sim", Partial(partition=2, reached_us=[...], bars=BarColumns(13 rows), controls=()), trace))
    windows = through("merge", bars, steps("merge"), always=True, door=True)
    # ("sim", ("sim", Window(at_us=1763887447000000, final=False, fraction=0.12, bars=MergedBars(50 rows)), trace))
    paths = through("path", windows, steps("path"), always=True)
    # ("sim", ("sim", Observation(close=[101.2, ...], variance=[3.1e-09, ...], age_us=[0.0, ...]), trace))
    volatilities = through("volatility", paths, steps("volatility"))
    # ("sim", ("sim", Volatilities(variance=[2.9e-08, ...], range_variance=[...], jump_share=[...]), trace))
    correlations = through("correlation", volatilities, steps("correlation"))
    # ("sim", ("sim", Correlations(medium=[[1.0, 0.41, ...], ...], short=..., long=...), trace))
    indicators = through("indicators", correlations, steps("indicators"))
    # ("sim", ("sim", IndicatorRow(raw=[0.00017, 0.021, ...], live=[1.0, 1.0, ...]), trace))
    index = through("index", indicators, steps("index"), door=True)
    # ("sim", ("sim", IndexState(index=31.4, percentile=72.1, contributions=[9.0, 4.2, ...], coverage=1.0), trace))
    scores = through("scores", index, steps("scores"))
    # ("sim", ("sim", Scored(state=IndexState(...), scores=Scores(forecasts=[...], regime="calm", ...)), trace))
    readings = through("publication", scores, steps("publication"))
    # ("sim", ("sim", Published(id="1763887447000-0", reading=b'{"market":"sim","at":...}'), trace))
    op.output("publish", readings, sink)
    return flow


def _makers(  # noqa: PLR0917 (what `build` was given, and a stage)
    markets: dict[str, Market],
    partitions: int,
    run: str | None,
    begun: Mapping[str, Mapping[str, State]],
    shelf: Shelf | None,
    stage: str,
) -> dict[str, Callable[[], AnyStep]]:
    """How to make one stage's step, for each market."""

    def make(name: str, market: Market) -> AnyStep:
        step = next(s.step for s in pipeline.steps(market, partitions, run, shelf) if s.name == stage)
        if name in begun:
            step.restore(begun[name][stage])
        return step

    return {name: partial(make, name, market) for name, market in markets.items()}
