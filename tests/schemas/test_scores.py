"""The words of scores: what a later release adds does not hurt, and markets without scores are spelled as before."""

from __future__ import annotations

import msgspec

from schemas.reading import Details, Matrix
from schemas.scores import Anomaly, Drift, Forecast, Regime


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
