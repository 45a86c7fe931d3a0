"""The index as a whole: what it knows, when it keeps silent, what a period without data does to it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.signals.bank import Indications
from models.signals.index import IndexState, StressIndex, level_of
from models.signals.ranks import RecursiveRank
from schemas.bars import GRID, Partial
from tests.laws import canonical
from tests.models import tape

MARKET = tape.market()
FED: list[Indications] = tape.inputs("index", tape.partials(500))


def run(fed: list[Indications] | None = None) -> list[IndexState]:
    step = StressIndex(MARKET)
    return [step.update(x) if x.final else step.peek(x) for x in (FED if fed is None else fed)]


STATES = run()


def test_it_warms_up_then_always_knows() -> None:
    known = [math.isfinite(s.index) for s in STATES]
    first = known.index(True)
    assert all(known[first:])
    assert not STATES[first].begun
    finals = [s for s in STATES[: first + 1] if s.final]
    assert len(finals) >= MARKET.history.warm_up


def test_contributions_sum_to_the_index_and_changes_to_their_total() -> None:
    for s in STATES:
        if math.isfinite(s.index):
            assert 0 <= s.index <= 100
            assert s.index == sum(s.aggregates.value.by_segment.tolist())
            assert s.aggregates.value.by_indicator.sum() == pytest.approx(s.index, abs=1e-12)
        if s.moved is not None:
            parts = sum(s.moved.level.tolist()) + s.moved.correlation + s.moved.composition
            assert parts == pytest.approx(s.moved.total, rel=0, abs=1e-12)


def test_the_percentile_is_the_rank_among_past_finals() -> None:
    standing = RecursiveRank(1, MARKET.history.warm_up, MARKET.history.capacity)
    for s in STATES:
        x = np.array([s.index])
        rank = standing.update(x) if s.final else standing.peek(x)
        assert s.percentile == pytest.approx(100 * rank[0], nan_ok=True)
        assert s.level == level_of(s.percentile)


def test_change_is_since_the_last_final() -> None:
    last: IndexState | None = None
    for s in STATES:
        if s.moved is not None:
            assert last is not None
            assert s.moved.since_us == last.indications.observation.window.at_us
            assert s.moved.total == s.index - last.index
        if s.final and math.isfinite(s.index):
            last = s
    assert last is not None


@pytest.mark.parametrize(
    ("percentile", "name"),
    [(math.nan, "unknown"), (0, "calm"), (49.9, "calm"), (50, "normal"), (75, "elevated"), (90, "high"),
     (97.4, "high"), (97.5, "severe"), (100, "severe")],
)  # fmt: skip
def test_levels(percentile: float, name: str) -> None:
    assert level_of(percentile) == name


def test_coverage_is_the_weight_of_what_is_live_and_scored() -> None:
    for s in STATES:
        live = s.aggregates.live.reshape(3, 3).mean(axis=1)
        assert s.coverage == pytest.approx(live.mean())
    assert max(s.coverage for s in STATES) == 1.0


def flat(seconds: int, until: int, moving: bool) -> list[Indications]:
    """All instruments each second until one, then silence; flat or on a fixed wave."""
    partials = []
    for s in range(1, seconds + 1):
        price = 100.0 + (math.sin(s * s) if moving else 0.0)
        at = tape.START + s * tape.SECOND
        rows = [{"code": c, "end_us": at, "path": [price] * GRID} for c in range(6)] if s <= until else []
        partials.append(Partial(0, np.array([at]), tape.columns(rows)))
    return tape.inputs("index", partials, partitions=1)


def test_constant_prices_carry_no_information() -> None:
    states = run(flat(400, 400, moving=False))
    assert all(math.isnan(s.index) for s in states)
    assert {s.level for s in states} == {"unknown"}
    assert {s.coverage for s in states} == {0.0}


def test_no_data_is_not_calm_and_teaches_nothing() -> None:
    fed = flat(400, 300, moving=True)
    step = StressIndex(MARKET)
    for x in fed:
        window = x.observation.window
        before = canonical(step.snapshot())
        state = step.update(x) if x.final else step.peek(x)
        if window.no_data:
            assert canonical(step.snapshot()) == before
    assert math.isnan(state.index)
    assert state.begun
    assert state.stale.tolist() == [True] * 5 + [False]  # no indicator reads the last one
    assert math.isnan(state.max_age_us)
