"""What is compiled ahead is what a flow runs."""

from __future__ import annotations

import pytest

import models.warm
from models.signals import correlation, fold_kernel, merged_bars
from models.warm import PERIODS, warm, warm_all
from schemas.market_file import load, shipped


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_market_gives_readings(name: str) -> None:
    assert warm(load(name)) >= PERIODS - 1


def test_markets_that_compute_the_same_are_warmed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    warmed: list[str] = []
    monkeypatch.setattr(models.warm, "warm", lambda market: warmed.append(market.name))
    sim, us = load("sim"), load("us")
    warm_all([sim, sim.model_copy(update={"name": "other"}), us])
    assert warmed == ["other", "us"]


def test_every_step_is_run_through_finals_and_readings_between() -> None:
    assert warm(load("sim")) == 2 * PERIODS
    kernels = [thing for module in (fold_kernel, merged_bars, correlation) for thing in vars(module).values()]
    compiled = [kernel for kernel in kernels if hasattr(kernel, "py_func") and kernel.signatures]
    assert {fold_kernel.fold_ticks, fold_kernel.close_bars} <= set(compiled)
    assert len({kernel.__module__ for kernel in compiled}) >= 3
