"""Windows against a plain list of the past."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from models.alerts.program import Window
from models.alerts.windows import BUCKETS, LEAST, Looked, Windows
from tests.models.alerts.made import DAY_US, SECOND_US, wave

START = 1_700_000_000 * SECOND_US // (DAY_US // BUCKETS) * (DAY_US // BUCKETS)


def windows(function: str, length_us: int, parameter: float = 0.0) -> Windows:
    return Windows([Window(function, 0, length_us, parameter, 0, function)])


def answers(step: Windows, values: list[float], pace_us: int, finals: frozenset[int] = frozenset()) -> list[float]:
    looks = [Looked(START + n * pace_us, n in finals, np.array([v])) for n, v in enumerate(values)]
    return [float(step.update(look)[0]) for look in looks]


def plain(function: str, past: list[float], x: float, a_day: float, parameter: float) -> float:
    """The same from a list: `past` are the values in the window before x."""
    known = sorted(v for v in past if not math.isnan(v))
    present = [*known, x] if not math.isnan(x) else known
    if function in {"max", "min"}:
        return max(present) if function == "max" else min(present)
    if function == "mean":
        return sum(known) / len(known) if known else math.nan
    if len(known) < LEAST:
        return math.nan
    if function == "rank":
        below = sum(v < x for v in known) + 0.5 * sum(v == x for v in known)
        return math.nan if math.isnan(x) else 100 * below / len(known)
    share = parameter if function == "quantile" else min(max(1 - parameter / a_day, 0), 1)
    return float(np.quantile(known, share))


@pytest.mark.parametrize("function", ["rank", "max", "min", "mean", "quantile", "budget"])
def test_where_readings_are_no_faster_than_buckets_a_window_is_exact(function: str) -> None:
    pace, length, parameter = DAY_US // BUCKETS, DAY_US // BUCKETS * BUCKETS, 0.9 if function == "quantile" else 30.0
    values = [math.nan if n % 9 == 4 else round(wave(n)) for n in range(1_500)]
    found = answers(windows(function, length, parameter), values, pace)
    for n in (*range(60), *range(500, 1_500, 7)):
        inside = range(max(0, n - BUCKETS + 1), n)
        known = [m for m in inside if not math.isnan(values[m])]
        span = (known[-1] - known[0]) * pace / DAY_US if len(known) > 1 else math.inf
        wanted = plain(function, [values[m] for m in inside], values[n], (len(known) - 1) / span, parameter)
        assert found[n] == pytest.approx(wanted, nan_ok=True), n


def test_change_is_measured_from_the_last_value_before_the_window() -> None:
    values = [float(n * n) for n in range(1_300)]
    found = answers(windows("change", BUCKETS * SECOND_US), values, SECOND_US)
    for n in (0, 511, 512, 513, 900, 1_299):
        wanted = values[n] - values[n - BUCKETS] if n >= BUCKETS else math.nan
        assert found[n] == pytest.approx(wanted, nan_ok=True), n


def test_change_over_a_gap_is_measured_from_what_there_was() -> None:
    step = windows("change", 60 * SECOND_US)
    answers(step, [1.0, 2.0, 5.0], SECOND_US)
    far = Looked(START + 3_600 * SECOND_US, False, np.array([9.0]))
    assert step.update(far)[0] == 4.0


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        ("change", [math.nan, math.nan, math.nan, 2.0, 5.0, 3.0, -8.0]),
        ("max", [1.0, 7.0, 7.0, 9.0, 12.0, 12.0, 2.0]),
        ("min", [1.0, 1.0, 1.0, 9.0, 9.0, 9.0, 2.0]),
    ],
)
def test_since_the_close(function: str, wanted: list[float]) -> None:
    found = answers(windows(function, 0), [1.0, 7.0, 7.0, 9.0, 12.0, 10.0, 2.0], SECOND_US, frozenset({2, 5}))
    assert found == pytest.approx(wanted, nan_ok=True)


@pytest.mark.parametrize("function", ["max", "min"])
def test_extremes_are_exact_however_fast_readings_come(function: str) -> None:
    values = [wave(n) for n in range(4_000)]
    step = windows(function, 30 * DAY_US)  # a bucket is 84 minutes: a few values of the past share one
    found = answers(step, values, 60 * SECOND_US)
    assert found[-1] == (max if function == "max" else min)(values)
    assert (step.number >= 0).sum() == 48


def test_a_peek_ahead_does_not_spoil_the_sorted_past() -> None:
    step = windows("quantile", BUCKETS * SECOND_US, 0.5)
    answers(step, [float(n) for n in range(40)], SECOND_US)
    ahead = Looked(START + 60 * SECOND_US, False, np.array([0.0]))
    assert step.peek(ahead)[0] == 19.5
    step.update(Looked(START + 50 * SECOND_US, False, np.array([1_000.0])))
    assert step.update(ahead)[0] == 20.0


def test_no_windows_answer_nothing() -> None:
    step: Any = Windows([])
    assert step.update(Looked(START, True, np.zeros(0))).shape == (0,)
