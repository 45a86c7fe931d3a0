"""A registry is read as it lies there: half written, with strange folders, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from models.registry import aliases, store
from models.registry.aliases import Aliases
from models.registry.manifest import MANIFEST
from models.registry.refusals import ModelRefusedError
from models.registry.store import Verdict
from tests.disks import SmallDisk
from tests.models import exported, onnx_made, tape

MARKET = tape.market()
MODEL = onnx_made.centred(exported.manifest(MARKET).features)


def filled(root: Path) -> Path:
    """Two versions, the older one with the greater name, and one that is half written."""
    for version, day in (("9", "2026-11-24"), ("10", "2026-11-25"), ("11", "2026-11-26")):
        said = exported.manifest(MARKET, version=version, created_at=f"{day}T12:00:00Z")
        exported.save(root, said, MODEL)
    (root / "lstm" / "11" / MANIFEST).unlink()
    (root / "lost+found").mkdir()
    (root / "lstm" / ".making").mkdir()
    aliases.write(root / "lstm", Aliases("10", None, "9", 2))
    return root


def test_no_registry_holds_nothing(tmp_path: Path) -> None:
    assert store.names(tmp_path / "none") == []
    assert store.listing(tmp_path / "none") == []


def test_versions_stand_in_order_of_their_making(tmp_path: Path) -> None:
    found = store.listing(filled(tmp_path))
    assert [(one.version, one.roles) for one in found] == [("9", ["previous"]), ("10", ["champion"]), ("11", [])]
    assert found[2].manifest is None
    assert "half written" in str(found[2].fault)
    assert store.names(tmp_path) == ["lstm"]


def test_aliases_that_cannot_be_read_hide_no_version(tmp_path: Path) -> None:
    (filled(tmp_path) / "lstm" / aliases.FILE).write_text("{")
    assert [one.roles for one in store.listing(tmp_path)] == [[], [], []]


def test_a_verdict_stays_with_its_version(tmp_path: Path) -> None:
    folder = store.find(filled(tmp_path), "lstm", "9")
    verdict = Verdict("2026-11-26T12:00:00Z", "worse", "loses", {"candidate": 0.3, "champion": 0.2}, "10")
    store.judge(folder, verdict)
    assert store.listing(tmp_path)[0].verdict == verdict
    (folder / store.VERDICT).write_text("?")
    assert store.listing(tmp_path)[0].verdict is None


def test_a_verdict_that_finds_no_room_harms_nothing(small_disk: Callable[[int], SmallDisk]) -> None:
    disk = small_disk(4)
    folder = store.find(filled(disk.folder), "lstm", "9")
    disk.fill()
    with pytest.raises(OSError, match="No space left"):
        store.judge(folder, Verdict("2026-11-26T12:00:00Z"))
    assert store.versions(disk.folder, "lstm")[0].manifest is not None


@pytest.mark.parametrize(("name", "version"), [("lstm", "12"), ("gru", "1"), ("..", "lstm"), ("lstm", "../lstm/9")])
def test_what_is_not_there_is_told_with_what_is(tmp_path: Path, name: str, version: str) -> None:
    with pytest.raises(ModelRefusedError, match="missing") as caught:
        store.find(filled(tmp_path), name, version)
    assert "lstm" in caught.value.text
