"""A market is on the trainer's page from the start."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

from deploy import training_metrics


def test_a_market_is_there_before_anything_was_trained() -> None:
    training_metrics.begin("early", 12.5)
    of = REGISTRY.get_sample_value
    for outcome in ("trained", "failed", "impossible"):
        assert of("esi_trainings_total", {"market": "early", "outcome": outcome}) == 0
    assert of("esi_training_last_timestamp_seconds", {"market": "early"}) == pytest.approx(12.5)
    assert of("esi_training_running", {"market": "early"}) == 0
    assert of("esi_trainer_failed_looks_total", {"market": "early"}) == 0
