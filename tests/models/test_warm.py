"""What is compiled ahead is found by the next process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from models.signals import fold_kernel
from models.warm import PERIODS, warm
from schemas.market_file import load
from tests.servers import CHECKOUT


def test_every_step_is_run_through_finals_and_readings_between() -> None:
    assert warm(load("sim")) == 2 * PERIODS
    assert fold_kernel.fold_ticks.signatures


def test_the_cache_is_filled_and_then_found(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "models.warm"]
    subprocess.run(command, check=True, env=environment, cwd=CHECKOUT, timeout=170)
    made = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")}
    assert {"fold_kernel", "merged_bars", "correlation"} <= {path.name.split(".")[0] for path in made}
    subprocess.run(command, check=True, env=environment, cwd=CHECKOUT, timeout=170)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")} == made
