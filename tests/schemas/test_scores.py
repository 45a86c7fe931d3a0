"""The words of scores: what a later release adds does not hurt, and markets without scores are spelled as before."""

from __future__ import annotations

import msgspec
import pytest

from schemas.reading import Details, Matrix
from schemas.scores import Anomaly, Drift, ExpertRow, Forecast, Regime, Scored, skill_against


def test_details_without_scores_are_spelled_as_before() -> None:
    matrix = Matrix([], [])
    details = Details("m", "2024-01-01T00:00:00Z", [], matrix, matrix, {}, [], "1")
    raw = msgspec.json.encode(details)
    assert not {"forecast", "regime", "anomaly", "drift"} & set(msgspec.json.decode(raw))
    assert msgspec.json.decode(raw, type=Details) == details


def test_details_with_scores_are_read_back() -> None:
    matrix = Matrix([], [])
    details = Details(
        "m", "2024-01-01T00:00:00Z", [], matrix, matrix, {}, [], "1",
        forecast=[Forecast(1, [0.5], None, None, [], [0, 0], [])],
        regime=Regime("calm", 3, {"calm": 1.0}, 0.1, 20), anomaly=Anomaly(None, 0.5, None),
        drift=Drift([], {"adwin": 0}, 4, "schedule"),
    )  # fmt: skip
    assert msgspec.json.decode(msgspec.json.encode(details), type=Details) == details


def test_scores_are_read_without_what_lies_beside_them() -> None:
    matrix = Matrix([], [])
    plain = Details("m", "2024-01-01T00:00:00Z", [], matrix, matrix, {}, [], "1")
    assert msgspec.json.decode(msgspec.json.encode(plain), type=Scored) == Scored("2024-01-01T00:00:00Z")


def test_skill_against_a_yardstick_cancels_the_loss_of_persistence() -> None:
    loss, har, persistence = 0.9, 0.95, 1.0
    experts = [ExpertRow("har", 0.5, 1 - har / persistence, None), ExpertRow("asleep", 0.0, None, None)]
    forecast = Forecast(1, [0.5], None, 1 - loss / persistence, [], [60, 0], experts)
    assert skill_against(forecast, "har") == pytest.approx(1 - loss / har)
    assert skill_against(forecast, "asleep") is None
    assert skill_against(forecast, "nobody") is None
