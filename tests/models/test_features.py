"""Features of a moment: what they say, in which order, and that they come from the index as it stands."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.features import LENGTH, Moment, Schema, features_of, levels_of, moment_of
from models.signals.step import Floats
from tests.models import tape

MARKET = tape.market()
SCHEMA = Schema.of(MARKET)


def moment(index: float, at_us: int = tape.START, **changes: object) -> Moment:
    fields: dict[str, object] = {
        "at_us": at_us, "final": True, "learns": True, "index": index, "percentile": 50.0,
        "scores": np.array([0.1, 0.2, 0.3]),
        "contributions": np.array([index / 2, index / 4, index / 4]), "volatility": -9.0,
        "segment_correlation": 0.5, "correlation": 0.25, "coverage": 1.0,
    }  # fmt: skip
    return Moment(**(fields | changes))  # type: ignore[arg-type] # fields by their names


def named(values: Floats) -> dict[str, float]:
    return dict(zip(SCHEMA.names, values.tolist(), strict=True))


def test_changes_and_distances_are_taken_from_the_finals_before() -> None:
    past = np.stack([levels_of(moment(float(n))) for n in range(LENGTH - 1)])
    found = named(features_of(moment(60.0, volatility=-8.5), past))
    assert (found["change_1"], found["change_5"], found["change_22"]) == (12.0, 16.0, 33.0)
    assert found["above_mean_5"] == 60 - np.mean([44, 45, 46, 47, 48])
    assert found["above_mean_22"] == pytest.approx(60 - np.mean(range(27, 49)))
    assert found["log_index"] == math.log(61)
    assert (found["volatility"], found["volatility_change"]) == (-8.5, 0.5)
    assert (found["score.credit"], found["moved.credit"], found["contribution.equity"]) == (0.2, 0.0, 30.0)


def test_what_is_not_known_yet_is_nan() -> None:
    found = named(features_of(moment(60.0), np.full((LENGTH - 1, 6), np.nan)))
    assert math.isnan(found["change_1"])
    assert math.isnan(found["moved.equity"])
    assert found["index"] == 60.0


def test_the_calendar_turns_with_day_week_and_year() -> None:
    midnight = 1_700_006_400 * tape.SECOND
    at = [named(features_of(moment(1.0, midnight + h * 3600 * tape.SECOND), np.zeros((22, 6)))) for h in (0, 6, 24)]
    assert at[0]["day_sin"] == pytest.approx(0, abs=1e-9)
    assert at[1]["day_sin"] == pytest.approx(1)
    assert at[2]["day_cos"] == pytest.approx(at[0]["day_cos"])
    assert at[2]["week_cos"] != pytest.approx(at[0]["week_cos"])
    assert at[0]["year_sin"] != at[2]["year_sin"]


def test_a_moment_is_the_index_in_short() -> None:
    pipeline = [(x, moment_of(x)) for x in tape.inputs("publication", tape.partials(200))]
    known = [(state, m) for state, m in pipeline if math.isfinite(state.index)]
    assert known
    for state, m in known:
        assert (m.index, m.final, m.at_us) == (state.index, state.final, state.indications.observation.window.at_us)
        assert m.contributions.sum() == pytest.approx(m.index)
        variance = state.indications.correlations.volatilities.variance
        assert m.volatility == pytest.approx(np.log(variance[variance > 0]).mean())
        assert not abs(m.correlation) > 1  # NaN before pairs are known
    assert not any(m.learns for state, m in pipeline if math.isnan(state.index))


def test_another_market_has_another_schema() -> None:
    fewer = tape.market(segment=[s.model_dump() for s in MARKET.segment[:2]])
    assert Schema.of(fewer).hash != SCHEMA.hash == Schema.of(tape.market()).hash
    assert len(set(SCHEMA.names)) == len(SCHEMA.names)
