"""Watching models: a tail probability of each one's own past, which begins with its gate set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.anomaly import Anomaly
from models.serving.seats import Seat
from models.surprises import Surprises, SurpriseTail
from models.window import Seen
from tests.models import fake_models, score_samples, tape

MARKET = tape.market(history={"warm_up": 40, "capacity": 500})
SHELF = fake_models.shelf(MARKET)
SEEN = score_samples.seen()


def model(version: str = "1") -> fake_models.FakeModel:
    found = SHELF.models["vae", version]
    assert isinstance(found, fake_models.FakeModel)
    return found


def watched(x: Seen, *seats: Seat) -> Seen:
    return replace(x, seats=seats)


def test_a_newcomer_is_asked_first_and_used_from_the_next_final_on() -> None:
    step, seat = Surprises(MARKET), Seat("vae", "1", 0, model())
    first, second = (step.update(watched(x, seat))[0] for x in SEEN[:2])
    assert np.isfinite([first.surprise, first.reconstruction]).all()
    assert np.isnan(first.probability)
    assert not first.used
    assert second.used
    assert 0 < second.probability <= 1


def test_what_is_unlike_the_gate_set_is_improbable() -> None:
    step, seat = Surprises(MARKET), Seat("vae", "1", 0, model())
    for x in SEEN[:60]:
        step.update(watched(x, seat))
    calm = step.peek(watched(SEEN[60], seat))[0].probability
    rows = SEEN[60].rows.copy()
    rows[-1] = 6.0
    wild = step.peek(watched(replace(SEEN[60], rows=rows), seat))[0].probability
    assert wild < 0.01 < calm


def test_without_a_past_it_warms_up_like_every_view() -> None:
    step, seat = Surprises(MARKET), Seat("vae", "1", 0, replace(model(), past=np.empty(0)))
    said = [step.update(watched(x, seat))[0] for x in SEEN[:45]]
    assert np.isnan([one.probability for one in said[:40]]).all()
    assert np.isfinite([one.probability for one in said[41:]]).all()


def test_another_version_begins_with_its_own_past() -> None:
    step = Surprises(MARKET)
    for x in SEEN[:5]:
        step.update(watched(x, Seat("vae", "1", 0, model())))
    swapped = Seat("vae", "2", 0, replace(model("2"), past=np.empty(0)))
    assert not step.update(watched(SEEN[5], swapped))[0].used
    assert np.isnan(step.update(watched(SEEN[6], swapped))[0].probability)
    step.update(SEEN[7])
    assert step.seated == ()
    assert step.snapshot()["tails"] == {}


def test_a_shadow_is_told_and_never_used_and_forecasters_are_none_of_its_business() -> None:
    step = Surprises(MARKET)
    seats = (Seat("vae:challenger", "2", 0, model("2")), Seat("lstm", "1", 1, model()), Seat("vae", "1", 0, None))
    for x in SEEN[:3]:
        shadow, gone = step.update(watched(x, *seats))
    assert np.isfinite(shadow.probability)
    assert not shadow.used
    assert np.isnan(gone.probability)


def test_periods_without_data_teach_nothing() -> None:
    step = Surprises(MARKET)
    x = replace(SEEN[0], moment=replace(SEEN[0].moment, learns=False))
    step.update(watched(x, Seat("vae", "1", 0, model())))
    assert step.seated == ()


def test_learning_in_one_go_is_learning_one_by_one() -> None:
    past = np.random.default_rng(2).gamma(2.0, 1.0, 120)
    one, two = SurpriseTail(20, 100), SurpriseTail(20, 100)
    one.learn(past)
    for x in past.tolist():
        two.update(x)
    assert one.peek(3.3) == two.peek(3.3)


def test_an_anomaly_beside_others_is_corrected_for_all() -> None:
    own = Anomaly(0.2, 0.5, 1.0, np.array([0.1, np.nan]))
    assert own.beside(np.empty(0)) is own
    assert own.beside(np.array([0.02])).probability == pytest.approx(0.04)
    assert own.beside(np.array([np.nan])).probability == pytest.approx(0.1)
