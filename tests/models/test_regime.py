"""Regimes: ordered, filtered, and not flickering."""

from __future__ import annotations

import numpy as np
import pytest

from models import regime
from models.features import Schema
from models.regime import APART, DWELL, STATES, UNKNOWN, Regime, RegimeFilter
from models.window import Seen
from tests.models import tape
from tests.models.test_features import moment

SCHEMA = Schema.of(tape.market())


def run(levels: np.ndarray, percentile: float = 50.0) -> tuple[RegimeFilter, list[Regime]]:
    """Regimes of index and log volatility that stand at these deviations from their past."""
    step, found = RegimeFilter(SCHEMA), []
    for level in levels.tolist():
        row = np.zeros(len(SCHEMA.names))
        row[[SCHEMA.names.index("index"), SCHEMA.names.index("volatility")]] = level
        found.append(step.update(Seen(moment(20.0, percentile=percentile), row, row[None])))
    return step, found


def test_levels_have_their_names() -> None:
    noise = 0.3 * np.random.default_rng(1).standard_normal(300)
    _, found = run(np.repeat([-0.7, 0.5, 2.5], 100) + noise)
    assert [found[n].name for n in (99, 199, 299)] == list(STATES)
    assert all(f.probability.sum() == pytest.approx(1.0) for f in found)


def test_one_wild_day_is_no_regime_and_a_regime_lasts() -> None:
    levels = np.full(200, -0.7)
    levels[100] = 6.0
    levels[150:] = np.where(np.arange(50) % 2, 2.5, -0.7)
    _, found = run(levels)
    assert {f.name for f in found[20:150]} == {"calm"}
    names = [f.name for f in found]
    switches = [n for n in range(1, 200) if names[n] != names[n - 1]]
    assert np.diff([0, *switches]).min(initial=200) >= DWELL


def test_the_filter_is_hamiltons(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the sum over all paths of states, with centres and scales that stand still."""
    monkeypatch.setattr(regime, "PACE", 0.0)
    levels = np.random.default_rng(1).standard_normal(6)
    found = run(levels)[1]
    joint = np.full(3, 1 / 3)[None]
    for level in levels:
        density = regime._densities(np.full(2, level), regime.START, regime.SPREAD)
        joint = (joint.reshape(-1, 3, 1) * regime._TRANSITION[None]).reshape(-1, 3) * density  # every path, one longer
    wanted = joint.sum(axis=0) / joint.sum()
    assert found[-1].probability == pytest.approx(wanted)


def test_states_stay_in_order() -> None:
    step, _ = run(np.random.default_rng(1).standard_normal(3000) * 0.1)
    assert (np.diff(step.centre[:, 0]) >= APART - 1e-12).all()


def test_without_a_percentile_the_regime_is_unknown() -> None:
    step, found = run(np.full(30, 2.0), percentile=float("nan"))
    assert {f.name for f in found} == {UNKNOWN}
    assert step.probability == pytest.approx(np.full(3, 1 / 3))
