"""Forecasts over history: judged on what came, and blind to the future: a shuffled one gives no skill, a leak a lot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation import panel, yardsticks
from evaluation.events import Event
from evaluation.forecasts import (
    DRAWN,
    LEAST,
    ROLLING,
    UNWEIGHTED,
    by_span,
    compared,
    decomposed,
    forecasts,
    judge,
    over_time,
)
from evaluation.report import plain
from evaluation.walks import ROWS, Walk, shuffled, walk
from models.ensemble.forecaster import ENSEMBLE
from models.features import Moment
from tests.evaluation import made
from tests.models import score_samples, tape

MARKET = tape.market()
LONG = [replace(m, learns=True) for m in score_samples.made(1500, seed=6)]


def skill(fed: list[Moment]) -> tuple[float, float]:
    """Of the ensemble against persistence, and its t."""
    said = judge(walk(MARKET, fed, 1), 1)
    assert said is not None
    row = said["rows"][ENSEMBLE]
    return row["skill"]["persistence"], row["diebold_mariano"]["persistence"]["t"]


def test_a_shuffled_future_gives_no_skill() -> None:
    for seed in (1, 2):
        found, t = skill(shuffled(LONG, seed))
        assert found < 0.01, seed
        assert t < 2.5, seed


def test_a_leak_would_be_seen() -> None:
    """The same history with tomorrow's move hidden in a feature."""
    moves = np.diff([m.index for m in LONG], append=LONG[-1].index)
    leaking = [replace(m, volatility=m.volatility + 0.5 * move) for m, move in zip(LONG, moves, strict=True)]
    found, t = skill(leaking)
    assert found > 0.1
    assert t > 5


def test_a_walk_is_judged_on_what_came() -> None:
    said = judge(walk(MARKET, LONG, 2), 2)
    assert said is not None
    assert said["rows"]["persistence"]["skill"]["persistence"] == 0
    assert set(said["rows"]) == set(ROWS)
    assert said["coverage"][ENSEMBLE]["0.9"]["overall"]["value"] == pytest.approx(0.9, abs=0.03)


@pytest.fixture(scope="module")
def beside() -> Walk:
    return compared(MARKET, LONG, 1)[0]


def test_second_yardsticks_are_judged_on_the_same_origins_where_both_are_awake(beside: Walk) -> None:
    said = judge(beside, 1)
    assert said is not None
    own, ensemble = said["rows"][yardsticks.AUTO_ARIMA], said["rows"][ENSEMBLE]
    assert own["labels"] == len(LONG) - yardsticks.LEAST - 21 < ensemble["labels"]  # the first error has no scale
    assert set(yardsticks.NAMES) < set(ensemble["skill"])
    awake = np.isfinite(beside.row(yardsticks.AUTO_ARIMA)[:, 0])
    alone = judge(beside.of(awake), 1)
    assert alone is not None
    for what in ("skill", "diebold_mariano"):
        told, same = ensemble[what][yardsticks.AUTO_ARIMA], alone["rows"][ENSEMBLE][what][yardsticks.AUTO_ARIMA]
        assert told == pytest.approx(same)
    assert said["coverage"][yardsticks.GARCH]["0.9"]["overall"]["value"] == pytest.approx(0.9, abs=0.03)


def test_the_unweighted_mean_is_of_all_who_are_awake(beside: Walk) -> None:
    last = beside.of(np.arange(len(beside.came) - 9, len(beside.came)))
    experts = np.array([last.row(name) for name in ROWS[:-1]])
    assert last.row(UNWEIGHTED) == pytest.approx(np.sort(np.nanmean(experts, axis=0), axis=1))


def test_parts_and_curves_are_of_occasions_when_all_are_awake(beside: Walk) -> None:
    said = decomposed(beside)
    assert said is not None
    awake = np.isfinite(beside.quantiles).all(axis=(1, 2))
    assert said["labels"] == awake.sum()
    alone = judge(beside.of(awake), 1)
    assert alone is not None
    for name, parts in said["crps"].items():
        assert parts["loss"] == pytest.approx(alone["rows"][name]["crps"])
        assert parts["loss"] == pytest.approx(parts["reliability"] - parts["resolution"] + parts["uncertainty"])
    assert set(said["crps"]) == set(beside.rows)
    assert {name for of in said["curves"].values() for name in of} == set(DRAWN)
    assert all(len(curve) == len(said["at"]) for of in said["curves"].values() for curve in of.values())
    assert decomposed(walk(MARKET, LONG[:100], 1)) is None


def test_coverage_over_time_is_that_of_the_labels_before(beside: Walk) -> None:
    said = over_time(beside)
    last = beside.of(np.arange(ROLLING))
    low, high = last.row(ENSEMBLE)[:, 0], last.row(ENSEMBLE)[:, -1]
    assert said["share"][0] == pytest.approx(((low <= last.came) & (last.came <= high)).mean())
    assert said["until"][0] == str(pd.Timestamp(int(last.at_us[-1]), unit="us").date())
    assert over_time(walk(MARKET, LONG[:100], 1))["share"] == []


def test_too_few_labels_say_nothing() -> None:
    assert judge(walk(MARKET, LONG[: LEAST // 2], 1), 1) is None
    of_2023 = by_span(walk(MARKET, LONG[:300], 1), 1)
    assert of_2023["1992-1999"] is None
    assert of_2023["2000-2025"] is not None
    assert of_2023["2000-2025"] == of_2023["2015-2025"]


def test_the_whole_part_of_a_short_panel(tmp_path: Path) -> None:
    """Two years: every figure that two years can give, the same twice, and None for the others."""
    inputs, macro = made.write(tmp_path)
    market = made.market().model_copy(update={"scores": made.market().scores.model_copy(update={"enabled": True})})
    columns = panel.read_columns(market, inputs, macro) | {"VIX": made.table()["S"].abs()}
    events = [Event(pd.Timestamp("2001-09-17"), "autumn", "fx")]
    told: set[str] = set()
    read = panel.arrange(market, columns)
    said = forecasts(market, read, columns, events, lambda what, done, of: told.add(what) if done == of else None)
    assert said["headline"]["2000-2025"]["labels"] > 300
    assert said["headline"]["1992-1999"] is None
    assert "skill" in said["headline"]["2000-2025"]["rows"][ENSEMBLE]
    assert said["yardsticks"]["fits"] == 0
    assert set(said["murphy"]["crps"]) == {*ROWS, UNWEIGHTED}
    assert said["anomaly"]["sample"]["first"][:4] == "2001"
    assert said["regimes"]["recessions"]["finals"] > 100
    assert len(said["entries"]["by"]["not in stress"]) == 20
    assert {one["what"].partition(":")[0] for one in said["demands"]} >= {"headline", "least_smoothed"}
    assert {"horizons", "periods of the headline", "periods of the least smoothed form"} <= told
    assert plain(said) == plain(forecasts(market, read, columns, events))
