"""All scores as one step: two horizons, provisional looks, periods without data, the switch."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from models.pipeline import Pipeline
from models.scores import Scored, Scores, Scoring, Unscored, scoring
from models.signals.step import StateVersionError
from schemas.reading import decode_reading
from tests.laws import canonical
from tests.models import tape

MARKET = tape.market(scores={"enabled": True}, horizon="30s")


def scored(seconds: int = 900) -> list[Scored]:
    return tape.inputs("publication", tape.partials(seconds, of=MARKET), of=MARKET)


SAID = scored()


def scores_of(x: Scored) -> Scores:
    assert x.scores is not None
    return x.scores


def test_a_market_says_whether_it_wants_scores() -> None:
    assert isinstance(scoring(MARKET), Scoring)
    assert isinstance(scoring(tape.market()), Unscored)
    assert all(x.scores is None for x in tape.inputs("publication", tape.partials(30)))


def test_forecasts_look_one_period_and_one_horizon_ahead() -> None:
    last = scores_of(SAID[-1])
    assert [f.periods for f in last.forecasts] == [1, 3]
    assert all(np.isfinite(f.quantiles).all() for f in last.forecasts)
    one = tape.inputs(
        "publication", tape.partials(60, of=(m := tape.market(scores={"enabled": True}, horizon="9s"))), m
    )
    assert [f.periods for f in scores_of(one[-1]).forecasts] == [1]


def test_learners_learn_at_finals_only() -> None:
    """Provisional readings between finals change no state: without them the finals say the same."""
    pipeline = Pipeline(MARKET, 2)
    step = next(s.step for s in pipeline.stages if s.name == "scores")
    for x in SAID:
        said = step.update(x.state) if x.final else step.peek(x.state)
        assert canonical(said) == canonical(x)
    only = Scoring(MARKET)
    for x in (x for x in SAID if x.final):
        assert canonical(only.update(x.state)) == canonical(x)


def test_a_restart_at_any_final_gives_the_same_readings() -> None:
    partials = tape.partials(700, of=MARKET)
    whole = Pipeline(MARKET, 2)
    wanted = [p for x in partials for p in whole.feed(x)]
    pipeline, said = Pipeline(MARKET, 2), []
    for n, partial in enumerate(partials):
        said += pipeline.feed(partial)
        if n % 97 == 0:
            other = Pipeline(MARKET, 2)
            other.restore(pickle.loads(pickle.dumps(pipeline.snapshot())))
            pipeline = other
    assert said == wanted


def test_the_saved_state_is_small_and_the_same_object_until_the_next_final() -> None:
    step = Scoring(MARKET)
    for x in (x for x in SAID if x.final):
        step.update(x.state)
    saved = step.snapshot()
    assert len(pickle.dumps(saved)) < 400_000
    assert step.snapshot()["anomaly"]["stamped"] is saved["anomaly"]["stamped"]


def test_a_state_without_scores_is_refused_by_a_market_that_wants_them() -> None:
    with pytest.raises(StateVersionError, match="unscored"):
        Scoring(MARKET).restore(Unscored().snapshot())


def test_readings_stay_short() -> None:
    pipeline = Pipeline(MARKET, 2)
    published = [p for x in tape.partials(700, of=MARKET) for p in pipeline.feed(x)]
    assert max(len(p.reading) for p in published) < 1000
    assert isinstance(decode_reading(published[-1].reading).forecast, list)
