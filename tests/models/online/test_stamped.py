"""Models as bytes: of one version, the same however often they were taken down."""

from __future__ import annotations

import pickle

import pytest
from river import linear_model, preprocessing

from models.features import Schema
from models.online.linear import LinearModels
from models.online.stamped import RIVER, Stamped
from models.signals.step import StateVersionError
from tests.models import score_samples, tape


def test_bytes_are_made_once_between_two_lessons() -> None:
    stamped = Stamped(preprocessing.StandardScaler() | linear_model.LinearRegression())
    first = stamped.saved
    assert stamped.saved is first
    stamped.model.learn_one({"a": 1.0}, 2.0)
    stamped.learned()
    assert stamped.saved != first
    other = Stamped(None)
    other.restore(stamped.saved)
    assert other.model.predict_one({"a": 1.0}) == stamped.model.predict_one({"a": 1.0})


def test_when_bytes_are_taken_changes_nothing_of_what_is_said() -> None:
    """A flow saves its state every second, an evaluation never: both must say the same, bit by bit."""
    schema = Schema.of(tape.market())
    saved, never = LinearModels(schema), LinearModels(schema)
    for question in score_samples.questions(score_samples.seen()):
        pickle.dumps(saved.snapshot())
        assert saved.update(question).tobytes() == never.update(question).tobytes()


def test_bytes_of_another_river_are_refused_by_name() -> None:
    step = LinearModels(Schema.of(tape.market()))
    old = step.snapshot() | {"layout": ("river 0.1", *step.layout[1:])}
    with pytest.raises(StateVersionError, match=r"river 0\.1") as caught:
        step.restore(old)
    assert RIVER in str(caught.value)
