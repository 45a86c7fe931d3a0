"""Guests: whoever is missing sleeps, a good one gains weight once it wakes, and its going costs nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest

from models.ensemble.forecaster import EXPERTS, Forecast, Forecaster
from models.ensemble.guests import Brought, Guests, Invitation
from models.ensemble.levels import LEVELS
from models.features import Schema
from models.window import windows
from tests.models import score_samples, tape

MARKET = tape.market()
MOMENTS = [replace(m, learns=True) for m in score_samples.made(900, seed=6)]
TOMORROW = {m.at_us: n.index - m.index for m, n in pairwise(MOMENTS)}


class Oracle(Guests):
    """Knows tomorrow nearly, between two finals; sleeps before and after."""

    name: ClassVar[str] = "oracle"
    fields: ClassVar[tuple[str, ...]] = ("finals",)
    seated = (("oracle", ""),)

    def __init__(self, wakes: int, leaves: int) -> None:
        self._awake = range(wakes, leaves)
        self.finals = 0

    def advance(self, x: Invitation) -> tuple[Brought, int]:
        """Its row."""
        centre = TOMORROW.get(x.seen.moment.at_us, 0.0) if self.finals in self._awake else np.nan
        return Brought(centre + 0.2 * np.linspace(-1, 1, len(LEVELS))[None], np.ones(1, np.bool_)), self.finals + 1

    def commit(self, change: int) -> None:
        """One more final."""
        self.finals = change


def run(guests: Guests | None) -> list[Forecast]:
    forecaster = Forecaster(Schema.of(MARKET), 1, guests)
    return [forecaster.update(x) for x in windows(MARKET, MOMENTS)]


def test_a_guest_that_never_comes_changes_no_forecast() -> None:
    alone, waiting = run(None), run(Oracle(10_000, 10_000))
    assert waiting[-1].names == (*EXPERTS, "oracle")
    for a, b in zip(alone, waiting, strict=True):
        assert b.weights[-1] == 0
        assert a.quantiles[4] == pytest.approx(b.quantiles[4], abs=0.2, nan_ok=True)  # rates know how many there are


def test_a_guest_enters_small_gains_what_it_earns_and_leaves_at_once() -> None:
    said = run(Oracle(400, 800))
    weight = np.array([f.weights[-1] for f in said])
    assert not weight[:400].any()
    assert 0 < weight[400] < 0.1
    assert weight[750:799].mean() > 0.5
    assert not weight[800:].any()
    assert all(f.weights.sum() == pytest.approx(1.0) for f in said[400:])
    assert np.isfinite(said[-1].quantiles).all()
    assert said[-1].standing.skill[-2] > 0.5
