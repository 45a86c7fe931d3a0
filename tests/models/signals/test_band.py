"""The band, against indices computed again without each input and with inputs lost at random."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest

from models.signals.aggregate import Aggregate, Aggregates, Scores
from models.signals.band import Band
from models.signals.forms import quadratic
from models.signals.layout import Layout
from schemas.duration import DAY_US
from schemas.market import Market

SIZES = (4, 3, 1, 5)


def market(form: str = "z_mean", sizes: tuple[int, ...] = SIZES) -> Market:
    names = [f"I{n}" for n in range(sum(sizes))]
    starts = np.cumsum([0, *sizes])
    segments = [
        {"name": f"s{k}", "weight": k + 1, "indicator": [{"name": n, "kind": "level", "of": [n]} for n in names[a:b]]}
        for k, (a, b) in enumerate(pairwise(starts.tolist()))
    ]
    fields = {"version": 1, "name": "m", "feed": "m", "bar": "1m", "period": "1h", "form": form, "segment": segments}
    return Market.model_validate(fields | {"instrument": [{"name": n} for n in names]})


def scores(seed: int, live: np.ndarray | None = None, n: int = sum(SIZES)) -> Scores:
    rng = np.random.default_rng(seed)
    common = rng.normal(0.5, 1)
    z = np.clip(common + rng.standard_normal(n), -2, 8)
    rank = 1 / (1 + np.exp(-z))
    return Scores(rank, z, rank**2, np.ones(n) if live is None else live, rng.dirichlet(np.ones(n)), 1.0, True)


@pytest.mark.parametrize("form", ["ciss", "rank_mean", "tail_mean", "z_mean"])
def test_influence_is_what_the_index_reads_without_an_indicator(form: str) -> None:
    made = market(form)
    x = scores(1)
    found = Aggregate(made).peek(x)
    influence = Band(made).influence(found)
    for n in range(len(x.rank)):
        live = np.where(np.arange(len(x.rank)) == n, 0.0, 1.0)
        without = Aggregate(made).peek(dataclasses.replace(x, live=live))
        if form == "ciss":  # the correlation as it stood, without the score of now
            without = _with_correlation(made, without, found.correlation)
        assert influence[n] == pytest.approx(without.value.index - found.value.index, rel=1e-9, abs=1e-9)


def _with_correlation(made: Market, found: Aggregates, correlation: np.ndarray) -> Aggregates:
    return dataclasses.replace(found, value=quadratic(Layout.of(made), found.blend, correlation))


@pytest.mark.parametrize("lost", [0.1, 0.2, 0.3])
def test_it_holds_nine_of_ten_readings_that_lost_inputs_at_random(lost: float) -> None:
    sizes = (7, 5, 4, 6, 3, 4, 6)
    made = market("z_mean", sizes)
    band, step, rng = Band(made), Aggregate(made), np.random.default_rng(3)
    held, ages = [], np.zeros(sum(sizes))
    for seed in range(1500):
        x = scores(seed, n=sum(sizes))
        whole = step.peek(x).value.index
        live = (rng.random(sum(sizes)) >= lost).astype(float)
        found = step.peek(dataclasses.replace(x, live=live))
        held.append(abs(found.value.index - whole) <= band.half_width(found, ages))
    assert 0.87 <= np.mean(held) <= 0.97  # inputs that weigh alike; evaluation tries those of `us`


def test_no_index_has_no_band() -> None:
    made = market()
    nothing = scores(1, np.zeros(sum(SIZES)))
    assert np.isnan(Band(made).half_width(Aggregate(made).peek(nothing), np.zeros(sum(SIZES))))


def width(missing: int, *, ended: bool) -> float:
    """Of a reading that lacks so many inputs, just now or for good."""
    made, gone = market(), np.arange(sum(SIZES)) < missing
    found = Aggregate(made).peek(scores(2, np.where(gone, 0.0, 1.0)))
    return Band(made).half_width(found, np.where(gone & ended, 400.0 * DAY_US, 0.0))


def test_what_is_missing_widens_it_and_what_ended_does_not() -> None:
    assert width(0, ended=False) < width(8, ended=False)
    assert width(8, ended=True) < width(8, ended=False)


def test_with_nothing_left_there_is_none_and_with_little_there_is_one() -> None:
    assert np.isnan(width(sum(SIZES), ended=False))
    assert np.isfinite(width(sum(SIZES) - 1, ended=False))
