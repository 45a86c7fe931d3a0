"""Whether forecasts see stress coming: the index's entries into stress, and dated events, 1 to 20 finals ahead.

In stress is a final whose index is at or above the 90th percentile of its finals so far, its own among them, of a year
at least. An entry within h is a final in stress among the next h, seen from one that is not. That is known when it is
there and never restated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import NormalDist
from typing import Any, Final

import numpy as np
import pandas as pd

from evaluation import detection, murphy
from evaluation.baselines import VIX, market_baselines
from evaluation.bootstrap import Floats, block_counts, interval
from evaluation.events import SPAN, Event, Flags, during
from evaluation.walks import Walk
from models.ensemble.forecaster import ENSEMBLE, PERSISTENCE
from models.ensemble.levels import LEVELS
from models.features import Moment

HORIZONS: Final = tuple(range(1, 21))

BELOW: Final = "not in stress"
FRESH: Final = f"not in stress for {SPAN} finals"
EVENTS: Final = "dated events"

STANDING: Final = "index"
"""How far the index stands from its threshold: what anybody sees who looks, without a forecast."""

BLOCK: Final = 60
"""Finals of a block of the bootstrap: three times the longest horizon."""

LEAST: Final = 5
"""Positive origins, and others, below which nothing is said."""

_NORMAL: Final[Floats] = np.array([NormalDist().inv_cdf(level) for level in LEVELS])

Years = tuple[str, str]


def ground(fed: Sequence[Moment], columns: Mapping[str, pd.Series[float]]) -> pd.DataFrame:
    """Finals by their time (UTC): `index`, `threshold`, `stressed`, and the baselines of the day that columns have."""
    known = [m for m in fed if m.learns]
    times = pd.DatetimeIndex(pd.to_datetime([m.at_us for m in known], unit="us"))
    index = pd.Series([m.index for m in known], times, dtype=float)
    threshold = index.expanding(min_periods=detection.YEAR).quantile(detection.ALARM / 100)
    table = pd.DataFrame({"index": index, "threshold": threshold, "stressed": index >= threshold})
    others = pd.DataFrame(market_baselines(columns)).reindex(times.normalize())
    return table.assign(**{str(name): others[name].to_numpy() for name in others})


def distances(quantiles: Floats, change: Floats) -> Floats:
    """How likely a change of at least so much is, as a normal score that rises with it, float64[n].

    Between two quantiles, and beyond the outer ones, the normal score of the probability is linear in the change.

    Args:
        quantiles: at `LEVELS`, float64[n, Q], sorted.
        change: float64[n].
    """
    rows, at = np.arange(len(change)), np.clip((quantiles < change[:, None]).sum(axis=1) - 1, 0, len(LEVELS) - 2)
    low, high = quantiles[rows, at], quantiles[rows, at + 1]
    share = (change - low) / np.maximum(high - low, 1e-9)
    found: Floats = -(_NORMAL[at] + share * (_NORMAL[at + 1] - _NORMAL[at]))
    return found


def chances(distance: Floats) -> Floats:
    """The probabilities of normal scores, float64[n]."""
    return np.array([math.erfc(-z / math.sqrt(2)) / 2 for z in distance.tolist()])


def judge(
    table: pd.DataFrame,
    walks: Iterable[tuple[int, Walk]],
    events: Sequence[Event],
    span: Years,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """AUROC of forecasts and baselines by target and horizon, with a block bootstrap.

    The forecast's score is its probability that the index stands at or above today's threshold then; each horizon has
    forecasters of its own.

    Args:
        table: as `ground` gives it.
        walks: forecasts by horizon, finals.
        events: dated events.
        span: first and last year that are judged.
        progress: told the number of horizons done, and of all.

    Returns:
        `entries` in the span, and `by`: by target and horizon what `_told` says, None with too few of either sort, with
        Murphy's parts of the Brier score of the forecast's probability as `brier`.
    """
    times = pd.DatetimeIndex(table.loc[span[0] : span[1]].index)
    found: dict[str, dict[str, Any]] = {BELOW: {}, FRESH: {}, EVENTS: {}}
    for n, (ahead, walk) in enumerate(walks, start=1):
        seen = _scored(table, walk).reindex(times).dropna()
        for target, (labels, origins) in _targets(table, events, ahead).items():
            chosen = seen[origins.reindex(seen.index)]
            told = _told(chosen, labels.reindex(chosen.index).to_numpy(np.bool_), times)
            found[target][str(ahead)] = told and told | {"brier": _brier(chosen, table, ahead)}
        if progress:
            progress(n, len(HORIZONS))
    stressed = table["stressed"]
    entered = stressed & ~stressed.shift(1, fill_value=False)
    return {"entries": int(entered.reindex(times).sum()), "by": found}


def _scored(table: pd.DataFrame, walk: Walk) -> pd.DataFrame:
    """The origins of a walk with every score, by time."""
    own = table.reindex(pd.DatetimeIndex(pd.to_datetime(walk.at_us, unit="us")))
    needed = own["threshold"] - own["index"]
    scores = {name: distances(walk.row(name), needed.to_numpy()) for name in (ENSEMBLE, PERSISTENCE, "har")}
    return own.drop(columns=["index", "threshold", "stressed"]).assign(**scores, **{STANDING: -needed})


def _targets(table: pd.DataFrame, events: Sequence[Event], ahead: int) -> dict[str, tuple[Any, Any]]:
    """What is to be seen coming, and the origins that it is looked for from: two series of flags by time."""
    stressed, times = table["stressed"].to_numpy(), pd.DatetimeIndex(table.index)
    at = [day for day in {int(times.searchsorted(e.on)) for e in events} if 0 < day < len(times)]
    begun = np.zeros(len(times), np.bool_)
    begun[at] = True
    calm = table["threshold"].notna().to_numpy() & ~stressed
    fresh = calm & ~(pd.Series(stressed).rolling(SPAN, min_periods=1).max() > 0).to_numpy()
    flags = {BELOW: (stressed, calm), FRESH: (stressed, fresh), EVENTS: (begun, ~during(len(times), at))}
    return {
        name: (pd.Series(_within(what, ahead), times), pd.Series(origins, times))
        for name, (what, origins) in flags.items()
    }


def _within(what: Flags, ahead: int) -> Flags:
    """Whether it happens at one of the next finals."""
    later = [np.append(what[n:], np.zeros(min(n, len(what)), np.bool_)) for n in range(1, ahead + 1)]
    found: Flags = np.logical_or.reduce(later)
    return found


def _told(scores: pd.DataFrame, labels: Flags, times: pd.DatetimeIndex) -> dict[str, Any] | None:
    """Of one target and horizon: `origins`, `positive`, and by score `auroc`, `interval` and `differences`.

    Blocks are of all finals, and the same for all scores.
    """
    if min(labels.sum(), (~labels).sum()) < LEAST:
        return None
    whole = {name: detection.auroc(scores[name].to_numpy(), labels) for name in scores}
    counts = block_counts(len(times), BLOCK)[:, times.get_indexer(scores.index)]
    ordered = {s: detection.Ordered.of(scores[s].to_numpy()) for s in (ENSEMBLE, STANDING, VIX) if s in scores}
    drawn = {name: detection.aurocs(of, labels, counts) for name, of in ordered.items()}
    return {
        "origins": len(scores),
        "positive": int(labels.sum()),
        "auroc": whole,
        "interval": {name: interval(draws) for name, draws in drawn.items()},
        "differences": {
            other: {"difference": whole[ENSEMBLE] - whole[other], "interval": interval(drawn[ENSEMBLE] - drawn[other])}
            for other in drawn
            if other != ENSEMBLE
        },
    }


def _brier(scores: pd.DataFrame, table: pd.DataFrame, ahead: int) -> murphy.Parts:
    """Of the probability that the index stands at or above today's threshold then."""
    then = (table["index"].shift(-ahead) >= table["threshold"]).reindex(scores.index)
    return murphy.brier(chances(scores[ENSEMBLE].to_numpy()), then.to_numpy(np.bool_))
