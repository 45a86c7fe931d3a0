"""What indicators share: the registry, the ring of finals, the mean over live inputs."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from models.signals.indicators import KINDS, build
from models.signals.indicators.base import Rolling
from schemas.indicator import Indicator, IndicatorKind
from tests.models import tape

MARKET = tape.market()


def test_every_kind_of_the_market_file_is_built_under_its_own_name() -> None:
    assert set(KINDS) == set(get_args(IndicatorKind))
    assert {kind: step.name for kind, step in KINDS.items()} == {kind: kind for kind in KINDS}


@pytest.mark.parametrize(("window", "rows"), [("50s", 5), ("1s", 1), ("10s", 1)])
def test_a_window_is_counted_in_periods(window: str, rows: int) -> None:
    step = build(
        MARKET, Indicator.model_validate({"name": "i", "kind": "spread_change", "of": ["S1"], "window": window})
    )
    assert isinstance(step, Rolling)
    assert step.ring.shape == (rows, 1)


def test_the_ring_keeps_the_newest() -> None:
    step = build(MARKET, Indicator(name="i", kind="cmax", of=("P1",), window=40_000_000))
    for value in (5.0, 4.0, 3.0, 2.0, 1.0):
        step.apply(np.array([value]))
    assert sorted(step.snapshot()["ring"][:, 0].tolist()) == [1.0, 2.0, 3.0]


def test_other_inputs_are_another_layout() -> None:
    one, two = (build(MARKET, Indicator(name="i", kind="level", of=of)) for of in (("P1",), ("P2",)))
    with pytest.raises(ValueError, match="P2"):
        one.restore(two.snapshot())
