"""All scores as one step: two horizons, provisional looks, periods without data, the switch."""

from __future__ import annotations

import pickle
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from models.pipeline import Pipeline
from models.scores import Scored, Scores, Scoring, Unscored, scoring
from models.signals.step import StateVersionError
from schemas.bars import Partial
from schemas.control import MODEL_PROMOTED, Control
from schemas.reading import Details, decode_reading
from tests.laws import canonical
from tests.models import fake_models, tape

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


def promoted(seconds: int, orders: dict[int, tuple[str, str]]) -> list[Partial]:
    """The tape with orders that stand behind such seconds."""
    found = []
    for n, partial in enumerate(tape.partials(seconds, of=MARKET)):
        second = n // 2 + 1
        told = () if partial.partition or second not in orders else (orders[second],)
        at_us = tape.START + second * tape.SECOND
        controls = tuple(Control(MODEL_PROMOTED, name, order, at_us=at_us) for name, order in told)
        found.append(replace(partial, controls=controls))
    return found


ORDERS = {
    250: ("lstm", "1:1"), 300: ("transformer", "1:1"), 343: ("vae", "1:1"), 411: ("lstm:challenger", "2:2"),
    500: ("far", "1:1"), 555: ("lstm", "9:3"), 600: ("lstm", "2:4"), 650: ("transformer", "none:2"),
}  # fmt: skip
"""Now and then within a period of ten seconds; 9 is not there."""


def published(orders: dict[int, tuple[str, str]], shelf: fake_models.FakeShelf | None) -> tuple[list[bytes], Pipeline]:
    pipeline = Pipeline(MARKET, 2, shelf=shelf)
    said = [p for x in promoted(760, orders) for p in pipeline.feed(x)]
    return [body for p in said for body in (p.reading, p.details) if body], pipeline


def test_a_market_without_models_has_the_bytes_of_one_that_never_heard_of_them() -> None:
    (bare, before), (watched, after) = published({}, None), published({}, fake_models.shelf(MARKET))
    assert bare == watched
    assert canonical(before.snapshot()) == canonical(after.snapshot())
    state = after.snapshot()["scores"]
    assert "crew" not in state
    assert state["forecasters"][0]["guests"] == {"step": "no_guests", "version": 1, "layout": ()}


def test_without_a_registry_what_was_promoted_is_told_and_nobody_sits() -> None:
    (bare, _), (told, pipeline) = published({}, None), published({250: ("lstm", "1")}, None)
    assert len(bare) == len(told)
    assert decode_reading(told[-2]).models == {"lstm": "1"}
    assert decode_reading(told[-2]).forecast == decode_reading(bare[-2]).forecast
    assert "crew" not in pipeline.snapshot()["scores"]


def test_a_model_is_used_from_the_final_after_its_order_on() -> None:
    pipeline, seen = Pipeline(MARKET, 2, shelf=fake_models.shelf(MARKET)), []
    step = next(s.step for s in pipeline.stages if s.name == "scores")
    for x in tape.inputs("scores", promoted(300, {255: ("lstm", "1:1")}), of=MARKET):
        said = scores_of(step.update(x) if x.final else step.peek(x))
        weight = dict(zip(said.forecasts[0].names, said.forecasts[0].weights, strict=True)).get("lstm", -1.0)
        at_s = (x.indications.observation.window.at_us - tape.START) // tape.SECOND
        seen.append((at_s, [post.version for post in said.posts], weight, x.final))
    for at_s, versions, weight, _ in seen:
        assert versions == (["1"] if at_s > 255 else [])
        assert (weight > 0) == (at_s > 260), at_s
        assert (weight == -1.0) == (at_s <= 260)
        assert weight < 0.2


def test_orders_swap_models_come_and_go_and_are_told() -> None:
    bodies, _ = published(ORDERS, fake_models.shelf(MARKET))
    models = [decode_reading(body).models for body in bodies if b'"final"' in body]
    assert models[0] is msgspec.UNSET
    assert models[-1] == {"vae": "1", "far": "1", "lstm": "2"}
    told = [msgspec.json.decode(body, type=Details) for body in bodies if b'"final"' not in body]
    assert isinstance(told[-1].models, list)
    rows = {row.name + ("*" if row.role == "challenger" else ""): row for row in told[-1].models}
    assert rows["lstm"].version == "2"
    assert rows["lstm"].weight is not None
    assert rows["lstm*"].version is None
    assert (rows["transformer"].ordered, rows["transformer"].version) == (None, None)
    assert rows["vae"].kind == "anomaly"
    assert rows["vae"].probability is not None
    assert rows["far"].periods == 3
    refused = next(row for one in told if one.models for row in one.models if row.reason)
    assert (refused.name, refused.ordered, refused.version, refused.reason) == ("lstm", "9", "1", "missing")


def test_a_challenger_is_judged_and_changes_no_forecast() -> None:
    shelf = fake_models.shelf(MARKET)
    without, _ = published({250: ("lstm", "1:1")}, shelf)
    shadowed, _ = published({250: ("lstm", "1:1"), 251: ("lstm:challenger", "2:2")}, shelf)
    for one, other in zip(without, shadowed, strict=True):
        if b'"final"' in one:
            a, b = decode_reading(one).forecast, decode_reading(other).forecast
            assert a is None or a == pytest.approx(b, abs=0.3)  # rates know how many there are
    told = msgspec.json.decode(shadowed[-1], type=Details)
    assert isinstance(told.models, list)
    row = next(row for row in told.models if row.role == "challenger")
    assert row.weight == 0
    assert row.version == "2"


def test_restarts_anywhere_between_swaps_give_the_same_bytes_and_states() -> None:
    shelf = fake_models.shelf(MARKET)
    partials = promoted(760, ORDERS)
    whole = Pipeline(MARKET, 2, shelf=shelf)
    wanted = [p for x in partials for p in whole.feed(x)]
    pipeline, said = Pipeline(MARKET, 2, shelf=shelf), []
    for n, partial in enumerate(partials):
        said += pipeline.feed(partial)
        if n % 37 == 0:
            other = Pipeline(MARKET, 2, shelf=shelf)
            other.restore(pickle.loads(pickle.dumps(pipeline.snapshot())))
            pipeline = other
    assert said == wanted
    assert b"models.serving" not in pickle.dumps(whole.snapshot()), "a state is plain data"


def test_states_with_models_go_on_without_a_registry() -> None:
    _, pipeline = published(ORDERS, fake_models.shelf(MARKET))
    other = Pipeline(MARKET, 2)
    other.restore(pipeline.snapshot())
    assert canonical(other.snapshot()) == canonical(pipeline.snapshot())
    more = promoted(780, ORDERS)[1520:]
    said = [p for x in more for p in other.feed(x)]
    assert decode_reading(said[-1].reading).forecast is not None
