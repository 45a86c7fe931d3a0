"""Inputs that end: their successors take over, and nothing before that changes."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from models.signals.aggregate import Aggregate, Scores
from models.signals.layout import Layout
from schemas.market import Market

INDICATORS = [
    {"name": "old", "kind": "level", "of": ["A"]},
    {"name": "new", "kind": "level", "of": ["B"], "replaces": "old"},
    {"name": "newest", "kind": "level", "of": ["C"], "replaces": "new"},
    {"name": "other", "kind": "level", "of": ["A"]},
]


def _market(indicators: list[dict[str, object]], form: str = "rank_mean") -> Market:
    return Market.model_validate(
        {
            "version": 1,
            "name": "m",
            "feed": "m",
            "bar": "1m",
            "period": "1h",
            "form": form,
            "instrument": [{"name": name} for name in "ABC"],
            "segment": [{"name": "s", "indicator": indicators}],
        }
    )


def _index(market: Market, scores: list[float], live: list[float]) -> float:
    given = np.array(scores)
    loading = np.full(len(given), 1 / len(given))
    return Aggregate(market).advance(Scores(given, given, given, np.array(live), loading, 1.0, True))[0].value.index


def test_only_the_first_living_one_of_a_line_counts() -> None:
    layout, scores = Layout.of(_market(INDICATORS)), np.array([0.1, 0.2, 0.3, 0.4])
    for live, want in (
        ([1, 1, 1, 1], [1, 0, 0, 1]),
        ([0, 1, 1, 1], [0, 1, 0, 1]),
        ([0, 0, 1, 1], [0, 0, 1, 1]),
        ([1, 0, 1, 1], [1, 0, 0, 1]),
    ):
        counted = layout.counted(scores, np.array(live, float))
        assert counted.tolist() == want
        assert layout.coverage(counted) == 1.0
        assert layout.complete(counted)


def test_one_without_a_score_leaves_its_role_to_the_next() -> None:
    layout = Layout.of(_market(INDICATORS))
    counted = layout.counted(np.array([np.nan, 0.2, 0.3, 0.4]), np.ones(4))
    assert counted.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("form", ["ciss", "rank_mean", "tail_mean", "z_mean"])
def test_a_successor_changes_nothing_while_its_predecessor_lives(form: str) -> None:
    """Adding it to the market file restates no reading."""
    without = [INDICATORS[0], INDICATORS[3]]
    with_it = [INDICATORS[0], INDICATORS[1], INDICATORS[3]]
    before = _index(_market(without, form), [0.3, 0.9], [1.0, 1.0])
    assert _index(_market(with_it, form), [0.3, 0.7, 0.9], [1.0, 1.0, 1.0]) == before
    assert _index(_market(with_it, form), [0.3, 0.7, 0.9], [0.0, 1.0, 1.0]) != before


def test_a_line_of_succession_runs_forward_within_a_segment() -> None:
    backwards = [INDICATORS[1], INDICATORS[0]]
    with pytest.raises(ValidationError, match="stands before it in its segment"):
        _market(backwards)
    itself = [{**INDICATORS[0], "replaces": "old"}]
    with pytest.raises(ValidationError, match="stands before it in its segment"):
        _market(itself)
