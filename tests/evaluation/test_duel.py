"""A challenger wins by what came, over enough labels, in the versions that stand against each other now."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from evaluation.density import diebold_mariano
from evaluation.duel import LEAST, LEVEL, WINDOW, Duel, Final, duels
from models.ensemble.levels import LEVELS
from schemas.reading import Details, Matrix
from schemas.scores import Coverage, ExpertRow, Forecast, ModelRow

SPREAD = np.array([-1.6, -1.0, -0.7, -0.4, 0.0, 0.4, 0.7, 1.0, 1.6])


def row(role: str, version: str | None, kind: str = "forecast", periods: int = 1) -> ModelRow:
    return ModelRow("lstm", role, version, version, kind, periods, None, 0.1, 0.0, None, None)


def final(
    index: float | None, middles: dict[str, float | None], models: list[ModelRow], periods: int = 1,
    at: str = "2026-01-01T00:00:00Z",
) -> Final:  # fmt: skip
    experts = [
        ExpertRow(name, 0.1, None, None if middle is None else (middle + SPREAD).tolist())
        for name, middle in middles.items()
    ]
    forecast = Forecast(periods, list(LEVELS), None, None, [Coverage(0.9, None, None)], [0, 0], experts)
    details = Details("m", at, [], Matrix([], []), Matrix([], []), {}, [], "1", forecast=[forecast],
                      models=models)  # fmt: skip
    return Final(index, msgspec.json.encode(details))


def history(
    n: int, bias: float, seed: int = 3, periods: int = 1, versions: tuple[str, str] = ("1", "2")
) -> list[Final]:
    """The champion is off by `bias` where the challenger is right."""
    rng = np.random.default_rng(seed)
    index = 40 + np.cumsum(rng.standard_normal(n + periods))
    models = [row("champion", versions[0], periods=periods), row("challenger", versions[1], periods=periods)]
    return [
        final(
            float(index[k]),
            {"lstm": float(index[k]) + bias, "lstm:challenger": float(index[k])},
            models,
            periods,
            f"2026-01-01T{k // 60:02}:{k % 60:02}:00Z",
        )
        for k in range(n + periods)
    ]


@pytest.mark.parametrize("periods", [1, 3])
def test_a_better_challenger_wins_and_a_worse_one_does_not(periods: int) -> None:
    (better,) = duels(history(200, 0.8 * periods, periods=periods))
    assert better.won
    assert better.gain > 0
    assert better.labels == 200
    assert "challenger 2 against champion 1 over 200 labels" in str(better)
    (same,) = duels(history(200, 0.0, periods=periods))
    assert not same.won
    worse = [msgspec_swapped(one) for one in history(200, 0.8, periods=periods)]
    (lost,) = duels(worse)
    assert not lost.won
    assert lost.t < 0


def msgspec_swapped(one: Final) -> Final:
    swapped = one.details.replace(b'"lstm:challenger"', b'"?"').replace(
        b'"lstm","weight"', b'"lstm:challenger","weight"'
    )
    return Final(one.index, swapped.replace(b'"?","weight"', b'"lstm","weight"'))


def test_few_labels_are_no_verdict_and_old_ones_are_forgotten() -> None:
    (few,) = duels(history(LEAST - 1, 2.0))
    assert (few.won, few.p) == (False, 1.0)
    (many,) = duels(history(WINDOW + 100, 2.0))
    assert many.labels == WINDOW


def test_a_verdict_waits_for_new_labels() -> None:
    finals = history(WINDOW, 0.0)
    (early,), (later,), (last,) = duels(finals[:140]), duels(finals[:239]), duels(finals[:240])
    assert not duels(finals[:LEAST])[0].is_due("")
    assert early.is_due("")
    assert (early.labels, len(early.spoken), len(set(early.spoken))) == (139, 139, 139)
    decided = early.spoken[-1]
    assert not early.is_due(decided)
    assert not later.is_due(decided)
    assert last.is_due(decided)
    assert last.is_due("1970-01-01T00:00:00Z"), "long forgotten"


def test_equals_are_seldom_told_apart() -> None:
    """The rule over 500 labels of 40 pairs that lose alike: 0.05 at every label would find a winner in a dozen."""
    rng = np.random.default_rng(8)
    found = 0
    for _ in range(40):
        loss = rng.standard_t(5, (500, 2))
        tests = [diebold_mariano(*loss[max(0, n - WINDOW) : n].T) for n in range(LEAST, 501, LEAST)]
        found += any(one["t"] > 0 and one["p"] < LEVEL for one in tests)
    assert found <= 3


def test_only_the_versions_of_now_are_compared() -> None:
    before = history(150, 5.0, versions=("0", "2"))
    (duel,) = duels([*before, *history(120, 0.0, seed=4)])
    assert duel.labels == 120
    assert not duel.won


def test_periods_without_data_and_moments_of_sleep_are_left_out() -> None:
    finals = history(160, 0.8)
    models = [row("champion", "1"), row("challenger", "2")]
    finals[20] = Final(None, finals[20].details)
    finals[40] = final(finals[40].index, {"lstm": None, "lstm:challenger": 40.0}, models)
    (duel,) = duels(finals)
    assert duel.labels == 158


def test_without_a_challenger_there_is_no_duel() -> None:
    alone = final(40.0, {"lstm": 40.0}, [row("champion", "1")])
    watch = final(40.0, {}, [row("champion", "1", "anomaly", 0), row("challenger", "2", "anomaly", 0)])
    empty = final(40.0, {}, [row("champion", "1"), row("challenger", None)])
    plain = Final(40.0, msgspec.json.encode(Details("m", "t", [], Matrix([], []), Matrix([], []), {}, [], "1")))
    assert [duels([one]) for one in (alone, watch, empty, plain)] == [[], [], [], []]
    assert duels([]) == []
    assert not Duel("lstm", "1", "2", 500, 0.1, 1.0, 0.2).won
