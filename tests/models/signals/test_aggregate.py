"""The aggregation, against explicit sums over the past."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from models.signals.aggregate import START_CORRELATION, Aggregate, Scores
from models.signals.forms import FORMS, blend, linear, quadratic
from models.signals.layout import Layout
from models.signals.zscores import unit
from tests.models import tape
from tests.models.samples import SAMPLES

MARKET = tape.market()
LAYOUT = Layout.of(MARKET)
STREAM: list[Scores] = list(SAMPLES[Aggregate].stream())


def scores(rank: np.ndarray, fraction: float) -> Scores:
    return Scores(rank, np.zeros(9), rank, np.ones(9), np.full(9, 1 / 9), fraction, True)


def explicit(past: list[Scores], i: int, j: int) -> float:
    """The sum w d_i d_j / sqrt(sum w d_i^2 sum w d_j^2), from the start on, over the periods that both were live."""
    weights, products, mine, others = [1.0], [START_CORRELATION / 12], [1 / 12], [1 / 12]
    for x in past:
        d = blend(LAYOUT, x.rank, x.live).score[[i, j]] - 0.5
        if np.isfinite(d).all():
            decay = 0.5 ** (x.fraction / 15.0)
            weights = [w * decay for w in weights] + [1 - decay]
            products.append(d[0] * d[1])
            mine.append(d[0] ** 2)
            others.append(d[1] ** 2)
    sums = [float(np.dot(weights, column)) for column in (products, mine, others)]
    return 0.9 * sums[0] / math.sqrt(sums[1] * sums[2])


def test_correlation_and_forms_are_their_definition() -> None:
    step = Aggregate(MARKET)
    for n, x in enumerate(STREAM):
        found = step.update(x)
        for i, j in ((0, 1), (0, 2), (1, 2)):
            expected = explicit(STREAM[: n + 1], i, j)
            assert found.correlation[i, j] == found.correlation[j, i] == pytest.approx(expected, rel=1e-9, abs=1e-12)
        if not x.final:
            assert list(found.forms) == ["ciss"]
            continue
        ranks = blend(LAYOUT, x.rank, x.live)
        values = {
            "ciss": quadratic(LAYOUT, ranks, found.correlation).index,
            "factor": linear(LAYOUT, blend(LAYOUT, unit(x.z), x.live, x.loading)).index,
            "rank_mean": linear(LAYOUT, ranks).index,
            "tail_mean": linear(LAYOUT, blend(LAYOUT, x.tail, x.live)).index,
            "z_mean": linear(LAYOUT, blend(LAYOUT, unit(x.z), x.live)).index,
        }
        assert found.forms == pytest.approx(values)
        assert found.value.index == found.forms["ciss"]


def test_provisional_readings_give_the_forms_that_the_file_names_for_them() -> None:
    step = Aggregate(tape.market(form="z_mean", forms=["ciss"], step_forms=["tail_mean"]))
    assert {tuple(step.update(x).forms) for x in STREAM[:6]} == {("ciss", "z_mean"), ("tail_mean", "z_mean")}


def test_an_indicator_without_a_weight_is_only_watched() -> None:
    market = tape.market()
    segment = market.segment[0]
    watched = segment.model_copy(
        update={"indicator": (segment.indicator[0].model_copy(update={"weight": 0.0}), *segment.indicator[1:])}
    )
    market = market.model_copy(update={"segment": (watched, *market.segment[1:])})
    x = STREAM[1]
    found = Aggregate(market).update(x)
    assert found.value.by_indicator[0] == 0
    other = dataclasses.replace(x, rank=np.where(np.arange(9) == 0, 0.999, x.rank))
    assert Aggregate(market).update(other).value.index == found.value.index


@pytest.mark.parametrize("form", FORMS)
def test_the_headline_is_the_form_of_the_file(form: str) -> None:
    step = Aggregate(tape.market(form=form))
    found = step.update(STREAM[0])
    assert found.value.index == found.forms[form]  # type: ignore[index] # a form by its name
    assert np.isnan(found.scores[np.isnan(STREAM[0].rank)]).all()


def test_a_missing_segment_freezes_its_terms() -> None:
    step = Aggregate(MARKET)
    step.update(STREAM[1])
    before = step.peek(STREAM[1]).correlation
    rank = STREAM[1].rank.copy()
    rank[3:6] = np.nan
    for _ in range(5):
        step.update(dataclasses.replace(STREAM[1], rank=rank))
    assert step.products[0, 1] == pytest.approx(step.products[1, 0])
    frozen, moved = step.squares[1, 0], step.squares[0, 2]
    step.update(dataclasses.replace(STREAM[1], rank=rank))
    assert step.squares[1, 0] == frozen
    assert step.squares[0, 2] != moved
    assert before.shape == (3, 3)


def test_it_starts_between_independence_and_unity() -> None:
    calm = scores(np.full(9, 0.5), 1e-12)
    rho = Aggregate(MARKET).peek(calm).correlation
    np.testing.assert_allclose(rho[np.triu_indices(3, 1)], 0.9 * START_CORRELATION)


def test_no_index_below_zero_however_segments_come_and_go() -> None:
    step = Aggregate(tape.market(shrinkage=0.0))
    pairs = [((0, 0.95), (1, 0.05)), ((1, 0.95), (2, 0.05)), ((0, 0.05), (2, 0.95))]
    for (i, u), (j, v) in pairs * 200:
        rank = np.full(9, np.nan)
        rank[3 * i : 3 * i + 3], rank[3 * j : 3 * j + 3] = u, v
        step.update(scores(rank, 1.0))
    rank = np.full(9, 0.9)
    found = step.peek(scores(rank, 1e-9))
    raw = step._correlation(step.products, step.squares)
    assert np.linalg.eigvalsh(raw)[0] < -0.5
    assert found.value.index >= 0
    assert found.value.index == pytest.approx(sum(found.value.by_segment.tolist()))
    assert np.linalg.eigvalsh(found.correlation)[0] > -1e-9
