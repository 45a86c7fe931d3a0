"""Weighted variances, against their explicit sums over all periods."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.signals.path import Observation
from models.signals.volatility import Volatilities, Volatility
from schemas.bars import GRID, Partial
from tests.models import tape

MARKET = tape.market()
HALF_LIFE = 5.0


def explicit(measures: list[tuple[float, float]]) -> float:
    """Weighted mean of rates x / dt with weights (1 - d_k) d_k+1 ... d_n, from (x, dt) of each period."""
    weights: list[float] = []
    rates: list[float] = []
    for x, dt in measures:
        decay = 0.5 ** (dt / HALF_LIFE)
        weights = [w * decay for w in weights] + [1 - decay]
        rates.append(x / dt)
    return math.nan if not rates else float(np.dot(weights, rates) / np.sum(weights))


def measures(seen: Observation, code: int) -> dict[str, tuple[float, float] | None]:
    dt = seen.window.fraction
    high, low = float(seen.high[code]), float(seen.low[code])
    spread = math.log(high / low) if MARKET.instrument[code].kind == "price" else high - low
    jump = max(float(seen.bar_variance[code] - seen.bipower[code]), 0.0)
    variance = float(seen.variance[code])
    several = math.isfinite(float(seen.bipower[code]))
    return {
        "variance": (variance, float(seen.elapsed[code])) if math.isfinite(variance) else None,
        "range": (spread**2 / (4 * math.log(2)), dt) if seen.fresh[code] else None,
        "jump": (jump, dt) if several else None,
        "whole": (float(seen.bar_variance[code]), dt) if several else None,
    }


def test_every_variance_is_its_definition_at_finals_and_between() -> None:
    step = Volatility(MARKET)
    past: list[Observation] = []
    for seen in tape.inputs("volatility", tape.partials(120)):
        said: Volatilities = step.update(seen) if seen.final else step.peek(seen)
        for code in range(len(MARKET.instrument)):
            columns = [measures(o, code) for o in [*past, seen]]
            expected = {key: explicit([m for c in columns if (m := c[key]) is not None]) for key in columns[0]}
            assert said.variance[code] == pytest.approx(expected["variance"], rel=1e-11, nan_ok=True)
            assert said.range_variance[code] == pytest.approx(expected["range"], rel=1e-11, nan_ok=True)
            share = expected["jump"] / expected["whole"] if expected["whole"] else math.nan
            assert said.jump_share[code] == pytest.approx(share, rel=1e-11, nan_ok=True)
        if seen.final:
            past.append(seen)
    assert len(past) == 12


def test_a_period_cut_in_two_weighs_as_much_as_one() -> None:
    decay = 0.5 ** (1 / HALF_LIFE)
    parts = 0.5 ** (0.3 / HALF_LIFE) * 0.5 ** (0.7 / HALF_LIFE)
    assert parts == pytest.approx(decay, rel=1e-15)
    assert explicit([(2.0, 0.3), (2.0 * 7 / 3, 0.7)]) == pytest.approx(explicit([(2.0 / 0.3, 1.0)]), rel=1e-12)


def test_jumps_are_seen_and_quiet_walks_are_not() -> None:
    rng = np.random.default_rng(2)
    market = tape.market(step="period")
    rows = {0: 100.0 * np.exp(np.cumsum(rng.standard_normal(400) * 1e-3)), 1: np.full(400, 100.0)}
    rows[1] = rows[0] * np.where(np.arange(400) % 10 >= 5, 1.05, 1.0)
    shares = []
    for series in rows.values():
        partials = [
            Partial(0, np.array([tape.START + n * tape.SECOND]), tape.columns(
                [{"code": 0, "end_us": tape.START + n * tape.SECOND, "path": [p] * GRID}]))
            for n, p in enumerate(series, start=1)
        ]  # fmt: skip
        step = Volatility(market)
        for seen in tape.inputs("volatility", partials, market, partitions=1):
            said = step.update(seen)
        shares.append(said.jump_share[0])
    assert shares[0] < 0.3
    assert shares[1] > 0.9
