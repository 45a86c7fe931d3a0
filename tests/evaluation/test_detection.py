"""Detection, against counting pairs of days one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from evaluation import detection
from evaluation.bootstrap import Floats, block_counts
from evaluation.events import Flags

RNG = np.random.default_rng(7)
SCORES = np.round(RNG.standard_normal(120), 1)  # rounded: with ties
LABELS = RNG.random(120) < 0.2


def by_pairs(scores: Floats, labels: Flags) -> float:
    """Share of pairs in which the day of stress stands higher; ties half."""
    above = np.subtract.outer(scores[labels], scores[~labels])
    return float(((above > 0) + (above == 0) / 2).mean())


@given(arrays(np.float64, 40, elements=st.integers(0, 6).map(float)), arrays(np.bool_, 40))
def test_auroc_is_the_share_of_pairs_won(scores: Floats, labels: Flags) -> None:
    found = detection.auroc(scores, labels)
    if labels.all() or not labels.any():
        assert np.isnan(found)
    else:
        assert found == pytest.approx(by_pairs(scores, labels))


def test_a_draw_is_judged_as_if_its_days_were_the_days() -> None:
    counts = block_counts(120, 20, draws=20)
    found = detection.aurocs(detection.Ordered.of(SCORES), LABELS, counts)
    for of, auroc in zip(counts, found, strict=True):
        days = np.repeat(np.arange(120), of.astype(int))
        assert auroc == pytest.approx(by_pairs(SCORES[days], LABELS[days]))


def test_the_area_is_below_the_curve() -> None:
    false, true = detection.roc(SCORES, LABELS)
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(true, false) == pytest.approx(by_pairs(SCORES, LABELS))


def test_average_precision_is_its_definition() -> None:
    scores, labels = np.array([5.0, 4.0, 3.0, 2.0]), np.array([True, False, True, False])
    assert detection.auprc(scores, labels) == pytest.approx((1 + 2 / 3) / 2)
    assert detection.auprc(np.zeros(10), np.arange(10) < 3) == pytest.approx(0.3)  # nothing known: the prevalence


def test_percentiles_know_their_past_only() -> None:
    series = pd.Series(RNG.standard_normal(400))
    found = detection.percentiles(series)
    assert found[:300].equals(detection.percentiles(series[:300]))
    assert found.first_valid_index() == detection.YEAR - 1
    assert found[399] == pytest.approx(100 * (series <= series[399]).mean())


def test_delays_are_sessions_to_the_first_alarm_within_twenty() -> None:
    alarms = np.zeros(100, np.bool_)
    alarms[[12, 60, 90]] = True
    assert detection.delays(alarms, [10, 12, 39, 40]) == [2, 0, None, 20]


def test_false_alarms_are_days_a_year_outside_of_events() -> None:
    alarms, stressed = np.arange(504) < 20, np.arange(504) < 10
    assert detection.false_alarm_days(alarms, stressed) == pytest.approx(252 * 10 / 494)
    assert np.isnan(detection.false_alarm_days(alarms, np.ones(504, np.bool_)))
