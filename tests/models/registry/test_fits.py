"""A model serves the market, the features and the horizon that it was trained for."""

from __future__ import annotations

from typing import Any

import pytest

from models.features import Schema
from models.registry.fits import Wanted, misfit
from tests.models import exported, tape

MARKET = tape.market()
WANTED = Wanted(MARKET.name, Schema.of(MARKET).hash, (1, 3))


def test_its_own_market_fits() -> None:
    assert misfit(exported.manifest(MARKET), WANTED) is None
    assert misfit(exported.manifest(MARKET, horizon=3), WANTED) is None
    assert misfit(exported.manifest(MARKET, kind="anomaly", horizon=0), WANTED) is None


@pytest.mark.parametrize(
    ("changes", "reason", "said"),
    [
        ({"market": "us"}, "wrong_market", "'us'"),
        ({"schema": "ff" * 32}, "wrong_schema", "train it again"),
        ({"horizon": 2}, "wrong_market", "1 and 3"),
        ({"kind": "anomaly"}, "wrong_market", "horizon is 0"),
    ],
)
def test_another_does_not(changes: dict[str, Any], reason: str, said: str) -> None:
    found = misfit(exported.manifest(MARKET, **changes), WANTED)
    assert found is not None
    assert found.reason == reason
    assert said in found.text
