"""The first principal component: loadings follow what moves together, and only the past."""

from __future__ import annotations

import numpy as np
import pytest

from models.signals.factor import EVERY, KNOWN_FROM, Factor


def _common(finals: int, strength: list[float], seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    a = np.array(strength)
    return rng.standard_normal((finals, 1)) * a + rng.standard_normal((finals, len(a))) * np.sqrt(1 - a * a)


def test_equal_before_enough_is_known() -> None:
    step = Factor(4)
    for x in _common(KNOWN_FROM - 1, [0.9, 0.9, 0.5, 0.1]):
        assert step.update(x).tolist() == [0.25] * 4


def test_loadings_are_the_leading_eigenvector_of_the_past() -> None:
    z = _common(30 * EVERY, [0.9, 0.8, 0.6, 0.2])
    step = Factor(4)
    for x in z:
        step.update(x)
    second = z.T @ z
    scale = np.sqrt(np.diag(second))
    first = np.abs(np.linalg.eigh(second / np.outer(scale, scale))[1][:, -1])
    np.testing.assert_allclose(step.peek(z[0]), first / first.sum(), rtol=1e-9)


def test_what_moves_against_the_rest_does_not_count() -> None:
    z = _common(30 * EVERY, [0.9, 0.8, 0.7, 0.9])
    z[:, 3] = -z[:, 3]
    step = Factor(4)
    for x in z:
        step.update(x)
    loading = step.peek(z[0])
    assert loading[3] == 0
    assert loading.sum() == pytest.approx(1)
    assert (loading[:3] > 0.2).all()


def test_a_newcomer_counts_once_it_has_met_the_others_often_enough() -> None:
    z = _common(60 * EVERY, [0.9, 0.8, 0.7])
    z[: 30 * EVERY, 2] = np.nan
    step = Factor(3)
    seen = [step.update(x)[2] for x in z]
    assert max(seen[KNOWN_FROM + EVERY : 30 * EVERY + KNOWN_FROM]) == 0
    assert seen[-1] > 0.2


def test_the_sign_does_not_depend_on_the_solver() -> None:
    step = Factor(2)
    for x in _common(20 * EVERY, [0.9, 0.9]):
        step.update(x)
    assert (step.loading > 0).all()
