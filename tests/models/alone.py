"""One indicator by itself, its measures as plain numbers; and the closes that a random tape shows it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from models.signals.correlation import Correlations
from models.signals.indicators import build
from models.signals.indicators.base import Measures
from models.signals.path import Observation
from schemas.bars import GRID, Partial
from schemas.indicator import Indicator
from schemas.market import Market
from tests.models import tape

MARKET = tape.market()
FED: list[Correlations] = tape.inputs("indicators", tape.partials(200))
CODES = {i.name: n for n, i in enumerate(MARKET.instrument)}


class Measure(NamedTuple):
    """What one indicator says."""

    raw: float
    live: float
    age_us: float


class Alone:
    """A kind's step that holds one indicator."""

    def __init__(self, indicator: dict[str, Any], market: Market = MARKET) -> None:
        self.step = build(market, Indicator.model_validate({"name": "i", **indicator}))

    def say(self, x: Correlations) -> Measure:
        """Its measure: finals are updates, the rest are peeks."""
        return one(self.step.update(x) if x.final else self.step.peek(x))


def one(measures: Measures) -> Measure:
    """The only one of some measures."""
    assert len(measures.raw) == 1
    return Measure(float(measures.raw[0]), float(measures.live[0]), float(measures.age_us[0]))


def run(indicator: dict[str, Any], fed: list[Correlations] | None = None, market: Market = MARKET) -> list[Measure]:
    """What an indicator says along a tape."""
    alone = Alone(indicator, market)
    return [alone.say(x) for x in (FED if fed is None else fed)]


def closes(name: str, fed: list[Correlations] | None = None) -> np.ndarray:
    """Last values of an instrument, NaN where it is not live."""
    seen = [x.volatilities.observation for x in (FED if fed is None else fed)]
    code = CODES[name]
    return np.array([o.close[code] if o.live[code] else math.nan for o in seen])


def finals_before(n: int) -> list[int]:
    """Places of the finals before the n-th window."""
    return [m for m in range(n) if FED[m].final]


def constant(values: dict[str, float], seconds: int = 60, until: int = 60) -> list[Correlations]:
    """Flat prices until a second, then silence."""
    rows = [
        [
            {"code": CODES[name], "end_us": tape.START + s * tape.SECOND, "path": [value] * GRID}
            for name, value in values.items()
            if s <= until
        ]
        for s in range(1, seconds + 1)
    ]
    partials = [
        Partial(0, np.array([tape.START + s * tape.SECOND]), tape.columns(r)) for s, r in enumerate(rows, start=1)
    ]
    return tape.inputs("indicators", partials, partitions=1)


def weighted_mean(measures: list[tuple[float, float]], half_life: float) -> float:
    """Mean of x with weights (1 - d_k) d_k+1 ... d_n, d = 0.5 ** (periods / half-life), from (x, periods) in order."""
    weights: list[float] = []
    for _, periods in measures:
        decay = 0.5 ** (periods / half_life)
        weights = [w * decay for w in weights] + [1 - decay]
    return math.nan if not measures else float(np.dot(weights, [x for x, _ in measures]) / np.sum(weights))


def history(n: int) -> list[Observation]:
    """Observations of the finals before the n-th window, and of it."""
    return [FED[m].volatilities.observation for m in [*finals_before(n), n]]


def one_bar_a_period(series: dict[str, np.ndarray], volume: float = 1.0) -> list[Correlations]:
    """Finals of periods with one bar each: values [periods], or paths within the bar [periods, slots]."""
    paths = {CODES[name]: _filled(np.asarray(values, np.float64)) for name, values in series.items()}
    periods = len(next(iter(paths.values())))
    partials = []
    for n in range(periods):
        end_us = tape.START + (n + 1) * MARKET.period_us
        rows = [{"code": code, "end_us": end_us, "path": path[n], "volume": volume} for code, path in paths.items()]
        partials.append(Partial(0, np.array([end_us]), tape.columns(rows)))
    found: list[Correlations] = tape.inputs("indicators", partials, partitions=1)
    assert len(found) == periods
    assert all(x.final for x in found)
    return found


def _filled(values: np.ndarray) -> np.ndarray:
    """Paths over all slots of the grid; the last value stands to the end."""
    paths = values[:, None] if values.ndim == 1 else values
    return np.concatenate([paths, np.repeat(paths[:, -1:], GRID - paths.shape[1], axis=1)], axis=1)
