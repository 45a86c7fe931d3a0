"""Murphy's decomposition of a mean loss, and Murphy diagrams. Arrays in, numbers out.

loss = reliability - resolution + uncertainty: what forecasts lose by not meaning what they say, what they gain by
telling occasions apart, and what somebody loses who knows the shares of the sample and nothing else (Murphy 1973). What
should have been said is found by isotonic regression of what came on what was said, without bins, so that none of the
three is negative (CORP; Dimitriadis, Gneiting and Jordan 2021; of quantiles, Gneiting et al. 2023). All of it looks
back.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import isotonic_regression

from evaluation.density import SHARES, Flags, Floats
from models.ensemble.levels import LEVELS

Parts = dict[str, float]


def brier(chance: Floats, happened: Flags) -> Parts:
    """Of the Brier score of probabilities, float64[n]."""
    _, place = np.unique(chance, return_inverse=True)
    count = np.bincount(place)
    rates = isotonic_regression(np.bincount(place, happened) / count, weights=count).x
    rate = float(happened.mean())
    loss, should = (float(np.mean((said - happened) ** 2)) for said in (chance, rates[place]))
    return _parts(loss, should, rate * (1 - rate))


def quantile(said: Floats, came: Floats, level: float) -> Parts:
    """Of the pinball loss of forecasts of one quantile.

    Args:
        said: the quantile, float64[n].
        came: labels, float64[n].
        level: of the quantile, 0..1.
    """
    whole = np.full_like(came, _quantile(came, level))
    losses = [pinball_at(x, came, level) for x in (said, isotonic_quantile(said, came, level), whole)]
    return _parts(*losses)


def crps(said: Floats, came: Floats) -> Parts:
    """Of the CRPS of quantiles at `LEVELS`, float64[n, Q]: twice the sum over the levels of what each has."""
    by_level = [quantile(said[:, n], came, level) for n, level in enumerate(LEVELS)]
    return {name: 2 * float(SHARES @ [parts[name] for parts in by_level]) for name in by_level[0]}


def diagram(said: Floats, came: Floats, level: float, at: Floats) -> Floats:
    """Mean elementary losses of forecasts of one quantile at thresholds, float64[len(at)] (Ehm et al. 2016).

    S_t(x, y) = (1[y < x] - level) (1[t < x] - 1[t < y]). Every consistent loss is a mixture of them: a forecast whose
    curve is lower everywhere is better for everybody.
    """
    apart = (at < said[:, None]).astype(float) - (at < came[:, None])
    found: Floats = (((came < said) - level)[:, None] * apart).mean(axis=0)
    return found


def isotonic_quantile(said: Floats, came: Floats, level: float) -> Floats:
    """What should have been said: the rising function of what was said that loses least, float64[n].

    Pool adjacent violators with the quantile of each pool (Jordan, Muehlemann and Ziegel 2022).
    """
    order = np.argsort(said, kind="stable")
    starts = np.flatnonzero(np.diff(said[order], prepend=-np.inf) > 0)
    pools: list[tuple[float, Floats]] = []
    for values in np.split(came[order], starts[1:]):
        pool, height = values, _quantile(values, level)
        while pools and pools[-1][0] >= height:
            pool = np.concatenate([pools.pop()[1], pool])
            height = _quantile(pool, level)
        pools.append((height, pool))
    found = np.empty_like(came)
    found[order] = np.repeat([height for height, _ in pools], [len(pool) for _, pool in pools])
    return found


def pinball_at(said: Floats, came: Floats, level: float) -> float:
    """Mean pinball loss at one level."""
    beyond = came - said
    return float(np.mean(beyond * (level - (beyond < 0))))


def _quantile(values: Floats, level: float) -> float:
    """The lowest value that loses least: of rank n x level, rounded up."""
    rank = max(int(np.ceil(level * len(values) - 1e-9)) - 1, 0)
    return float(np.partition(values, rank)[rank])


def _parts(loss: float, should: float, whole: float) -> Parts:
    return {"loss": loss, "reliability": loss - should, "resolution": whole - should, "uncertainty": whole}
