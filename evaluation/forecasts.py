"""The forecast part of an evaluation: forecasts of a market over a panel, walk-forward, and what else is scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd

from evaluation import density, entries, murphy, watches, yardsticks
from evaluation.demands import demands
from evaluation.density import Flags, Floats
from evaluation.events import Event
from evaluation.panel import Panel
from evaluation.walks import Walk, least_smoothed, moments, shuffled, walk
from models.ensemble.forecaster import ENSEMBLE, EXPERTS, PERSISTENCE
from models.ensemble.levels import LEVELS, pinball
from models.features import Moment
from schemas.market import Market

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""

SPANS: Final = {"1992-1999": ("1992", "1999"), "2000-2014": ("2000", "2014"), "2015-2025": ("2015", "2025"),
                "2000-2025": ("2000", "2025")}  # fmt: skip
"""Spans that are reported, with their first and last year."""

SPAN: Final = "2000-2025"
"""The one that the demands are about, and of which there are curves."""

UNWEIGHTED: Final = "unweighted"
"""The mean of all experts that are awake: what weights have to beat."""

YARDSTICKS: Final = (PERSISTENCE, "har", "har_log", *yardsticks.NAMES, UNWEIGHTED)

LEAST: Final = 120
"""Labels below which a span says nothing."""

DRAWN: Final = (PERSISTENCE, "har", yardsticks.GARCH_SCALED, ENSEMBLE)
"""Rows of the Murphy diagrams."""

LEVELS_DRAWN: Final = (0.05, 0.5, 0.95)
DRAWN_AT: Final = 41
"""Thresholds of a curve, between the outer hundredths of what came."""

ROLLING: Final = 250
EVERY: Final = 21
"""Labels of a window of coverage over time, and between two of them."""


def judge(found: Walk, ahead: int) -> dict[str, Any] | None:
    """Losses by row with tests against the yardsticks, coverage and PIT; None with too few labels."""
    if len(found.came) < LEAST:
        return None
    crps = density.losses(found.quantiles, found.came)
    return {
        "labels": len(found.came),
        "rows": {name: _row(found, crps, name, ahead) for name in found.rows},
        "weights": dict(zip(EXPERTS, found.weights.mean(axis=0).tolist(), strict=True)),
        "coverage": {name: _coverage(found, name) for name in (*YARDSTICKS, ENSEMBLE) if name in found.rows},
        "pit": density.pit(found.row(ENSEMBLE), found.came),
    }


def _row(found: Walk, crps: Floats, name: str, ahead: int) -> dict[str, Any]:
    """One row on the occasions when it was awake, and beside each yardstick when that was awake too."""
    own = crps[:, found.rows.index(name)]
    awake = np.isfinite(own)
    if awake.sum() < LEAST:
        return {"labels": int(awake.sum())}
    by_level = pinball(found.row(name)[awake], found.came[awake, None]).mean(axis=0)
    others = {other: crps[:, found.rows.index(other)] for other in YARDSTICKS if other in found.rows}
    both = {other: awake & np.isfinite(loss) for other, loss in others.items()}
    pairs = {other: (own[b], others[other][b]) for other, b in both.items() if b.sum() >= LEAST}
    return {
        "labels": int(awake.sum()),
        "crps": float(own[awake].mean()),
        "pinball": dict(zip(map(str, LEVELS), by_level.tolist(), strict=True)),
        "skill": {other: 1 - float(a.mean() / b.mean()) for other, (a, b) in pairs.items()},
        "diebold_mariano": {other: density.diebold_mariano(a, b, ahead) for other, (a, b) in pairs.items()},
    }


def _coverage(found: Walk, name: str) -> dict[str, Any] | None:
    said = found.row(name)
    awake = np.isfinite(said[:, 0])
    if awake.sum() < LEAST:
        return None
    return {
        str(nominal): density.coverage(
            density.within(said[awake], found.came[awake], nominal), found.stress[awake], nominal
        )
        for nominal in (0.9, 0.5)
    }


def by_span(found: Walk, ahead: int) -> dict[str, Any]:
    """`judge` of each span of years."""
    return {name: judge(found.of(_within(found, name)), ahead) for name in SPANS}


def _within(found: Walk, span: str) -> Any:
    years, (first, last) = pd.DatetimeIndex(pd.to_datetime(found.at_us, unit="us")).year, SPANS[span]
    return (years >= int(first)) & (years <= int(last))


def over_time(found: Walk) -> dict[str, Any]:
    """Coverage of the ensemble's 90 % interval in the last 250 labels, every 21 labels: `until` (days) and `share`."""
    hit = density.within(found.row(ENSEMBLE), found.came, 0.9)
    ends = np.arange(ROLLING, len(hit) + 1, EVERY)
    sums = np.cumsum(np.append(0, hit))
    days = pd.DatetimeIndex(pd.to_datetime(found.at_us, unit="us"))
    return {
        "labels": ROLLING,
        "until": [str(days[end - 1].date()) for end in ends.tolist()],
        "share": ((sums[ends] - sums[ends - ROLLING]) / ROLLING).tolist(),
    }


