"""Scores spelled out: what is not known is null, and the short form is the long one rounded."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from models.ensemble.forecaster import EXPERTS
from models.ensemble.levels import PUBLISHED, SHOWN
from models.publication import Publication, version_of
from models.score_rows import full, known, number, short
from schemas.reading import Details, decode_reading
from tests.models import tape
from tests.models.test_scores import MARKET, SAID, scores_of


def test_without_scores_nothing_is_added() -> None:
    assert short(None) == full(None) == {}
    assert version_of(tape.market(scores={"enabled": False})) == version_of(tape.market())
    assert version_of(MARKET) != version_of(tape.market(horizon="30s"))


def test_before_there_is_enough_everything_is_null_or_unknown() -> None:
    said = short(SAID[0].scores)
    assert said == {"forecast": None, "regime": "unknown", "anomaly": None}
    row = full(SAID[0].scores)["forecast"][0]
    assert row.quantiles is row.skill is row.coverage[0].overall is None


def test_the_short_form_is_the_horizons_forecast() -> None:
    scores = scores_of(SAID[-1])
    said, spelled = short(scores), full(scores)
    quantiles = spelled["forecast"][-1].quantiles
    assert said["forecast"] == pytest.approx([quantiles[n] for n in SHOWN], abs=5e-4)
    assert len(said["forecast"]) == len(PUBLISHED)
    assert said["regime"] == spelled["regime"].name
    assert said["anomaly"] == (None if spelled["anomaly"].probability is None else round(scores.anomaly.probability, 4))


def test_details_carry_experts_with_weights_and_skill() -> None:
    step = Publication(MARKET, 250.0)
    final = [x for x in SAID if x.final][-1]
    published = step.update(final)
    assert published.details is not None
    details = msgspec.json.decode(published.details, type=Details)
    assert isinstance(details.forecast, list)
    for forecast in details.forecast:
        assert [row.name for row in forecast.experts] == list(EXPERTS)
        assert sum(row.weight for row in forecast.experts) == pytest.approx(1.0)
        awake = [row.name for row in forecast.experts if row.quantiles]
        assert awake[:3] == ["persistence", "har", "har_log"]
    assert isinstance(details.regime, msgspec.Struct)
    assert sum(details.regime.probabilities.values()) == pytest.approx(1.0)
    assert decode_reading(published.reading).regime == details.regime.name


def test_what_is_not_known_is_none() -> None:
    assert number(math.nan) is None
    assert known(np.array([1.0, np.nan])) is None
    assert known(np.array([1.0, 2.0])) == [1.0, 2.0]
