"""Small markets and made-up tapes for the tests of the cores."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from models.pipeline import Pipeline
from schemas.bars import GRID, NEVER, BarColumns, Partial
from schemas.market import Market

SECOND = 1_000_000
START = 1_700_000_000 * SECOND
"""A multiple of ten seconds."""

PRICES = ("P1", "P2", "P3")
OTHERS = ("S1", "R1", "Q1")

INDICATORS: dict[str, list[dict[str, Any]]] = {
    "equity": [
        {"name": "vol", "kind": "realized_volatility", "of": ["P1", "P2"]},
        {"name": "range", "kind": "range_volatility", "of": ["P1", "P3"]},
        {"name": "fall", "kind": "cmax", "of": ["P1", "R1"], "window": "80s"},
    ],
    "credit": [
        {"name": "level", "kind": "level", "of": ["S1"]},
        {"name": "spread", "kind": "spread", "of": ["S1", "R1"]},
        {"name": "widening", "kind": "spread_change", "of": ["S1"], "window": "50s"},
    ],
    "other": [
        {"name": "jumps", "kind": "jump_share", "of": ["P2", "P3"]},
        {"name": "together", "kind": "correlation_shift", "of": ["P1", "P2", "S1"]},
        {"name": "curve", "kind": "term_structure", "of": ["P1", "P2"], "sign": -1},
    ],
}


def market(**changes: Any) -> Market:
    """Six instruments, every kind of indicator, periods of ten seconds with steps of two, bars of one."""
    fields: dict[str, Any] = {
        "version": 1,
        "name": "test",
        "feed": "test",
        "period": "10s",
        "step": "2s",
        "bar": "1s",
        "clock": "records",
        "half_life": {
            "volatility": "50s", "correlation": "150s", "correlation_short": "50s", "correlation_long": "300s",
        },
        "history": {"warm_up": 4, "capacity": 12},
        "instrument": [
            *({"name": name} for name in PRICES),
            {"name": "S1", "kind": "spread", "allow_negative": True},
            {"name": "R1", "kind": "rate", "allow_negative": True},
            {"name": "Q1", "stale_after": "1s"},
        ],
        "segment": [{"name": name, "indicator": found} for name, found in INDICATORS.items()],
    }  # fmt: skip
    return Market.model_validate(fields | changes)


def columns(rows: Iterable[dict[str, Any]]) -> BarColumns:
    """Bars from rows `code, end_us, path` (prices at the slots of the grid, NaN where empty) and optional fields."""
    listed = list(rows)
    paths = np.array([row["path"] for row in listed], np.float64).reshape(len(listed), GRID)
    ends = np.array([row["end_us"] for row in listed], np.int64)
    starts = ends - np.array([row.get("length_us", SECOND) for row in listed], np.int64)
    filled = np.isfinite(paths)
    times = starts[:, None] + np.arange(GRID) * (SECOND // GRID) + np.array(
        [row.get("shift_us", 0) for row in listed], np.int64
    )[:, None]  # fmt: skip
    first = np.argmax(filled, axis=1) if listed else np.empty(0, np.int64)
    at = np.arange(len(listed))
    return BarColumns(
        np.array([row["code"] for row in listed], np.int32), starts, ends,
        times[at, first], paths[at, first],
        np.array([np.nanmax(p) for p in paths]), np.array([np.nanmin(p) for p in paths]),
        np.array([row.get("volume", 1.0) for row in listed], np.float64),
        filled.sum(axis=1).astype(np.int64),
        np.where(filled, times, NEVER), np.where(filled, paths, 0.0),
    )  # fmt: skip


def partials(seconds: int, partitions: int = 2, seed: int = 7, of: Market | None = None) -> list[Partial]:
    """A random tape, second by second: now and then an instrument is silent, every partition may hold any of them."""
    rng = np.random.default_rng(seed)
    m = market() if of is None else of
    price = np.where([i.kind == "price" for i in m.instrument], 100.0, 2.0)
    tape = []
    for second in range(1, seconds + 1):
        at_us = START + second * SECOND
        rows: list[list[dict[str, Any]]] = [[] for _ in range(partitions)]
        for code in np.flatnonzero(rng.random(len(price)) < 0.8).tolist():
            path = walk(rng, price[code], m.instrument[code].kind == "price")
            price[code] = path[-1]
            for p in range(partitions):
                mine = np.where(rng.random(GRID) < 0.7, path, np.nan)
                if np.isfinite(mine).any():
                    volume = float(rng.integers(1, 9)) / 7
                    rows[p].append({"code": code, "end_us": at_us, "path": mine, "volume": volume, "shift_us": p})
        tape += [Partial(p, np.array([at_us]), columns(rows[p])) for p in range(partitions)]
    return tape


def walk(rng: np.random.Generator, price: float, by_log: bool) -> npt.NDArray[np.float64]:
    """Prices at the slots of one bar."""
    steps = np.cumsum(rng.standard_normal(GRID)) * 0.001
    return np.asarray(price * np.exp(steps) if by_log else price + steps)


def inputs(stage: str, tape: Iterable[Partial], of: Market | None = None, partitions: int = 2) -> list[Any]:
    """What a step of the pipeline is fed when the tape runs through the steps before it."""
    pipeline = Pipeline(market() if of is None else of, partitions)
    names = [s.name for s in pipeline.stages]
    until = names.index(stage)
    return [_through(pipeline, item, until) for partial in tape for item in pipeline.stages[0].step.update(partial)]


def _through(pipeline: Pipeline, item: Any, until: int) -> Any:
    for _, step, always in pipeline.stages[1:until]:
        item = step.update(item) if always or item.final else step.peek(item)
    return item
