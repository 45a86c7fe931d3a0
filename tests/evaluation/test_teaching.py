"""From a panel to models: what cannot be taught is told in a sentence."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed: make test-train")

pytest.importorskip("onnxscript", reason="onnxscript is not installed: make test-train")

from evaluation import panel
from evaluation.teaching import Plan, TeachingError, Watching, teach
from models.deep.fitting import Losses
from models.registry import store
from models.registry.manifest import Manifest
from schemas.market_file import load
from tests.evaluation import made

MARKET = made.market()
WATCHING = Watching(lambda *_: None, lambda *_: None, pytest.fail, lambda: datetime.now(UTC), time.perf_counter_ns)


def test_a_panel_that_is_too_short_is_told(tmp_path: Path) -> None:
    read = panel.read(MARKET, *made.write(tmp_path))
    with pytest.raises(TeachingError, match="too few"):
        list(teach(MARKET, read, Plan(("vae",), tmp_path / "r", folds=4), WATCHING))


def test_a_device_that_is_not_there_is_told(tmp_path: Path) -> None:
    read = panel.read(MARKET, *made.write(tmp_path))
    with pytest.raises(TeachingError, match="give cpu or cuda"):
        list(teach(MARKET, read, Plan(("vae",), tmp_path, device="tpu"), WATCHING))


def shipped(tmp_path: Path, plan: Plan, watching: Watching = WATCHING) -> list[tuple[Path, Manifest]]:
    """Taught on the history that ships."""
    from dataflows.sources.history import bars

    market = load("us-open")
    table = bars(market)
    table = table[table.available_us < 1_100_000_000_000_000]  # to November 2004
    return list(teach(market, panel.of_bars(market, table), plan, watching))


@pytest.mark.timeout(600)
def test_the_same_command_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    """Stopped in the second model: the first stays as it is, the second goes on, a third run finds both."""
    told: list[tuple[str, int]] = []

    def stops(name: str, _fold: int, _folds: int, losses: list[Losses]) -> None:
        told.append((name, len(losses)))
        if told[-1] == ("transformer", 1):
            raise KeyboardInterrupt

    plan = Plan(("vae", "transformer"), tmp_path / "r", folds=1, epochs=2, resume=True)
    with pytest.raises(KeyboardInterrupt):
        shipped(tmp_path, plan, replace(WATCHING, epochs=stops))
    assert told == [("vae", 1), ("vae", 2), ("transformer", 1)]
    told.clear()
    done = shipped(tmp_path, plan, replace(WATCHING, epochs=lambda name, *x: told.append((name, len(x[-1])))))
    assert told == [("transformer", 2)]
    assert shipped(tmp_path, plan, replace(WATCHING, epochs=lambda *_: pytest.fail("taught again"))) == done
    assert len(store.listing(tmp_path / "r")) == 2
    assert list((tmp_path / "r" / ".training").rglob("*.pt")) == []


@pytest.mark.timeout(600)
def test_the_history_that_ships_teaches_a_watcher(tmp_path: Path) -> None:
    from dataflows.sources.history import bars

    market = load("us-open")
    read = panel.of_bars(market, bars(market))
    ((place, entry),) = teach(market, read, Plan(("vae",), tmp_path, folds=1, epochs=1), WATCHING)
    assert entry.market == "us-open"
    assert (place / "losses.svg").exists()
