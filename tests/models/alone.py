"""One indicator by itself, its measures as plain numbers; and the closes that a random tape shows it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from models.signals.correlation import Correlations
from models.signals.indicators import build
from models.signals.indicators.base import Measures
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
