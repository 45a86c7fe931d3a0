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
    held = []
    for seed in range(1500):
        x = scores(seed, n=sum(sizes))
        whole = step.peek(x).value.index
        live = (rng.random(sum(sizes)) >= lost).astype(float)
        found = step.peek(dataclasses.replace(x, live=live))
        missing = 1 - live.mean()
        held.append(abs(found.value.index - whole) <= band.half_width(found, 1 - missing))
    assert 0.86 <= np.mean(held) <= 0.96


def test_no_index_has_no_band() -> None:
    made = market()
    nothing = scores(1, np.zeros(sum(SIZES)))
    assert np.isnan(Band(made).half_width(Aggregate(made).peek(nothing), 0.0))


def test_a_worse_coverage_is_a_wider_band() -> None:
    made = market()
    found = Aggregate(made).peek(scores(2))
    widths = [Band(made).half_width(found, coverage) for coverage in (1.0, 0.95, 0.8, 0.5, 0.0)]
    assert widths[0] == widths[1]
    assert widths[1:] == sorted(widths[1:])
    assert np.isfinite(widths[-1])
