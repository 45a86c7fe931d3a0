"""Manifests: written last and whole, read strictly, and every damage to a model's folder has its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from models.registry import manifest
from models.registry.manifest import FILES, MANIFEST, MODEL, Manifest
from models.registry.refusals import ModelRefusedError
from tests.disks import SmallDisk
from tests.servers import AbsentError

SAID = Manifest(
    name="lstm", version="3", kind="forecast", market="us", horizon=1, schema="ab" * 32, features=50,
    trained_from="1992-01-02T21:00:00Z", trained_to="2019-12-31T21:00:00Z",
    metrics={"pinball": 0.19, "skill_over_persistence": float("nan")}, opset=20, code="0.1.0",
    created_at="2026-11-26T12:00:00Z",
)  # fmt: skip


def folder(root: Path) -> Path:
    """A model's folder with its files, without its manifest."""
    made = root / "lstm" / "3"
    made.mkdir(parents=True)
    for name in FILES:
        (made / name).write_bytes(f"this is {name}".encode())
    return made


def refused(of: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(ModelRefusedError) as caught:
        of()
    return caught.value.reason, caught.value.text


def test_what_is_written_is_read_and_vouches_for_the_files(tmp_path: Path) -> None:
    made = folder(tmp_path)
    written = manifest.write(made, SAID)
    assert manifest.read(made) == written
    assert set(written.files) == set(FILES)
    assert written.metrics == {"pinball": 0.19}
    assert manifest.verify(made, written)[MODEL] == b"this is model.onnx"
    assert sorted(p.name for p in made.iterdir()) == sorted([*FILES, MANIFEST])


def test_a_folder_without_manifest_is_half_written(tmp_path: Path) -> None:
    made = folder(tmp_path)
    reason, text = refused(lambda: manifest.read(made))
    assert reason == "missing"
    assert "half written" in text
    (made / MODEL).unlink()
    assert refused(lambda: manifest.write(made, SAID))[0] == "missing"
    assert not (made / MANIFEST).exists()


@pytest.mark.parametrize("name", FILES)
def test_another_file_under_a_good_name_is_seen(tmp_path: Path, name: str) -> None:
    made = folder(tmp_path)
    written = manifest.write(made, SAID)
    (made / name).write_bytes((made / name).read_bytes()[:-1])
    reason, text = refused(lambda: manifest.verify(made, written))
    assert reason == "wrong_hash"
    assert name in text
    (made / name).unlink()
    assert refused(lambda: manifest.verify(made, written))[0] == "missing"
    (made / name).mkdir()
    assert refused(lambda: manifest.verify(made, written))[0] == "unreadable"


def test_a_file_too_large_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = folder(tmp_path)
    written = manifest.write(made, SAID)
    monkeypatch.setattr(manifest, "LARGEST", 12)
    assert refused(lambda: manifest.verify(made, written))[0] == "oversized"


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"name":"lstm"}', b"[" * 100_000,
     msgspec.json.encode(msgspec.structs.replace(SAID, metrics={}, format=99))],
    ids=["empty", "cut", "list", "no text", "fields", "deep", "format"],
)  # fmt: skip
def test_no_manifest(tmp_path: Path, raw: bytes) -> None:
    made = folder(tmp_path)
    (made / MANIFEST).write_bytes(raw)
    reason, text = refused(lambda: manifest.read(made))
    assert reason == "unreadable"
    assert str(made) in text


def test_a_manifest_must_vouch_for_all_files_and_no_other(tmp_path: Path) -> None:
    made = folder(tmp_path)
    written = manifest.write(made, SAID)
    for files in ({}, written.files | {"../secret": "00"}):
        other = msgspec.structs.replace(written, files=files)
        assert refused(lambda other=other: manifest.verify(made, other))[0] == "unreadable"  # type: ignore[misc] # a default binds it


@pytest.mark.parametrize("name", ["", "..", "a/b", "lstm:challenger", "x" * 22, "none"])
def test_names_are_those_that_a_control_record_can_carry(tmp_path: Path, name: str) -> None:
    made = folder(tmp_path)
    for other in (msgspec.structs.replace(SAID, name=name), msgspec.structs.replace(SAID, version=name + "/.")):
        assert refused(lambda other=other: manifest.write(made, other))[0] == "unreadable"  # type: ignore[misc] # as above


def test_a_model_in_another_folder_is_not_that_model(tmp_path: Path) -> None:
    made = folder(tmp_path)
    manifest.write(made, SAID)
    moved = made.rename(made.with_name("4"))
    assert "3" in refused(lambda: manifest.read(moved))[1]


def test_a_full_disk_leaves_no_half_manifest() -> None:
    try:
        disk = SmallDisk(1)
    except AbsentError as absent:
        pytest.skip(str(absent))
    try:
        made = folder(disk.folder)
        disk.fill()
        with pytest.raises(OSError, match="No space left"):
            manifest.write(made, SAID)
        assert sorted(p.name for p in made.iterdir()) == sorted(FILES)
        disk.clear()
        manifest.write(made, SAID)
        assert manifest.read(made).files
    finally:
        disk.close()
