"""The split of a change is exact, and each part means what it says."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from models.signals.aggregate import Aggregate, Scores
from models.signals.attribution import Attribution, End, Moved
from models.signals.forms import FORMS, blend, weighted
from models.signals.layout import Layout
from tests.models import tape
from tests.models.samples import SAMPLES

SCORES: list[Scores] = list(SAMPLES[Aggregate].stream())
RANKS = np.linspace(0.1, 0.9, 9)


def end_of(scores: Scores, form: str = "ciss", at: int = 0, step: Aggregate | None = None) -> End:
    aggregate = Aggregate(tape.market(form=form)) if step is None else step
    found = aggregate.update(scores)
    return End(at, found.value.index, found.scores, found.live, found.correlation, found.loading)


def split(then: End, now: End, form: str = "ciss") -> Moved:
    step = Attribution(tape.market(form=form))
    assert step.update(then) is None
    moved = step.update(now)
    assert moved is not None
    return moved


def complete(rank: np.ndarray) -> Scores:
    return Scores(rank, np.zeros(9), rank, np.ones(9), np.full(9, 1 / 9), 1.0, True)


@pytest.mark.parametrize("form", FORMS)
def test_parts_sum_to_the_change_whatever_comes_and_goes(form: str) -> None:
    market = tape.market(form=form)
    aggregate, step = Aggregate(market), Attribution(market)
    compared = 0
    for n, scores in enumerate(SCORES):
        end = end_of(scores, form, n, aggregate)
        moved = step.update(end)
        if moved is not None:
            parts = sum(moved.level.tolist()) + moved.correlation + moved.composition
            assert parts == pytest.approx(moved.total, rel=0, abs=1e-12)
            compared += 1
    assert compared == len(SCORES) - 1


def test_without_new_or_lost_inputs_there_is_no_composition() -> None:
    then = end_of(complete(RANKS))
    now = dataclasses.replace(end_of(complete(RANKS[::-1])), correlation=then.correlation)
    moved = split(then, dataclasses.replace(now, index=_index(now)))
    assert moved.composition == 0
    assert moved.correlation == 0


def test_correlation_alone_moves_the_correlation_part() -> None:
    then = end_of(complete(RANKS))
    closer = np.full((3, 3), 0.9)
    np.fill_diagonal(closer, 1.0)
    now = dataclasses.replace(then, correlation=closer)
    moved = split(then, dataclasses.replace(now, index=_index(now)))
    assert moved.level.tolist() == [0, 0, 0]
    assert moved.correlation == pytest.approx(moved.total)
    assert moved.total > 0


def test_an_input_that_goes_away_is_composition_alone() -> None:
    rank = RANKS.copy()
    rank[0] = np.nan
    then = end_of(complete(RANKS))
    gone = dataclasses.replace(then, scores=rank, live=np.where(np.isnan(rank), 0.0, 1.0))
    moved = split(then, dataclasses.replace(gone, index=_index(gone)))
    assert moved.level.tolist() == [0, 0, 0]
    assert moved.correlation == 0
    assert moved.composition == pytest.approx(moved.total)
    assert moved.total > 0  # the lowest score of its segment left


def test_linear_forms_have_no_correlation_part() -> None:
    moved = split(end_of(SCORES[1], "rank_mean"), end_of(SCORES[2], "rank_mean"), "rank_mean")
    assert moved.correlation == 0.0


def test_loadings_that_move_alone_are_the_correlation_part() -> None:
    then = end_of(SCORES[1], "factor")
    assert then.loading is not None
    now = dataclasses.replace(then, loading=then.loading[::-1])
    value = blend(Layout.of(tape.market()), now.scores, now.live, now.loading)
    moved = split(then, dataclasses.replace(now, index=100 * float(weighted(value).sum())), "factor")
    assert moved.level.tolist() == [0, 0, 0]
    assert moved.correlation == pytest.approx(moved.total)
    assert moved.total != 0


def test_nothing_is_compared_with_a_moment_without_an_index() -> None:
    step = Attribution(tape.market())
    first, blank = end_of(SCORES[1], at=1), end_of(complete(np.full(9, np.nan)), at=2)
    assert step.update(first) is None
    assert step.update(blank) is None
    moved = step.update(end_of(SCORES[2], at=3))
    assert moved is not None
    assert moved.since_us == 1


def _index(end: End) -> float:
    x = weighted(blend(Layout.of(tape.market()), end.scores, end.live))
    return 100 * float(x @ end.correlation @ x)
