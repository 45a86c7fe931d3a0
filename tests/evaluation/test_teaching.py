"""From a panel to models: what cannot be taught is told in a sentence."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed: make test-train")

pytest.importorskip("onnxscript", reason="onnxscript is not installed: make test-train")

from evaluation import panel
from evaluation.teaching import Plan, TeachingError, Watching, teach
from schemas.market_file import load
from tests.evaluation import made

MARKET = made.market()
WATCHING = Watching(lambda *_: None, lambda *_: None, lambda: datetime.now(UTC), time.perf_counter_ns)


def test_a_panel_that_is_too_short_is_told(tmp_path: Path) -> None:
    read = panel.read(MARKET, *made.write(tmp_path))
    with pytest.raises(TeachingError, match="too few"):
        list(teach(MARKET, read, Plan(("vae",), tmp_path / "r", folds=4), WATCHING))


def test_a_device_that_is_not_there_is_told(tmp_path: Path) -> None:
    read = panel.read(MARKET, *made.write(tmp_path))
    with pytest.raises(TeachingError, match="give cpu or cuda"):
        list(teach(MARKET, read, Plan(("vae",), tmp_path, device="tpu"), WATCHING))


@pytest.mark.timeout(600)
def test_the_history_that_ships_teaches_a_watcher(tmp_path: Path) -> None:
    from dataflows.sources.history import bars

    market = load("us-open")
    read = panel.of_bars(market, bars(market))
    ((place, entry),) = teach(market, read, Plan(("vae",), tmp_path, folds=1, epochs=1), WATCHING)
    assert entry.market == "us-open"
    assert (place / "losses.svg").exists()
