"""Columns say what each final said, whoever was among the experts then."""

from __future__ import annotations

from msgspec.structs import replace

from api.score_columns import columns, decoded
from schemas.reading import canonical
from schemas.scores import ExpertRow, Scored
from tests.api.publisher import DRIFT, FORECAST, REGIME, details

OTHERS = [ExpertRow("persistence", 0.6, 0.0, None), ExpertRow("lstm", 0.4, 0.02, None)]


def test_details_without_scores_are_left_out() -> None:
    assert [scored.at for scored in decoded([canonical(details("test", 10)), b'{"at":"2026-01-01T00:00:00Z"}'])] == [
        details("test", 10).at
    ]


def test_an_expert_has_a_place_at_every_time() -> None:
    finals = [
        Scored("a", [FORECAST], REGIME, None, DRIFT),
        Scored("b", [FORECAST, replace(FORECAST, periods=5, experts=OTHERS)], None, None, None),
        Scored("c", []),
    ]
    found = columns("test", "e1", finals, "3-1", None)
    assert found.periods == 5
    assert found.weights == {
        "persistence": [1.0, 0.6, None],
        "lstm": [None, 0.4, None],
        "river_sgd": [0.0, None, None],
    }
    assert found.skill == [0.015, 0.015, None]
    assert [(row.nominal, row.overall, row.stress) for row in found.coverage] == [
        (0.9, [0.89, 0.89, None], [None, None, None])
    ]
    assert found.regime == ["tense", None, None]
    assert found.probabilities["tense"] == [0.8, None, None]
    assert found.drifts == [1, 0, 0]
    assert found.labels == [70, 70, 0]


def test_nothing_is_no_row() -> None:
    found = columns("test", "e1", [], "0-0", None)
    assert (found.periods, found.at, found.weights, found.coverage) == (None, [], {}, [])
