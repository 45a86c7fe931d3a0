"""Samples for the steps that score: what the laws feed them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from models.features import Moment
from models.window import FeatureWindow
from tests.laws import AnyStep, Sample
from tests.models import tape

PERIOD_US = 10 * tape.SECOND


@cache
def made(finals: int = 160, seed: int = 4) -> tuple[Moment, ...]:
    """An index that wanders and has a bad fortnight, with a period without data now and then."""
    rng = np.random.default_rng(seed)
    level, found = 20.0, []
    for n in range(finals):
        push = 4.0 if 90 <= n < 100 else 0.0
        level = float(np.clip(0.97 * level + 0.6 + push + rng.standard_normal(), 0.5, 99))
        share = rng.dirichlet([4.0, 3.0, 2.0])
        scores = np.where(rng.random(3) < 0.03, np.nan, np.clip(level / 100 + 0.05 * rng.standard_normal(3), 0, 1))
        found.append(
            Moment(
                tape.START + n * PERIOD_US, final=True, learns=n % 17 != 3, index=level, percentile=level, scores=scores,
                contributions=level * share, volatility=-9 + level / 30, segment_correlation=0.4,
                correlation=float(rng.uniform(0.1, 0.6)), coverage=1.0,
            )
        )  # fmt: skip
    return tuple(found)


def wild() -> Sequence[Moment]:
    """An index that jumps between its bounds, with numbers as odd as an index state can have."""
    sizes = [0.0, 100.0, 5e-324, 50.0, 1e-300]
    return [
        Moment(
            tape.START + n, final=True, learns=n % 3 > 0, index=sizes[n % 5], percentile=np.nan, scores=np.full(3, n % 2),
            contributions=np.array([sizes[n % 5], 0.0, 0.0]), volatility=(-1400.0, 1400.0, np.nan)[n % 3],
            segment_correlation=(-1.0, 1.0)[n % 2], correlation=np.nan, coverage=1e-300,
        )
        for n in range(30)
    ]  # fmt: skip


def named() -> dict[type[AnyStep], Sample]:
    """By class."""
    m = tape.market()
    return {
        FeatureWindow: Sample(lambda: FeatureWindow(m), made, wild),
    }
