"""Volatility models with fixed parameters, against `arch`, and exact for parts of a period."""

from __future__ import annotations

import math

import numpy as np
import pytest
from arch.univariate import GARCH, RiskMetrics2006

from models.signals.indicators.conditional import TAUS, WEIGHTS
from tests.models.alone import CODES, FED, history, one_bar_a_period, run, weighted_mean

PRICES = np.exp(np.cumsum(np.random.default_rng(8).standard_t(4, 400) * 0.01))
RETURNS = np.diff(np.log(PRICES))
FIXED = {"omega": 2e-6, "alpha": 0.08, "beta": 0.9}


def _arch(model: GARCH | RiskMetrics2006, parameters: list[float], backcast: object) -> np.ndarray:
    """Variances that `arch` expects after each return."""
    resids = np.append(RETURNS, 0.0)
    bounds = np.tile([-1.0, 1e300], (len(resids), 1))
    found = model.compute_variance(np.array(parameters), resids, np.zeros(len(resids)), backcast, bounds)
    return np.asarray(found)[1:]


def test_memories_and_weights_are_those_of_arch() -> None:
    model = RiskMetrics2006()
    np.testing.assert_allclose(WEIGHTS, model._ewma_combination_weights(), rtol=1e-14)
    np.testing.assert_allclose(np.exp(-1 / TAUS), model._ewma_smoothing_parameters(), rtol=1e-14)


def test_rm2006_is_the_mixture_of_arch_at_every_prefix() -> None:
    """Each memory by `arch` from zero, over the weight that it has gathered."""
    count = np.arange(1, len(RETURNS) + 1)
    want = np.zeros(len(RETURNS))
    for tau, weight in zip(TAUS, WEIGHTS, strict=True):
        alone = _arch(RiskMetrics2006(tau0=1560, tau1=tau, kmax=1), [], np.zeros(1))
        want += weight * alone / (1 - np.exp(-count / tau))
    said = run({"kind": "rm2006_volatility", "of": ["P1"]}, one_bar_a_period({"P1": PRICES}))
    np.testing.assert_allclose([m.raw for m in said[1:]], np.sqrt(want), rtol=1e-11)
    assert math.isnan(said[0].raw)


def test_rm2006_is_exact_between_finals_and_where_bars_are_missing() -> None:
    codes = [CODES["S1"], CODES["Q1"]]
    for n, m in enumerate(run({"kind": "rm2006_volatility", "of": ["S1", "Q1"]})):
        past, each = history(n), []
        for code in codes:
            measures = [(float(o.variance[code] / o.elapsed[code]), float(o.elapsed[code]))
                        for o in past if not math.isnan(o.variance[code])]  # fmt: skip
            mixed = [w * weighted_mean(measures, tau * math.log(2)) for tau, w in zip(TAUS, WEIGHTS, strict=True)]
            if past[-1].live[code] and measures:
                each.append(math.sqrt(sum(mixed)))
        assert m.raw == pytest.approx(np.mean(each) if each else math.nan, rel=1e-10, nan_ok=True)


def test_garch_is_the_recursion_of_arch_at_every_prefix() -> None:
    level = FIXED["omega"] / (1 - FIXED["alpha"] - FIXED["beta"])
    want = _arch(GARCH(p=1, q=1), list(FIXED.values()), level)
    fed = one_bar_a_period({"P1": PRICES})
    said = run({"kind": "garch_volatility", "of": ["P1"], "parameters": FIXED}, fed)
    np.testing.assert_allclose([m.raw for m in said[1:]], np.sqrt(want), rtol=1e-12)
    assert math.isnan(said[0].raw)


@pytest.mark.parametrize("beta", [0.0, 0.9])
def test_garch_is_exact_between_finals_and_where_bars_are_missing(beta: float) -> None:
    """The filter is a weighted mean of (omega + alpha x) / (1 - beta) that starts with the unconditional variance."""
    omega, alpha, code, known = 1e-6, 0.05, CODES["P1"], 0
    fields = {"kind": "garch_volatility", "of": ["P1"], "parameters": {"omega": omega, "alpha": alpha, "beta": beta}}
    for n, m in enumerate(run(fields)):
        h = omega / (1 - alpha - beta)
        past = [o for o in history(n) if not math.isnan(o.variance[code])]
        for o in past:
            a = float(o.elapsed[code])
            keep = beta**a
            h = keep * h + (1 - keep) * (omega + alpha * float(o.variance[code]) / a) / (1 - beta)
        want = math.sqrt(h) if past and FED[n].volatilities.observation.live[code] else math.nan
        assert m.raw == pytest.approx(want, rel=1e-12, nan_ok=True)
        known += m.live > 0
    assert known > len(FED) / 2
