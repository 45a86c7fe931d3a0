"""Correlations, against explicit weighted sums over the periods that both instruments were there."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.signals.correlation import BASE, KNOWN_FROM, LONG, SHORT, Correlation
from models.signals.volatility import Volatilities
from tests.models import tape

MARKET = tape.market()
HALF_LIVES = {BASE: 15.0, SHORT: 5.0, LONG: 30.0}


def explicit(past: list[Volatilities], i: int, j: int, half_life: float) -> float:
    """The sum w r_i r_j / sqrt(sum w r_i^2 sum w r_j^2), returns per square root of the time they cover."""
    weight, kept = np.empty(0), []
    for said in past:
        seen = said.observation
        pair = seen.period_return[[i, j]] / np.sqrt(seen.elapsed[[i, j]])
        if np.isfinite(pair).all():
            decay = 0.5 ** (seen.window.fraction / half_life)
            weight = np.append(weight * decay, 1 - decay)
            kept.append(pair)
    if len(kept) < KNOWN_FROM:
        return math.nan
    a, b = np.array(kept).T
    return float((weight * a * b).sum() / math.sqrt((weight * a * a).sum() * (weight * b * b).sum()))


def test_every_correlation_is_its_definition_at_finals_and_between() -> None:
    step = Correlation(MARKET)
    past: list[Volatilities] = []
    for said in tape.inputs("correlation", tape.partials(160)):
        matrix = (step.update(said) if said.final else step.peek(said)).matrix
        for memory, half_life in HALF_LIVES.items():
            for i, j in ((0, 1), (1, 3), (4, 0), (5, 2)):
                expected = explicit([*past, said], i, j, half_life) * (1 - MARKET.shrinkage)
                assert matrix[memory, i, j] == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)
        if said.final:
            past.append(said)
    assert len(past) == 16


def test_matrices_are_symmetric_bounded_and_one_on_the_diagonal() -> None:
    step = Correlation(MARKET)
    for said in tape.inputs("correlation", tape.partials(200)):
        matrix = step.update(said).matrix
    np.testing.assert_array_equal(matrix, matrix.transpose(0, 2, 1))
    assert (np.abs(matrix) <= 1).all()
    assert (matrix[:, range(6), range(6)] == 1).all()


def test_a_pair_is_unknown_before_enough_joint_returns() -> None:
    step = Correlation(MARKET)
    finals = [said for said in tape.inputs("correlation", tape.partials(200)) if said.final]
    matrices = [step.update(said).matrix for said in finals]
    counts = [sum(np.isfinite(s.observation.period_return[[0, 1]]).all() for s in finals[: n + 1])
              for n in range(len(finals))]  # fmt: skip
    assert [bool(np.isfinite(m[BASE, 0, 1])) for m in matrices] == [count >= KNOWN_FROM for count in counts]
    assert 0 < sum(count < KNOWN_FROM for count in counts) < len(counts)


def test_shrinkage_pulls_towards_identity() -> None:
    fed = tape.inputs("correlation", tape.partials(150))
    found = {}
    for shrinkage in (0.0, 0.5, 1.0):
        step = Correlation(tape.market(shrinkage=shrinkage))
        for said in fed:
            found[shrinkage] = step.update(said).matrix[BASE, 0, 1]
    assert found[0.5] == pytest.approx(found[0.0] / 2)
    assert found[1.0] == 0.0
