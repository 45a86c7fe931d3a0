"""Our update of River's KSWIN is River's, bit for bit."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from river.drift import KSWIN

from models.online import kswin


def errors(kind: str) -> list[float]:
    """Made-up errors that drift, that repeat themselves, or that all stand at the bound."""
    rng = np.random.default_rng(5)
    drifting = np.concatenate([rng.standard_normal(500), 1 + 2 * rng.standard_normal(500), rng.standard_normal(400)])
    made = {"drifting": drifting, "tied": np.round(drifting), "bounded": np.clip(4 * drifting, -6, 6)}
    return [float(error) for error in made[kind]]


@pytest.mark.parametrize("kind", ["drifting", "tied", "bounded"])
def test_the_state_is_rivers_after_every_error(kind: str) -> None:
    river, ours = (KSWIN(alpha=5e-4, window_size=250, stat_size=60, seed=7) for _ in range(2))
    fired = 0
    for n, error in enumerate(errors(kind)):
        river.update(error)
        kswin.update(ours, error)
        assert (ours.drift_detected, ours.p_value) == (river.drift_detected, river.p_value), n
        fired += river.drift_detected
        if n % 100 == 0:
            assert pickle.dumps(ours) == pickle.dumps(river), n
    assert pickle.dumps(ours) == pickle.dumps(river)
    assert fired
