"""Taught walk-forward: no skill where nothing can be known, much where the future leaks, and the same after a fall."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed: make test-train")

from evaluation.lessons import Lessons, lessons
from evaluation.training import Request, examples, train
from evaluation.walks import shuffled
from models.deep.catalogue import NETWORKS
from models.deep.fitting import Recipe
from tests.models import score_samples, tape

MARKET = tape.market(horizon="10s")
LONG = [replace(m, learns=True) for m in score_samples.made(1500, seed=6)]
RECIPE = Recipe(epochs=8, patience=3, rate=3e-3)


def skill(found: Lessons, folder: Path) -> tuple[float, float]:
    """Over persistence, and its t."""
    one = train(Request(MARKET, folder, RECIPE, folds=2), "transformer", found).log["judged"]["skill"]["persistence"]
    return one["skill"], one["t"]


def test_a_shuffled_future_gives_no_skill(tmp_path: Path) -> None:
    found, t = skill(lessons(MARKET, shuffled(LONG), 1), tmp_path)
    assert found < 0.015
    assert t < 2.5


def test_a_leak_would_be_seen(tmp_path: Path) -> None:
    """The same history with tomorrow's move hidden in a feature."""
    plain = lessons(MARKET, shuffled(LONG), 1)
    plain.windows[:, -1, 3] += 0.5 * plain.change
    found, t = skill(plain, tmp_path)
    assert found > 0.1
    assert t > 5


def test_a_training_that_fell_goes_on_and_ends_alike(tmp_path: Path) -> None:
    given, told = lessons(MARKET, LONG, 1), []

    def falls(*where: object) -> None:
        told.append(where[1:3])
        if len(told) == 3:
            raise KeyboardInterrupt

    request = Request(MARKET, tmp_path / "one", Recipe(epochs=2), folds=2, resume=True)
    with pytest.raises(KeyboardInterrupt):
        train(request, "vae", given, falls)
    seen = []
    again = train(request, "vae", given, lambda *where: seen.append(where[1]))
    plain = train(replace(request, kept=tmp_path / "other"), "vae", given)
    assert seen == [2]
    assert again.log["folds"] == plain.log["folds"]
    assert (tmp_path / "one" / "report.json").exists()


def test_a_watcher_reads_rows_and_a_forecaster_windows() -> None:
    given = lessons(MARKET, LONG[:300], 1)
    assert examples(NETWORKS["vae"], given).inputs.ndim == 2
    assert examples(NETWORKS["lstm"], given).inputs.ndim == 3
