"""Observations, against a walk over all bars of the period at every window."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from models.calendars import schedule_of
from models.signals.merge import BarMerge, Window
from models.signals.path import Observation, PeriodPath
from schemas.bars import GRID, Partial
from schemas.market import Market
from schemas.reading import parse_rfc3339
from tests.models import tape

S, T0 = tape.SECOND, tape.START
MARKET = tape.market()
NY_OPEN = parse_rfc3339("2013-10-07T13:30:00Z")
MINUTE = 60 * S


def observe(windows: list[Window], market: Market = MARKET) -> list[Observation]:
    step = PeriodPath(market)
    return [step.update(window) for window in windows]


def by_definition(market: Market, windows: list[Window], upto: int, code: int) -> dict[str, float]:
    """One instrument at the end of window `upto`, from its bars alone; markets that never close."""
    is_price = market.instrument[code].kind == "price"
    bars = [
        (w, i) for w in windows[: upto + 1] for i in range(len(w.bars)) if w.bars.code[i] == code
    ]  # fmt: skip
    now = windows[upto]
    before = [(w, i) for w, i in bars if w.period_close_us < now.period_close_us]
    mine = [(w, i) for w, i in bars if w.period_close_us == now.period_close_us]

    def value(at: tuple[Window, int], name: str) -> float:
        return float(getattr(at[0].bars, name)[at[1]])

    def moved(new: float, old: float) -> float:
        return math.log(new / old) if is_price else new - old

    found = dict.fromkeys(("period_return", "variance", "bar_variance", "bipower"), math.nan) | {"volume": 0.0}
    if bars:
        found["close"] = value(bars[-1], "close")
        found["age_us"] = now.at_us - value(bars[-1], "end_us")
    if mine:
        found |= {"open": value(mine[0], "open"), "high": max(value(b, "high") for b in mine),
                  "low": min(value(b, "low") for b in mine),
                  "volume": sum(value(b, "volume") for b in mine)}  # fmt: skip
    marks = [value(before[-1], "close")] if before else []
    marks += [value(b, "close") for b in mine]
    if mine and before:
        found["period_return"] = moved(marks[-1], marks[0])
        found["variance"] = sum(
            value(b, "realized_variance") + moved(value(b, "first"), mark) ** 2
            for b, mark in zip(mine, marks[:-1], strict=True)
        )
    steps = [moved(b, a) for a, b in pairwise(marks)]
    if len(steps) > 1:
        found["bar_variance"] = sum(s * s for s in steps)
        product = sum(abs(a) * abs(b) for a, b in pairwise(steps))
        found["bipower"] = math.pi / 2 * len(steps) / (len(steps) - 1) * product
    return found


def test_every_observation_is_its_definition() -> None:
    windows = tape.inputs("path", tape.partials(60))
    for n, observation in enumerate(observe(windows)):
        for code in range(len(MARKET.instrument)):
            for name, expected in by_definition(MARKET, windows, n, code).items():
                got = getattr(observation, name)[code]
                assert got == pytest.approx(expected, rel=1e-12, abs=1e-16, nan_ok=True), (name, n, code)


def one(code: int, end_us: int, *path: float, opened: float | None = None) -> dict[str, Any]:
    prices = [*path, *[path[-1]] * (GRID - len(path))]
    return {"code": code, "end_us": end_us, "path": prices if opened is None else [opened, *prices[1:]]}


def windows_of(market: Market, rows: list[dict[str, Any]], times: list[int]) -> list[Window]:
    step = BarMerge(market, schedule_of(market), 1)
    return step.update(Partial(0, np.array(times), tape.columns(rows)))


def test_silence_is_not_fresh_and_becomes_stale() -> None:
    windows = windows_of(MARKET, [one(0, T0 + S, 5.0)], [T0 + n * S for n in (10, 20, 60, 70)])
    seen = observe(windows)
    assert [bool(o.fresh[0]) for o in seen] == [True] + [False] * 6
    assert [bool(o.live[0]) for o in seen] == [True] * 5 + [False] * 2  # five periods of ten seconds
    assert not any(o.live[1] for o in seen)
    assert [o.learns for o in seen] == [True] + [False] * 6
    assert seen[-1].close[0] == 5.0


def test_a_file_can_say_when_an_input_is_stale() -> None:
    seen = observe(windows_of(MARKET, [one(5, T0 + S, 5.0)], [T0 + 2 * S, T0 + 4 * S]))
    assert [bool(o.live[5]) for o in seen] == [True, False]


def test_a_return_covers_the_periods_since_the_last_bar() -> None:
    rows = [one(0, T0 + S, 1.0), one(0, T0 + 31 * S, 2.0)]
    seen = observe(windows_of(MARKET, rows, [T0 + 40 * S]))
    assert [o.elapsed[0] for o in seen] == [1.0, 1.0, 2.0, 3.0]
    assert seen[-1].period_return[0] == pytest.approx(math.log(2))
    assert seen[-1].variance[0] == pytest.approx(math.log(2) ** 2)


def test_one_daily_bar_is_its_squared_return() -> None:
    market = tape.market(calendar="XNYS", period="session", step="period", bar="1d")
    closes = [c for _, c in schedule_of(market).closes_between(NY_OPEN, NY_OPEN + 3 * 24 * 60 * MINUTE)]
    nan = math.nan
    rows = [{"code": 0, "end_us": c, "path": [nan] * (GRID - 1) + [p]} for c, p in zip(closes, (8, 9, 7), strict=True)]
    seen = observe(windows_of(market, rows, closes), market)
    assert seen[1].variance[0] == pytest.approx(math.log(9 / 8) ** 2)
    assert seen[2].variance[0] == pytest.approx(seen[2].period_return[0] ** 2)
    assert math.isnan(seen[2].bipower[0])


def test_the_overnight_gap_is_no_move_of_a_half_hour() -> None:
    market = tape.market(calendar="XNYS", period="30m", step="period", bar="1m")
    next_open = NY_OPEN + 24 * 60 * MINUTE
    rows = [
        one(0, NY_OPEN + 389 * MINUTE, 10.0),
        one(0, next_open + MINUTE, 20.0, 20.0, 22.0),
        one(0, next_open + 31 * MINUTE, 33.0),
        one(1, NY_OPEN + 389 * MINUTE, 10.0),
        one(1, next_open + 31 * MINUTE, 50.0, 55.0),
    ]
    seen = observe(windows_of(market, rows, [next_open + 60 * MINUTE]), market)
    first, second = seen[-2], seen[-1]
    assert first.period_return[0] == pytest.approx(math.log(22 / 20))
    assert first.variance[0] == pytest.approx(math.log(22 / 20) ** 2)
    assert second.period_return[0] == pytest.approx(math.log(33 / 22))
    assert second.period_return[1] == pytest.approx(math.log(55 / 50))  # silent in the first half hour
    assert second.elapsed[1] == 1.0
