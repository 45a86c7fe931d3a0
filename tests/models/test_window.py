"""The window: 49 finals and now, normalised by the past alone, the same in training and in serving."""

from __future__ import annotations

import numpy as np
import pytest

from models.features import LENGTH, Moment, Schema, moment_of
from models.pipeline import Pipeline
from models.window import BOUND, WARM_UP, FeatureWindow, learned, normalised, windows
from tests.laws import canonical
from tests.models import tape
from tests.models.test_features import moment

MARKET = tape.market()


def moments(seconds: int = 420) -> list[Moment]:
    return [moment_of(x) for x in tape.inputs("publication", tape.partials(seconds))]


def test_training_and_serving_see_the_same_bits() -> None:
    """Training reads the finals of a history; serving looks at provisional moments between them and is restarted."""
    fed = moments()
    trained = [canonical(seen.rows) for seen in windows(MARKET, [m for m in fed if m.final])]
    pipeline, step, served = Pipeline(MARKET, 2), FeatureWindow(MARKET), []
    for partial in tape.partials(420):
        for window in pipeline.stages[0].step.update(partial):
            item = window
            for _, one, always in pipeline.stages[1:-1]:
                item = one.update(item) if always or item.final else one.peek(item)
            seen = step.update(moment_of(item)) if item.final else step.peek(moment_of(item))
            if item.final:
                served.append(canonical(seen.rows))
                other = FeatureWindow(MARKET)
                other.restore(step.snapshot())
                step = other
    assert served == trained
    assert len(trained) > 30


def test_the_window_ends_with_now_and_holds_the_finals_before() -> None:
    step, rows = FeatureWindow(MARKET), []
    for m in moments():
        seen = step.update(m) if m.final else step.peek(m)
        assert seen.rows.shape == (LENGTH, len(Schema.of(MARKET).names))
        assert np.isfinite(seen.rows).all()
        for back, row in enumerate(reversed(rows[-(LENGTH - 1) :]), start=2):
            assert np.array_equal(seen.rows[-back], row)
        if m.learns and m.final:
            rows.append(seen.now)
    assert len(rows) > 30


def test_normalisation_is_by_the_past_alone() -> None:
    rng = np.random.default_rng(1)
    values, found = rng.standard_normal((60, 3)) * [1, 100, 0] + [5, -3, 7], np.zeros((3, 3))
    for n, row in enumerate(values):
        said = normalised(row, found)
        if n < WARM_UP:
            assert not said.any()
        else:
            wanted = (row[:2] - values[:n, :2].mean(axis=0)) / values[:n, :2].std(axis=0, ddof=1)
            assert said[:2] == pytest.approx(np.clip(wanted, -BOUND, BOUND))
            assert said[2] == 0  # does not vary
        found = learned(row, found)


def test_a_period_without_data_teaches_nothing() -> None:
    step = FeatureWindow(MARKET)
    step.update(moment(10.0))
    before = canonical(step.snapshot())
    step.update(moment(99.0, learns=False))
    assert canonical(step.snapshot()) == before
