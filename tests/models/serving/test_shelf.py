"""What a shelf has found it finds again, whatever becomes of the registry; what it refused it refuses again."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from models.registry.manifest import MANIFEST, MODEL, Manifest
from models.registry.refusals import ModelRefusedError, Refusal
from models.serving import shelf as shelves
from models.serving.session import OnnxModel
from models.serving.shelf import RegistryShelf
from tests.disks import SmallDisk
from tests.models import exported, onnx_made, tape

MARKET = tape.market()
F = exported.manifest(MARKET).features


@dataclass
class Told:
    """A witness that remembers."""

    said: list[str] = field(default_factory=list)

    def loaded(self, manifest: Manifest) -> None:
        """A model was admitted."""
        self.said.append(f"loaded {manifest.name} {manifest.version}")

    def refused(self, name: str, order: str, error: ModelRefusedError) -> None:
        """One stays out."""
        self.said.append(f"refused {name} {order}: {error.reason}")

    def faulted(self, manifest: Manifest, reason: Refusal) -> None:
        """One gave nothing."""
        self.said.append(f"faulted {manifest.name}: {reason}")

    def slowed(self, manifest: Manifest, best_us: float) -> None:
        """One has become slow."""
        self.said.append(f"slowed {manifest.name}: {best_us:.0f}")

    def not_kept(self, name: str, error: OSError) -> None:
        """There was no room."""
        self.said.append(f"not kept {name}: {error.strerror}")


def registry(root: Path, *versions: str) -> Path:
    for version in versions or ("1", "2"):
        made = onnx_made.centred(F, middle=float(len(version)) + 0.1 * int(version))
        exported.save(root / "registry", exported.manifest(MARKET, version=version), made)
    return root / "registry"


def shelf(of: Path, kept: Path | None) -> tuple[RegistryShelf, list[str]]:
    told = Told()
    return RegistryShelf(of, kept, time.thread_time_ns, told), told.said


def median(model: object) -> float:
    assert isinstance(model, OnnxModel), model
    return float(model.quantiles(np.zeros((50, F)))[4])


def test_a_model_is_loaded_once(tmp_path: Path) -> None:
    step, said = shelf(registry(tmp_path), tmp_path / "kept")
    assert step.find("lstm", "1:1") is step.find("lstm", "1:7") is step.open("lstm", "1")
    step.prepare("lstm", "2")
    assert median(step.find("lstm", "2:2")) != median(step.find("lstm", "1"))
    assert said == ["loaded lstm 1", "loaded lstm 2"]


def test_the_registry_may_be_deleted_once_a_model_serves(tmp_path: Path) -> None:
    root, kept = registry(tmp_path), tmp_path / "kept"
    first, _ = shelf(root, kept)
    was = median(first.find("lstm", "1:1"))
    shutil.rmtree(root)
    assert median(first.find("lstm", "1:1")) == was
    again, said = shelf(root, kept)
    assert median(again.open("lstm", "1")) == was
    assert median(again.find("lstm", "1:1")) == was
    assert isinstance(again.find("lstm", "2:2"), ModelRefusedError)
    assert said == ["loaded lstm 1", "refused lstm 2:2: missing"]


def test_a_version_that_is_changed_afterwards_stays_what_it_was(tmp_path: Path) -> None:
    root, kept = registry(tmp_path), tmp_path / "kept"
    was = median(shelf(root, kept)[0].find("lstm", "1:1"))
    exported.save(root, exported.manifest(MARKET), onnx_made.centred(F, middle=9.0))
    assert median(shelf(root, kept)[0].find("lstm", "1:1")) == was


def test_a_refusal_holds_for_its_order_and_for_no_other(tmp_path: Path) -> None:
    root, kept = registry(tmp_path), tmp_path / "kept"
    raw = (root / "lstm" / "2" / MODEL).read_bytes()
    (root / "lstm" / "2" / MODEL).write_bytes(raw[:-1])
    first, said = shelf(root, kept)
    assert isinstance(first.find("lstm", "2:2"), ModelRefusedError)
    (root / "lstm" / "2" / MODEL).write_bytes(raw)
    assert isinstance(first.find("lstm", "2:2"), ModelRefusedError)
    assert said == ["refused lstm 2:2: wrong_hash"]
    again, said = shelf(root, kept)
    found = again.find("lstm", "2:2")
    assert isinstance(found, ModelRefusedError)
    assert found.reason == "wrong_hash"
    assert MODEL in found.text
    assert median(again.find("lstm", "2:3")) > 0
    assert said == ["loaded lstm 2"]


def test_preparing_in_vain_refuses_no_order(tmp_path: Path) -> None:
    root = registry(tmp_path)
    hidden = (root / "lstm" / "2" / MANIFEST).rename(tmp_path / MANIFEST)
    step, said = shelf(root, tmp_path / "kept")
    with pytest.raises(ModelRefusedError, match="missing"):
        step.prepare("lstm", "2")
    hidden.rename(root / "lstm" / "2" / MANIFEST)
    assert median(step.find("lstm", "2:1")) > 0
    assert said == ["loaded lstm 2"]


@pytest.mark.parametrize(("name", "order"), [("..", "1"), ("lstm", "../1"), ("lstm", "none:1"), ("", ""), ("a/b", "1")])
def test_names_that_are_none_leave_the_disk_alone(tmp_path: Path, name: str, order: str) -> None:
    step, _ = shelf(registry(tmp_path), tmp_path / "kept")
    found = step.find(name, order)
    assert isinstance(found, ModelRefusedError)
    assert found.reason == "missing"
    assert not [one for one in (tmp_path / "kept").rglob("*") if one.name not in {"lstm", shelves.REFUSED}]


def test_a_damaged_copy_is_replaced_by_the_registry(tmp_path: Path) -> None:
    root, kept = registry(tmp_path), tmp_path / "kept"
    was = median(shelf(root, kept)[0].find("lstm", "1"))
    (kept / "lstm" / "1" / MODEL).write_bytes(b"rotten")
    assert median(shelf(root, kept)[0].open("lstm", "1")) == was
    shutil.rmtree(root)
    again, said = shelf(root, kept)
    assert isinstance(again.open("lstm", "1"), ModelRefusedError)
    assert said == ["refused lstm 1: missing"]


def test_old_copies_and_old_sessions_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelves, "KEPT", 3)
    monkeypatch.setattr(shelves, "LOADED", 2)
    versions = [str(n) for n in range(6)]
    step, said = shelf(registry(tmp_path, *versions), tmp_path / "kept")
    for version in versions:
        median(step.find("lstm", version))
    assert len(list((tmp_path / "kept" / "lstm").iterdir())) == 3
    assert len(step._models) == len(step._doors) == 2
    median(step.find("lstm", "0"))
    assert len(said) == 7
    assert not list((tmp_path / "kept").glob(".making*"))


def test_a_full_disk_keeps_no_copy_and_stops_nobody(tmp_path: Path, small_disk: Callable[[int], SmallDisk]) -> None:
    disk = small_disk(1)
    disk.fill()
    step, said = shelf(registry(tmp_path), disk.folder / "kept")
    assert median(step.find("lstm", "1")) > 0
    assert isinstance(step.find("lstm", "7:1"), ModelRefusedError)
    assert said[0].startswith("not kept lstm: No space left")
    assert said[1:3] == ["loaded lstm 1", "refused lstm 7:1: missing"]
    assert not list(disk.folder.rglob("*.onnx"))


def test_without_a_place_for_copies_the_registry_serves(tmp_path: Path) -> None:
    step, _ = shelf(registry(tmp_path), None)
    assert median(step.find("lstm", "1")) > 0
    assert isinstance(step.find("lstm", "3"), ModelRefusedError)


def test_threads_that_come_together_load_it_once(tmp_path: Path) -> None:
    step, said = shelf(registry(tmp_path), tmp_path / "kept")
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(step.find("lstm", "1"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(one) for one in found}) == 1
    assert said == ["loaded lstm 1"]


def test_a_model_that_fails_at_work_is_told(tmp_path: Path) -> None:
    step, said = shelf(registry(tmp_path), tmp_path / "kept")
    model = step.find("lstm", "1")
    assert isinstance(model, OnnxModel)
    model.quantiles(np.full((50, F), np.nan))
    assert said[-1] == "faulted lstm: not_finite"
