"""The flow's shelf: whoever aliases name is warm before an order comes, and logs and metrics say what happened."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from dataflows import metrics, shelf
from dataflows.config import FlowConfig
from dataflows.shelf import Teller, Watch, shelf_of
from models.registry import aliases
from models.registry.aliases import Aliases
from models.registry.manifest import MODEL
from models.registry.refusals import ModelRefusedError, Refusal
from models.serving.shelf import COPIES, RegistryShelf
from tests.models import exported, onnx_made, tape

MARKET = tape.market(scores={"enabled": True}, horizon="30s")
F = exported.manifest(MARKET).features


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def registry(root: Path, *names: str) -> Path:
    for name in names:
        for version in ("1", "2"):
            exported.save(root, exported.manifest(MARKET, name, version), onnx_made.centred(F))
    return root


def watched(root: Path, markets: tuple[str, ...] = (MARKET.name,)) -> Watch:
    return Watch(root, markets, RegistryShelf(root, None, time.thread_time_ns, Teller()))


def test_champion_challenger_and_previous_are_loaded_when_aliases_name_them(tmp_path: Path) -> None:
    root = registry(tmp_path, "w1")
    watch, before = watched(root), value("esi_models_loaded_total", model="w1")
    watch.look()
    assert value("esi_models_loaded_total", model="w1") == before
    aliases.write(root / "w1", Aliases("1"))
    watch.look()
    watch.look()
    assert value("esi_models_loaded_total", model="w1") == before + 1
    aliases.write(root / "w1", Aliases("1", "2"))
    watch.look()
    assert value("esi_models_loaded_total", model="w1") == before + 2


def test_models_of_other_markets_are_not_loaded(tmp_path: Path) -> None:
    root = registry(tmp_path, "w2")
    aliases.write(root / "w2", Aliases("1"))
    watched(root, ("us",)).look()
    assert value("esi_models_loaded_total", model="w2") == 0


def test_a_registry_may_be_damaged_or_deleted_while_it_is_watched(tmp_path: Path) -> None:
    root = registry(tmp_path / "registry", "w3")
    watch = watched(root)
    (root / "w3" / aliases.FILE).write_text("{")
    watch.look()
    aliases.write(root / "w3", Aliases("1", "2", "7"))
    (root / "w3" / "1" / MODEL).write_bytes(b"cut")
    watch.look()
    assert value("esi_models_loaded_total", model="w3") == 1
    shutil.rmtree(root)
    watch.look()


def test_refusals_and_faults_are_counted_by_reason(capsys: pytest.CaptureFixture[str]) -> None:
    teller, said = Teller(), exported.manifest(MARKET, "w4")
    teller.refused("w4", "2:1", ModelRefusedError(Refusal.TOO_SLOW, "takes 9 ms"))
    for _ in range(3):
        teller.faulted(said, Refusal.NOT_FINITE)
    teller.not_kept("w4", OSError(28, "No space left on device"))
    assert value("esi_models_refused_total", model="w4", reason="too_slow") == 1
    assert value("esi_model_faults_total", model="w4", reason="not_finite") == 3
    told = capsys.readouterr().out
    assert told.count("model_sleeps") == 1
    assert "takes 9 ms" in told
    assert "No space left" in told
    assert metrics.MODELS_REFUSED


def test_one_that_has_become_slow_is_counted_logged_once_and_kept_for_whoever_relieves_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    teller, said = Teller(), exported.manifest(MARKET, "w6")
    for best in (2000.0, 3000.0):
        teller.slowed(said, best)
    assert value("esi_models_slow_total", model="w6") == 2
    assert capsys.readouterr().out.count("model_slow") == 1
    assert teller.slow.take() == {(MARKET.name, "w6", "1"): 3000.0}
    assert teller.slow.take() == {}


@pytest.mark.parametrize(("run", "relieved"), [(None, True), ("r1", False)])
def test_a_live_flow_relieves_and_a_run_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: str | None, relieved: bool
) -> None:
    looked = threading.Event()
    monkeypatch.setattr(shelf, "LOOK_S", 0.01)
    monkeypatch.setattr("dataflows.relief.Relief.look", lambda _: looked.set())
    watched = threading.Event()
    monkeypatch.setattr("dataflows.shelf.Watch.look", lambda _: looked.is_set() == relieved and watched.set())
    shelf_of(FlowConfig("test", (MARKET,), "x:1", "redis://x", tmp_path / "s", run=run, registry=registry(tmp_path)))
    assert watched.wait(10)
    assert looked.is_set() == relieved


def test_the_flow_has_a_shelf_where_it_has_a_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "LOOK_S", 0.01)
    config = FlowConfig("test", (MARKET,), "localhost:1", "redis://localhost:1", tmp_path / "state")
    assert shelf_of(config) is None
    root = registry(tmp_path / "registry", "w5")
    aliases.write(root / "w5", Aliases("2"))
    made = shelf_of(FlowConfig("test", (MARKET,), "x:1", "redis://x", tmp_path / "state", registry=root))
    assert made is not None
    for _ in range(500):
        if (tmp_path / "state" / COPIES / "w5" / "2" / MODEL).exists():
            break
        time.sleep(0.02)
    assert not isinstance(made.find("w5", "2:1"), ModelRefusedError)


def test_a_flow_without_models_loads_no_runtime() -> None:
    code = (
        "import sys, dataflows.main, models.pipeline; from schemas.market_file import load;"
        "models.pipeline.Pipeline(load('sim'));"
        "sys.exit(any(m.startswith(('onnxruntime', 'google.protobuf', 'onnx')) for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
