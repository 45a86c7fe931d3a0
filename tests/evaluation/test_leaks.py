"""What gives an input away is seen, and what does not is left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evaluation.leaks import FEW, leaks
from models.signals.ranks import RecursiveRank
from models.signals.sketch import SketchedRank

RNG = np.random.default_rng(4)
SERIES = np.exp(np.cumsum(RNG.standard_normal(9000)) / 50)
QUOTED = np.round(3 + np.sin(np.arange(9000) / 40) + RNG.standard_normal(9000) / 20, 2)


def ring(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A window of two inputs, one of them with each value twice and a gap."""
    window = np.stack([np.repeat(values[-200:], 2), RNG.standard_normal(400)], axis=1)
    window[7] = np.nan
    return np.roll(window, 33, axis=0)


LEAKING = {
    "a window": ring(SERIES),
    "a window backwards": ring(SERIES)[::-1],
    "a window of logarithms": ring(np.log(SERIES)),
    "a row of a cube": np.tile(ring(SERIES).T, (3, 1, 1)),
    "all values, sorted": np.sort(SERIES),
    "a tenth of the values, shuffled": RNG.permutation(SERIES)[:900],
    "a list": tuple(SERIES[-30:].tolist()),
}


@pytest.mark.parametrize("how", LEAKING)
def test_an_array_that_holds_an_input_is_named(how: str) -> None:
    state = {"steps": ({"ring": np.zeros(900)}, {"memory": LEAKING[how]})}
    assert leaks(state, {"OTHER": QUOTED, "X": SERIES}) == ["state.steps[1].memory holds values of X"]


def test_a_window_of_an_input_that_is_quoted_in_hundredths_is_seen() -> None:
    assert leaks({"ring": QUOTED[-250:]}, {"X": QUOTED}) == ["state.ring holds values of X"]


def test_exact_ranks_give_the_series_away_and_sketched_ones_do_not() -> None:
    exact, sketch = RecursiveRank(2, 250, 9000), SketchedRank(2, 250)
    for pair in np.stack([SERIES, QUOTED], axis=1):
        exact.update(pair)
        sketch.update(pair)
    inputs = {"X": SERIES, "Y": QUOTED}
    assert {said.split()[-1] for said in leaks(exact.snapshot(), inputs)} == {"X", "Y"}
    assert leaks(sketch.snapshot(), inputs) == []


def test_a_few_last_values_and_statistics_give_nothing_away() -> None:
    monthly = SERIES[: 24 * 21].reshape(24, 21).max(axis=1)
    state = {"last": SERIES[-FEW:], "row": np.full((11, 44), SERIES[-1]), "highs": monthly}
    state["grid"] = np.arange(500) / 100
    assert leaks(state, {"X": SERIES, "Y": QUOTED}) == []


def test_nothing_and_too_little_say_nothing() -> None:
    assert leaks({}, {"X": SERIES}) == []
    assert leaks({"ring": SERIES}, {"X": SERIES[:3], "Y": np.full(100, np.nan)}) == []
