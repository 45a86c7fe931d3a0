"""The gauges say what the newest final says, market by market."""

from __future__ import annotations

import math

from msgspec.structs import replace
from prometheus_client import REGISTRY

from dataflows.entries import Entry
from dataflows.score_metrics import ScoreGauges
from schemas.reading import canonical
from schemas.scores import Coverage, ExpertRow
from tests.api.publisher import ANOMALY, FORECAST, details, reading


def final(body: bytes, channel: int = 1) -> Entry:
    return Entry(channel, "1-1", "final" if channel == 1 else "other", body)


def said(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def test_a_final_sets_every_gauge() -> None:
    experts = [ExpertRow("persistence", 0.7, 0.0, None), ExpertRow("har", 0.3, -0.25, None)]
    forecast = replace(FORECAST, skill=0.0, coverage=[Coverage(0.9, 0.89, None)], experts=experts)
    body = canonical(replace(details("gauged", 10), forecast=[forecast]))
    ScoreGauges("gauged").observe([final(body, channel=3), final(canonical(reading("gauged", 10, final=True)))])
    assert said("esi_forecast_skill", market="gauged", periods="3", against="persistence") == 0.0
    assert said("esi_forecast_skill", market="gauged", periods="3", against="har") == 1 - 1 / 1.25
    assert said("esi_forecast_coverage", market="gauged", periods="3", nominal="0.9", when="overall") == 0.89
    stress = said("esi_forecast_coverage", market="gauged", periods="3", nominal="0.9", when="stress")
    assert stress is not None
    assert math.isnan(stress)
    assert said("esi_expert_weight", market="gauged", periods="3", expert="har") == 0.3
    assert said("esi_regime_probability", market="gauged", regime="tense") == 0.8
    assert [said("esi_regime", market="gauged", regime=r) for r in ("calm", "tense", "stress", "unknown")] == [
        0,
        1,
        0,
        0,
    ]
    assert said("esi_change_probability", market="gauged") == 0.02
    assert said("esi_anomaly_probability", market="gauged") == ANOMALY.probability
    assert said("esi_drift_found", market="gauged", detector="page_hinkley") == 1


def test_the_version_in_force_is_told_and_the_old_one_goes() -> None:
    gauges = ScoreGauges("swapped")
    for version in ("v1", "v2"):
        body = canonical(replace(reading("swapped", 10, final=True), models={"lstm": version}))
        gauges.observe([final(body)])
    assert said("esi_model_info", market="swapped", model="lstm", version="v2") == 1
    assert said("esi_model_info", market="swapped", model="lstm", version="v1") is None
    gauges.observe([final(canonical(reading("swapped", 20, final=True)))])
    assert said("esi_model_info", market="swapped", model="lstm", version="v2") is None


def test_between_finals_nothing_is_told() -> None:
    body = canonical(reading("between", 1))
    ScoreGauges("between").observe([Entry(1, "1-0", "provisional", body)])
    assert said("esi_anomaly_probability", market="between") is None


def test_a_market_without_scores_has_no_gauges() -> None:
    ScoreGauges("plain").observe([final(b'{"at":"2026-01-01T00:00:00Z"}', channel=3)])
    assert said("esi_change_probability", market="plain") is None
