"""Second yardsticks: they see no future, keep to their schedule, and find what is theirs to find."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation import yardsticks
from evaluation.density import losses
from evaluation.yardsticks import EVERY, LEAST, MEMORY, NAMES, auto_arima, blocks, dressed, garch, quantiles
from models.ensemble.levels import LEVELS
from tests.models import score_samples, tape

N = LEAST + EVERY + 60


def clustered(n: int = N, seed: int = 3) -> np.ndarray:
    """A level whose changes are calm and wild in turns."""
    rng, variance, changes = np.random.default_rng(seed), 1.0, []
    for _ in range(n):
        changes.append(np.sqrt(variance) * rng.standard_normal())
        variance = 0.05 + 0.25 * changes[-1] ** 2 + 0.7 * variance
    return 50 + 0.1 * np.cumsum(changes)


INDEX = clustered()


def test_fits_are_a_year_apart_and_see_eight_years() -> None:
    found = list(blocks(3 * MEMORY))
    assert found[0] == (LEAST - 1, LEAST - 1 + EVERY, 0)
    assert [first for first, _, _ in found] == list(range(LEAST - 1, 3 * MEMORY, EVERY))
    assert all(end - first <= EVERY and first + 1 - since <= MEMORY for first, end, since in found)
    assert found[-1][1] == 3 * MEMORY
    assert list(blocks(LEAST - 1)) == []


@pytest.mark.parametrize("cut", [LEAST + 5, LEAST + EVERY + 1])
def test_the_future_changes_nothing(cut: int) -> None:
    """Within a block and across two: what was said stays, to the last bit."""
    other = np.append(INDEX[:cut], 3 * INDEX[cut:] - 90)
    whole, cheated = quantiles(INDEX, 1)[0], quantiles(other, 1)[0]
    assert np.array_equal(whole[:cut], cheated[:cut], equal_nan=True)
    assert not np.array_equal(whole[cut:], cheated[cut:], equal_nan=True)


def test_no_middle_before_the_first_fit() -> None:
    said, centre = garch(INDEX, 1), auto_arima(INDEX, 1)
    for values in (said.centre, said.scale, centre):
        assert np.isnan(values[: LEAST - 1]).all()
        assert np.isfinite(values[LEAST - 1 :]).all()
    assert said.refused == 0


def test_the_scale_of_garch_follows_the_variance_that_is_true() -> None:
    index, variance = clustered(3000), [1.0]
    for change in np.diff(index, prepend=50) / 0.1:
        variance.append(0.05 + 0.25 * change**2 + 0.7 * variance[-1])
    true, said = 0.1 * np.sqrt(variance[1:]), garch(index, 1).scale
    known = np.isfinite(said)
    assert np.corrcoef(true[known], said[known])[0, 1] > 0.95
    assert said[known].mean() == pytest.approx(true[known].mean(), rel=0.1)


def test_changes_of_several_finals_are_summed() -> None:
    one, five = garch(INDEX, 1), garch(INDEX, 5)
    known = np.isfinite(one.scale)
    assert np.median(five.scale[known] / one.scale[known]) == pytest.approx(np.sqrt(5), rel=0.15)


def test_auto_arima_finds_a_level_that_returns() -> None:
    rng, level = np.random.default_rng(1), [0.0]
    for _ in range(LEAST + 150):
        level.append(0.5 * level[-1] + rng.standard_normal())
    index = 40 + np.array(level)
    centre = auto_arima(index, 1)
    known = np.isfinite(centre)
    assert np.corrcoef(centre[known], -0.5 * (index[known] - 40))[0, 1] > 0.95


def test_intervals_are_those_of_the_experts() -> None:
    """Persistence dressed here is persistence in the ensemble."""
    from evaluation.forecasts import walk

    fed = [m for m in score_samples.made(300) if m.learns]
    index = np.array([m.index for m in fed])
    for ahead in (1, 3):
        found = walk(tape.market(), fed, ahead)
        own = dressed(np.zeros((len(index), 1)), index, ahead)[: -ahead or None]
        judged = np.isin([m.at_us for m in fed[:-ahead]], found.at_us)
        assert own[judged, 0] == pytest.approx(found.quantiles[:, 0], abs=1e-12)


def test_a_scale_of_its_own_is_used_and_calibrated() -> None:
    index = clustered(3000)
    said = garch(index, 1)
    found = dressed(np.zeros((len(index), 2)), index, 1, np.column_stack([said.scale, np.full(len(index), np.nan)]))
    came = np.diff(index)[1000:]
    own, by_errors = losses(found[1000:-1], came).mean(axis=0)
    assert own < by_errors  # the variance is GARCH's here
    inside = (found[1000:-1, 0, 0] <= came) & (came <= found[1000:-1, 0, -1])
    assert inside.mean() == pytest.approx(LEVELS[-1] - LEVELS[0], abs=0.02)


def test_an_index_that_stands_still_or_is_short_says_nothing_and_breaks_nothing() -> None:
    for index in (np.full(LEAST + 20, 7.0), INDEX[:30], np.empty(0)):
        found, fitted = quantiles(index, 1)
        assert found.shape == (len(index), len(NAMES), len(LEVELS))
        assert np.isnan(found).all()
        assert fitted["fits"] == len(list(blocks(len(index))))


def test_progress_is_told_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    yardsticks.quantiles(INDEX, 1, lambda *n: told.append(n))
    assert told[-1] == (N, N)
