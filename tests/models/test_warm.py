"""What is compiled ahead is what a flow runs."""

from __future__ import annotations

from models.signals import correlation, fold_kernel, merged_bars
from models.warm import PERIODS, warm
from schemas.market_file import load


def test_every_step_is_run_through_finals_and_readings_between() -> None:
    assert warm(load("sim")) == 2 * PERIODS
    kernels = [thing for module in (fold_kernel, merged_bars, correlation) for thing in vars(module).values()]
    compiled = [kernel for kernel in kernels if hasattr(kernel, "py_func") and kernel.signatures]
    assert {fold_kernel.fold_ticks, fold_kernel.close_bars} <= set(compiled)
    assert len({kernel.__module__ for kernel in compiled}) >= 3