def decomposed(found: Walk) -> dict[str, Any] | None:
    """Murphy's parts of each row's CRPS and the curves of the diagrams, on the labels for which all rows were awake.

    Rows that hardly ever were are left out; None with too few labels.
    """
    awake: Flags = np.all(np.isfinite(found.quantiles), axis=2)
    rows = [name for n, name in enumerate(found.rows) if awake[:, n].sum() >= LEAST]
    chosen = awake[:, [found.rows.index(name) for name in rows]].all(axis=1)
    if not rows or chosen.sum() < LEAST:
        return None
    told = found.of(chosen)
    low, high = np.quantile(told.came, [0.01, 0.99]).tolist()
    at = np.linspace(low, high, DRAWN_AT)
    return {
        "labels": len(told.came),
        "crps": {name: murphy.crps(told.row(name), told.came) for name in rows},
        "at": at.tolist(),
        "curves": {
            str(level): _curves(told, level, at, [name for name in DRAWN if name in rows]) for level in LEVELS_DRAWN
        },
    }


def _curves(told: Walk, level: float, at: Floats, rows: Sequence[str]) -> dict[str, list[float]]:
    n = LEVELS.index(level)
    return {name: murphy.diagram(told.row(name)[:, n], told.came, level, at).tolist() for name in rows}


def compared(
    market: Market, fed: Sequence[Moment], ahead: int, progress: Callable[[int, int], None] | None = None
) -> tuple[Walk, dict[str, Any]]:
    """A walk with the unweighted mean and the second yardsticks beside it, and how those were fitted."""
    known, found = [m for m in fed if m.learns], walk(market, fed, ahead)
    said, fitted = yardsticks.quantiles(np.array([m.index for m in known]), ahead, progress)
    mean = np.sort(np.nanmean(found.quantiles[:, : len(EXPERTS)], axis=1, keepdims=True), axis=2)
    beside = found.beside((UNWEIGHTED,), found.at_us, mean)
    return beside.beside(yardsticks.NAMES, np.array([m.at_us for m in known]), said), fitted


def forecasts(
    market: Market,
    panel: Panel,
    columns: Mapping[str, pd.Series[float]],
    events: Sequence[Event],
    progress: Progress = lambda *_: None,
) -> dict[str, Any]:
    """The forecast part of the report.

    Args:
        market: the market.
        panel: its bars.
        columns: daily values by name, of which VIX and equity volatility are taken.
        events: dated events.
        progress: told what is being done, how much of it is done, and of how much.

    Returns:
        `periods`; by `headline`, `least_smoothed` and `shuffled` what `by_span` says; `yardsticks`: how those were
        fitted; `over_time`, `murphy`, `entries`, `anomaly` and `regimes` of the headline as their functions say; and
        `demands`.
    """
    ahead, bare = market.horizon_periods, least_smoothed(market)
    fed = moments(market, panel, partial(progress, "periods of the headline"))
    found, fitted = compared(market, fed, ahead, partial(progress, "finals for yardsticks of the headline"))
    plain = moments(bare, panel, partial(progress, "periods of the least smoothed form"))
    other, _ = compared(bare, plain, ahead, partial(progress, "finals for yardsticks of the least smoothed form"))
    watched = watches.watched(market, fed)
    said = {
        "periods": ahead,
        "headline": by_span(found, ahead),
        "least_smoothed": by_span(other, ahead),
        "shuffled": by_span(walk(market, shuffled(fed), ahead), ahead),
        "yardsticks": fitted,
        "over_time": over_time(found),
        "murphy": decomposed(found.of(_within(found, SPAN))),
        "entries": entries.judge(
            entries.ground(fed, columns), _walks(market, fed), events, SPANS[SPAN], partial(progress, "horizons")
        ),
        "anomaly": watches.anomalies(watched, events),
        "regimes": watches.regimes(watched, events),
    }
    return said | {"demands": demands(said, SPAN)}


def _walks(market: Market, fed: Sequence[Moment]) -> Iterator[tuple[int, Walk]]:
    """Forecasts at each horizon, by forecasters of its own, one after the other."""
    for ahead in entries.HORIZONS:
        yield ahead, walk(market, fed, ahead)
