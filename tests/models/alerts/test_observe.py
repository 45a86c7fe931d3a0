"""Every documented field is read from where it stands."""

from __future__ import annotations

import math

import pytest

from models.alerts.observe import Observer
from schemas.alert_fields import Path, fields_of
from tests.models.alerts import made

SCORES = ("forecast", "anomaly", "regime", "drift")
AVAILABLE = list(fields_of(made.SCORED))

WANTED: dict[Path, float] = {
    ("index",): 40.0,
    ("percentile",): 40.0,
    ("level",): 1.0,
    ("band",): 2.5,
    ("coverage",): 1.0,
    ("final",): 1.0,
    ("contributions", "equity"): 20.0,
    ("forms", "ciss"): 40.0,
    ("change", "total"): 1.5,
    ("change", "level", "equity"): 0.25,
    ("change", "correlation"): 0.25,
    ("staleness", "max_s"): 2.0,
    ("flags", "no_data"): 0.0,
    ("flags", "synthetic"): 1.0,
    ("silence",): 0.0,
    ("indicators", "Equity volatility", "raw"): 0.2,
    ("indicators", "Equity volatility", "score"): 0.5,
    ("indicators", "Equity volatility", "contribution"): 12.5,
    ("indicators", "Equity volatility", "age_s"): 3.0,
    ("volatility", "SPX"): 0.2,
    ("segment_correlation", "mean"): 0.25,
    ("segment_correlation", "credit", "equity"): 0.25,
    ("instrument_correlation", "SPX", "BAA"): -0.5,
    ("forecast", "q05"): 30.0,
    ("forecast", "q95"): 62.5,
    ("forecast", "skill"): 0.02,
    ("anomaly", "tail"): 0.0004,
    ("regime", "calm"): 0.0,
    ("regime", "tense"): 1.0,
    ("regime", "dwell"): 7.0,
    ("regime", "change"): 0.25,
    ("drift", "found"): 1.0,
    ("drift", "since"): 0.0,
}


def _seen(final: bool) -> dict[Path, float]:
    at_us = made.START_US
    reading = made.scored_reading(at_us, final=final, flags=["synthetic"], band=2.5)
    observation = Observer(AVAILABLE).reading(reading, made.scored_details(at_us) if final else None)
    assert observation.at_us == at_us
    return dict(zip(AVAILABLE, observation.values.tolist(), strict=True))


def test_a_final_says_everything() -> None:
    seen = _seen(final=True)
    assert {path: seen[path] for path in WANTED} == WANTED


def test_a_provisional_reading_does_not_say_what_finals_say() -> None:
    seen = _seen(final=False)
    of_finals = {path for path, named in fields_of(made.SCORED).items() if named.field.of_finals}
    assert ("drift", "found") in of_finals
    assert ("forecast", "q95") not in of_finals
    assert all(math.isnan(seen[path]) for path in of_finals)
    assert seen["index",] == 40.0


@pytest.mark.parametrize("path", AVAILABLE)
def test_an_empty_reading_says_nothing_and_breaks_nothing(path: Path) -> None:
    empty = made.reading(made.START_US, None, percentile=None, level="unknown", change=None, forms={})
    (value,) = Observer([path]).reading(empty, made.details(made.START_US, correlation=None)).values
    assert math.isnan(value) or path[0] not in {
        "index",
        "percentile",
        "level",
        "band",
        "contributions",
        "forms",
        *SCORES,
    }


def test_a_tock_says_how_long_nothing_came() -> None:
    observation = Observer([("index",), ("silence",)]).tock(7, 3.5)
    assert observation.tock
    assert math.isnan(observation.values[0])
    assert observation.values[1] == 3.5


def test_scores_that_are_not_known_yet_say_nothing() -> None:
    young = made.scored_reading(made.START_US, forecast=None, regime="unknown", anomaly=None)
    paths: list[Path] = [("forecast", "q95"), ("regime", "calm"), ("anomaly", "tail")]
    assert all(math.isnan(value) for value in Observer(paths).reading(young).values)
