"""The forecast of one horizon: no future, no learning before its time, calibrated, and never far from persistence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.ensemble.forecaster import EXPERTS, Forecast, Forecaster
from models.ensemble.levels import LEVELS, pinball
from models.features import Moment, Schema
from models.window import windows
from tests.laws import canonical
from tests.models import score_samples, tape

MARKET = tape.market()
SCHEMA = Schema.of(MARKET)


def run(moments: list[Moment], periods: int = 1) -> list[Forecast]:
    forecaster = Forecaster(SCHEMA, periods)
    return [forecaster.update(x) for x in windows(MARKET, moments)]


LONG = list(score_samples.made(1200, seed=6))
SAID = run(LONG)


def judged(said: list[Forecast]) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles as published, float64[n, K, Q], and what came."""
    due = [(f.issued.quantiles, f.change) for f in said if f.issued is not None and np.isfinite(f.change)]
    known = [(q, y) for q, y in due if np.isfinite(q[-1]).all()]
    return np.stack([q for q, _ in known]), np.array([y for _, y in known])


def test_quantiles_are_sorted_and_stay_within_the_scale() -> None:
    for forecast in SAID:
        if np.isfinite(forecast.quantiles).all():
            assert (np.diff(forecast.quantiles) >= 0).all()
            assert forecast.quantiles[0] >= 0
            assert forecast.quantiles[-1] <= 100
            assert forecast.weights.sum() == pytest.approx(1.0)


def test_the_yardsticks_are_always_awake_and_others_wake_up() -> None:
    awake = np.array([np.isfinite(f.experts[:, 0]) for f in SAID])
    first = int(np.argmax(awake[:, 0]))
    assert awake[first:, :3].all()
    assert not awake[first, 3:].any()
    assert awake[-1].all()
    assert SAID[first].weights[3:] == pytest.approx(np.zeros(len(EXPERTS) - 3))


def test_the_ensemble_covers_what_it_promises() -> None:
    quantiles, came = judged(SAID)
    within = (quantiles[:, -1, 0] <= came) & (came <= quantiles[:, -1, -1])
    assert within.mean() == pytest.approx(0.9, abs=0.02)
    assert (came[:, None] <= quantiles[:, -1]).mean(axis=0) == pytest.approx(LEVELS, abs=0.04)


def test_an_index_held_at_a_bound_for_a_year_does_not_lock_the_guard() -> None:
    """Quantiles cross meanwhile; judged when sorted, each got the hits of the other and intervals grew without end."""
    held = [replace(m, index=0.0) if 250 <= n < 520 else m for n, m in enumerate(LONG)]
    quantiles, came = judged(run(held))
    last = slice(-300, None)
    for row in (0, -1):
        within = (quantiles[last, row, 0] <= came[last]) & (came[last] <= quantiles[last, row, -1])
        assert within.mean() == pytest.approx(0.9, abs=0.05)


def test_the_worst_case_is_the_baseline() -> None:
    quantiles, came = judged(SAID)
    loss = np.nanmean(pinball(quantiles, came[:, None, None]).mean(axis=2), axis=0)
    assert loss[-1] < 1.01 * min(loss[0], loss[1])


@pytest.mark.parametrize("periods", [1, 3])
def test_nothing_learns_before_its_label_has_come(periods: int) -> None:
    """Another index from final n on changes no state before final n, and no learner by forecasts that are not due."""
    cut = 150
    other = [replace(m, index=100 - m.index) if n >= cut else m for n, m in enumerate(LONG)]
    one, two = Forecaster(SCHEMA, periods), Forecaster(SCHEMA, periods)
    for n, (x, y) in enumerate(zip(windows(MARKET, LONG[:cut]), windows(MARKET, other[:cut]), strict=True)):
        lessons = one.linear.lessons
        assert canonical(one.update(x)) == canonical(two.update(y)), n
        assert one.linear.lessons <= max(lessons + 1, 0)
        assert one.linear.lessons <= max(n + 1 - periods, 0)
    assert canonical(one.snapshot()) == canonical(two.snapshot())


def test_labels_are_the_change_over_the_whole_horizon() -> None:
    known = [m for m in LONG if m.learns]
    said = [f for f, m in zip(run(LONG[:300], 3), LONG, strict=False) if m.learns]
    for n, forecast in enumerate(said):
        if n >= 3:
            assert forecast.issued is not None
            assert forecast.change == known[n].index - known[n - 3].index
            assert forecast.issued.at_us == known[n - 3].at_us
        else:
            assert forecast.issued is None


def test_a_period_without_data_is_looked_at_and_not_learned() -> None:
    forecaster = Forecaster(SCHEMA, 1)
    for x in windows(MARKET, LONG[:100]):
        forecaster.update(x)
    before = canonical(forecaster.snapshot())
    x = next(x for x in windows(MARKET, LONG[:4]) if not x.moment.learns)
    assert np.isfinite(forecaster.update(x).quantiles).all()
    assert canonical(forecaster.snapshot()) == before
