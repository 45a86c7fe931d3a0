"""What made-up sessions after the end of an artifact read: two releases that agree on them compute alike."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from evaluation import panel
from models.calendars import schedule_of
from models.pipeline import Pipeline
from models.signals.bars import BarFold
from models.signals.moves import logarithmic
from models.signals.path_kernel import CLOSE
from schemas.duration import DAY_US
from schemas.market import Market
from schemas.reading import decode_reading

SESSIONS: Final = 3
MOVE: Final = 0.01
"""How far a value moves at most in a made-up session: in logarithms or in units."""


def probe(state: dict[str, Any], market: Market) -> dict[str, float]:
    """Index, forms and contributions, by time and name, of the sessions that follow when all known inputs move a bit.

    Args:
        state: `fold` and `pipeline`, as in `models.reference.Reference`.
        market: the market that they are of.
    """
    pipeline, fold = Pipeline(market), BarFold(market)
    pipeline.restore(state["pipeline"])
    fold.restore(state["fold"])
    after_us = int(state["pipeline"]["merge"]["last_us"])
    closes = np.array(schedule_of(market).closes_between(after_us, after_us + 10 * SESSIONS * market.period_us))[:, 1]
    values = state["pipeline"]["path"]["values"][CLOSE]
    made = panel.Panel(_bars(market, values, closes[:SESSIONS]), closes[:SESSIONS])
    said: dict[str, float] = {}
    for published in panel.run(market, made, pipeline, fold=fold):
        reading = decode_reading(published.reading)
        numbers = {"index": reading.index, **reading.forms, **reading.contributions}
        said |= {f"{reading.at} {name}": value for name, value in numbers.items() if value is not None}
    return said


def _bars(market: Market, values: np.ndarray[Any, Any], closes: np.ndarray[Any, Any]) -> pd.DataFrame:
    """A bar of each known instrument in each session, public at its close."""
    code = np.flatnonzero(np.isfinite(values)).astype(np.int32)
    by_log, frames = logarithmic(market)[code], []
    for n, close_us in enumerate(closes.tolist(), 1):
        step = MOVE * n * (code % 7 - 3) / 3
        close = np.where(by_log, values[code] * np.exp(step), values[code] + step)
        times = {"start_us": close_us - DAY_US, "end_us": close_us, "available_us": close_us}
        prices = {"open": close, "high": close + MOVE * abs(close), "low": close, "close": close, "volume": 1.0}
        frames.append(pd.DataFrame({"code": code, **times, **prices}))
    return pd.concat(frames, ignore_index=True)
