"""Cross-sections, against plain NumPy at finals and between, whatever is missing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from models.signals.correlation import KNOWN_FROM
from models.signals.indicators.cross_section import DECADES, EACH, absorbed, known_block
from models.signals.path import Observation
from tests.models.alone import CODES, MARKET, history, one_bar_a_period, run, weighted_mean

NAMES = ["P1", "P2", "P3", "S1", "Q1"]
OF = [CODES[name] for name in NAMES]


def _scaled(past: list[Observation], names: list[str]) -> np.ndarray:
    of = [CODES[name] for name in names]
    return np.array([o.period_return[of] / np.sqrt(o.elapsed[of]) for o in past]).reshape(-1, len(of))


def _correlations(u: np.ndarray, parts: np.ndarray, half_life: float, enough: int) -> tuple[np.ndarray, np.ndarray]:
    """Shrunk correlations and volatilities by explicit sums, pair by pair; NaN where not known."""
    n = u.shape[1]
    rho, sd = np.full((n, n), np.nan), np.full(n, np.nan)
    decay = 0.5 ** (parts / half_life)
    for i in range(n):
        for j in range(n):
            both = np.isfinite(u[:, i]) & np.isfinite(u[:, j])
            # only joint periods decay a pair
            w = np.array([(1 - decay[t]) * np.prod(decay[t + 1 :][both[t + 1 :]]) for t in np.flatnonzero(both)])
            x, y = u[both, i], u[both, j]
            scale = math.sqrt(float((w * x * x).sum()) * float((w * y * y).sum())) if both.any() else 0.0
            if both.sum() >= enough and scale > 0:
                rho[i, j] = 1.0 if i == j else (1 - MARKET.shrinkage) * float((w * x * y).sum()) / scale
            if i == j:
                sd[i] = math.sqrt(weighted_mean([(v * v, f) for v, f in zip(x, parts[both], strict=True)], half_life))
    return rho, sd


def _fractions(past: list[Observation]) -> np.ndarray:
    return np.array([o.window.fraction for o in past])


def test_absorption_is_its_definition_at_finals_and_between() -> None:
    known = set()
    for n, m in enumerate(run({"kind": "absorption_ratio", "of": NAMES, "half_life": "150s"})):
        past = history(n)
        rho, _ = _correlations(_scaled(past, NAMES), _fractions(past), 15.0, KNOWN_FROM)
        live = past[-1].live[OF]
        kept = [i for i in range(len(OF)) if live[i] and np.isfinite(rho[i, i])]
        if np.isfinite(rho[np.ix_(kept, kept)]).all() and len(kept) >= 2:
            values = np.sort(np.clip(np.linalg.eigvals(rho[np.ix_(kept, kept)]).real, 0, None))
            assert m.raw == pytest.approx(values[-1] / values.sum(), rel=1e-9)
            assert m.live == len(kept) / len(OF)
            known.add(len(kept))
        elif len(kept) < 2:
            assert math.isnan(m.raw)
    assert {4, 5} <= known


@pytest.mark.parametrize("names", [["P1", "P3", "S1"], ["P1", "R1", "Q1"]])
def test_turbulence_is_its_definition_at_finals_and_between(names: list[str]) -> None:
    known = 0
    for n, m in enumerate(run({"kind": "turbulence", "of": names})):
        past, measures = history(n), []
        u, parts = _scaled(past, names), _fractions(past)
        for t in range(len(past)):
            rho, sd = _correlations(u[:t], parts[:t], 30.0, EACH * len(names))
            kept = [i for i in range(len(names)) if np.isfinite(u[t, i]) and np.isfinite(rho[i, i])]
            matrix = rho[np.ix_(kept, kept)]
            if len(kept) < 2 or not np.isfinite(matrix).all() or np.linalg.eigvalsh(matrix)[0] < MARKET.shrinkage:
                if len(kept) >= 2:
                    break  # the rule for such matrices is tested by itself
                continue
            z = u[t, kept] / sd[kept]
            distance = float(z @ np.linalg.inv(matrix) @ z)
            measures.append((min(-stats.chi2.logsf(distance, len(kept)) / math.log(10), DECADES), parts[t]))
        else:
            assert m.raw == pytest.approx(weighted_mean(measures, 5.0), rel=1e-8, nan_ok=True)
            known += bool(measures)
    assert known > 10


def test_one_factor_absorbs_what_it_explains() -> None:
    rng = np.random.default_rng(3)
    common = rng.standard_normal((400, 1))
    calm, crisis = (common * a + rng.standard_normal((400, 5)) * math.sqrt(1 - a * a) for a in (0.2, 0.95))
    walk = np.cumsum(np.concatenate([calm, crisis]) * 0.01, axis=0)
    series = {name: np.exp(walk[:, k]) if name != "S1" else walk[:, k] for k, name in enumerate(NAMES)}
    said = [
        m.raw for m in run({"kind": "absorption_ratio", "of": NAMES, "half_life": "200s"}, one_bar_a_period(series))
    ]
    assert np.mean(said[300:400]) < 0.45
    assert said[-1] > 0.8


def test_moves_that_break_the_pattern_are_turbulent() -> None:
    """Moves of one size: together as ever, or apart as never."""
    rng = np.random.default_rng(4)
    together = np.repeat(rng.standard_normal((300, 1)), 3, axis=1) + rng.standard_normal((300, 3)) * 0.2
    said = {}
    for name, last in (("with", [1.0, 1.0, 1.0]), ("against", [1.0, -1.0, 1.0])):
        walk = np.cumsum(np.vstack([together, last]) * 0.01, axis=0)
        fed = one_bar_a_period({p: np.exp(walk[:, k]) for k, p in enumerate(NAMES[:3])})
        said[name] = run({"kind": "turbulence", "of": NAMES[:3], "half_life": "1s"}, fed)
    scale, rho = math.sqrt(1.04), 0.9 / 1.04
    with_it, against = 3 / scale**2 / (1 + 2 * rho), (1 / (1 + 2 * rho) + 8 / (1 - rho)) / 3 / scale**2
    distances = {"with": with_it, "against": against}
    for name, distance in distances.items():
        want = -stats.chi2.logsf(distance, 3) / math.log(10)
        assert said[name][-1].raw == pytest.approx(want, abs=0.5)
    assert said["against"][-1].raw > said["with"][-1].raw + 2


def test_of_calm_normal_moves_it_is_a_tail_probability_from_early_on() -> None:
    """-log10 of a uniform number has mean 1 / ln 10."""
    walk = np.exp(np.cumsum(np.random.default_rng(9).standard_normal((600, 3)) * 0.01, axis=0))
    fed = one_bar_a_period({p: walk[:, k] for k, p in enumerate(NAMES[:3])})
    said = np.array([m.raw for m in run({"kind": "turbulence", "of": NAMES[:3], "half_life": "1s"}, fed)])
    assert np.isnan(said[: 3 * EACH + 1]).all()
    for part in (said[3 * EACH + 1 : 200], said[200:]):
        assert np.mean(part) == pytest.approx(1 / math.log(10), rel=0.15)
        assert np.mean(part > 1) == pytest.approx(0.1, abs=0.04)


def test_one_bad_print_does_not_stay_for_months() -> None:
    rng = np.random.default_rng(6)
    walk = np.exp(np.cumsum(rng.standard_normal((120, 3)) * 0.01, axis=0))
    walk[60, 0] *= 100
    fed = one_bar_a_period({p: walk[:, k] for k, p in enumerate(NAMES[:3])})
    said = [m.raw for m in run({"kind": "turbulence", "of": NAMES[:3]}, fed)]
    assert said[60] > 2 * max(said[20:60])
    assert said[100] < max(said[20:60])


def test_constant_inputs_are_no_cross_section() -> None:
    fed = one_bar_a_period({p: np.full(30, 2.0) for p in NAMES})
    for kind in ("absorption_ratio", "turbulence"):
        assert all(math.isnan(m.raw) and m.live == 0 for m in run({"kind": kind, "of": NAMES}, fed))


def test_the_input_that_lacks_most_leaves_first() -> None:
    matrix, nan = np.eye(4), math.nan
    matrix[0, 1] = matrix[1, 0] = matrix[1, 2] = matrix[2, 1] = nan
    live = np.array([True, True, True, True])
    assert known_block(matrix, live).tolist() == [0, 2, 3]
    live[3] = False
    assert known_block(matrix, live).tolist() == [0, 2]
    matrix[0, 0] = nan
    assert known_block(matrix, live).tolist() == [1]


def test_a_fifth_of_the_eigenvectors_absorbs() -> None:
    assert absorbed(np.diag(np.ones(10))) == pytest.approx(0.2)
    assert absorbed(np.ones((4, 4))) == pytest.approx(1.0)
    assert absorbed(np.eye(3)) == pytest.approx(1 / 3)
