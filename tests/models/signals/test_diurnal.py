"""The time of day: a made-up profile is found, divided out, and nothing of tomorrow is in it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from models.calendars import schedule_of, sessions_of
from models.pipeline import Pipeline
from models.signals.diurnal import CUT, AdjustedPath, Diurnal
from models.signals.merge import BarMerge, Window
from models.signals.path import Observation, PeriodPath
from schemas.bars import Partial
from schemas.market import Market
from tests.models import tape

DAY = 86_400
FIRST = 1_700_006_400
"""Midnight UTC, a multiple of a day."""

LOUD = np.array([4.0, 0.5, 0.5, 1.0, 0.5, 0.5, 0.5, 0.5])
"""Share of a day's variance by slots of three hours; their mean is 1."""


def market(period: str = "3h", **changes: Any) -> Market:
    spans = dict.fromkeys(("volatility", "correlation", "correlation_short", "correlation_long"), "2d")
    fields = {
        "period": period, "step": "1h", "bar": "30m", "half_life": spans, "calendar": "24x7",
        "diurnal": {"slot": "3h", "half_life": "60d"},
        "instrument": [{"name": "P1"}, {"name": "P2"}],
        "segment": [{"name": "s", "indicator": [{"name": "v", "kind": "realized_volatility", "of": ["P1", "P2"]}]}],
    }  # fmt: skip
    return tape.market(**(fields | changes))


def partials(days: int, seed: int = 1, profile: np.ndarray = LOUD) -> list[Partial]:
    """Bars of half an hour whose moves are as loud as their slot."""
    rng, found, price = np.random.default_rng(seed), [], np.full(2, 100.0)
    for half_hour in range(1, days * 48 + 1):
        end_us = (FIRST + half_hour * 1800) * tape.SECOND
        loud = np.sqrt(profile[(half_hour - 1) % 48 // 6])
        price = price * np.exp(0.001 * loud * rng.standard_normal(2))
        rows = [
            {"code": c, "end_us": end_us, "path": [float(p)] * 6, "length_us": 1800 * tape.SECOND}
            for c, p in enumerate(price)
        ]
        found.append(Partial(0, np.array([end_us]), tape.columns(rows)))
    return found


def windows(of: Market, given: list[Partial]) -> list[Window]:
    merge = BarMerge(of, schedule_of(of), 1)
    return [window for one in given for window in merge.update(one)]


def observations(of: Market, given: list[Partial], step: Any) -> list[Observation]:
    return [step.update(window) for window in windows(of, given)]


def test_the_profile_is_found_and_is_1_on_average() -> None:
    of = market()
    step = AdjustedPath(of, sessions_of(of))
    observations(of, partials(120), step)
    profile = step.diurnal.profile
    np.testing.assert_allclose(profile.mean(axis=0), 1.0, atol=0.03)
    np.testing.assert_allclose(profile, np.tile(LOUD[:, None], 2), rtol=0.25)
    assert step.diurnal.learned.tolist() == [119, 119]


def test_the_loud_hour_is_no_louder_than_the_others_once_it_is_known() -> None:
    of, given = market(), partials(200)
    raw = [x for x in observations(of, given, PeriodPath(of)) if x.final]
    adjusted = [x for x in observations(of, given, AdjustedPath(of, sessions_of(of))) if x.final]

    def by_slot(seen: list[Observation]) -> np.ndarray:
        late = np.array([x.variance for x in seen[-150 * 8 :]])
        return late.reshape(150, 8, 2).mean(axis=(0, 2))

    loud, even = by_slot(raw), by_slot(adjusted)
    assert loud.max() / loud.min() > 5
    assert even.max() / even.min() < 1.4


@pytest.mark.parametrize("hours", range(1, 25))
def test_the_pace_is_the_mean_of_the_profile_over_the_period_so_far(hours: int) -> None:
    of = market("1d")
    step = AdjustedPath(of, sessions_of(of))
    given = windows(of, partials(30))
    for window in given[: 29 * 24 + hours - 1]:
        step.update(window)
    found = step.peek(given[29 * 24 + hours - 1])
    profile = step.diurnal.profile if hours > 1 else step.diurnal._learn(step.diurnal.now.copy())[0]
    want = np.repeat(profile, 3, axis=0)[:hours].mean(axis=0)
    np.testing.assert_allclose(found.pace, np.maximum(want, 0.1), rtol=1e-12)
    raw = PeriodPath(of)
    for window in given[: 29 * 24 + hours - 1]:
        raw.update(window)
    np.testing.assert_allclose(found.variance * found.pace, raw.peek(given[29 * 24 + hours - 1]).variance, rtol=1e-12)


def test_a_whole_session_is_left_as_it_was() -> None:
    of, given = market("1d"), partials(60)
    raw = [x.variance for x in observations(of, given, PeriodPath(of)) if x.final]
    adjusted = [x.variance for x in observations(of, given, AdjustedPath(of, sessions_of(of))) if x.final]
    np.testing.assert_allclose(adjusted, raw, rtol=0.12)


def test_provisional_variances_stop_running_ahead() -> None:
    """With the profile, the variance per elapsed share at noon is near the day's; without it, far above."""
    of, given = market("1d"), partials(120)
    far = {}
    for name, step in (("raw", PeriodPath(of)), ("adjusted", AdjustedPath(of, sessions_of(of)))):
        seen = observations(of, given, step)
        rows = [(a.variance / a.window.fraction, b.variance) for a, b in zip(seen[5::24], seen[23::24], strict=True)]
        early, whole = np.array(rows[30:]).transpose(1, 0, 2)
        far[name] = abs(np.log(early.mean() / whole.mean()))
    assert far["raw"] > 0.6
    assert far["adjusted"] < 0.15


def test_one_wild_day_moves_the_profile_no_further_than_its_cut_share() -> None:
    of, given = market(), partials(41)
    wild = [dataclasses.replace(p, bars=dataclasses.replace(p.bars)) for p in given]
    calm, hit = (AdjustedPath(of, sessions_of(of)) for _ in range(2))
    observations(of, given, calm)
    jump = wild[40 * 48 - 20].bars
    observations(of, [*wild[: 40 * 48 - 20], _times(wild[40 * 48 - 20], 1.5), *wild[40 * 48 - 19 :]], hit)
    assert jump is not None
    moved = np.abs(hit.diurnal.profile - calm.diurnal.profile)
    assert 0 < moved.max() <= CUT / 40


def _times(one: Partial, factor: float) -> Partial:
    b = one.bars
    return dataclasses.replace(
        one, bars=dataclasses.replace(b, high=b.high * factor, grid_price=b.grid_price * factor, low=b.low)
    )


def test_later_sessions_do_not_reach_back() -> None:
    of = market()
    one, other = partials(20), [*partials(20)[: 15 * 48], *partials(20, seed=9)[15 * 48 :]]
    said = [[p.reading for x in given for p in Pipeline(of, 1).feed(x)] for given in (one[:1], other[:1])]
    assert said[0] == said[1]
    seen = [observations(of, given, AdjustedPath(of, sessions_of(of))) for given in (one, other)]
    cut = 15 * 24
    for a, b in zip(seen[0][:cut], seen[1][:cut], strict=True):
        np.testing.assert_array_equal(a.variance, b.variance)


def test_a_market_without_a_profile_divides_by_one() -> None:
    of = market(diurnal=None)
    seen = observations(of, partials(2), PeriodPath(of))
    assert all((x.pace == 1).all() for x in seen)
    with pytest.raises(AssertionError, match="no profile"):
        Diurnal(of, sessions_of(of))
