"""The manifest of a reference artifact."""

from __future__ import annotations

import zipfile
from pathlib import Path

import msgspec
import pytest

from schemas.reference import (
    FORMAT,
    MANIFEST,
    Manifest,
    Member,
    ReferenceFileError,
    decode_manifest,
    file_of,
    manifest_of,
)

MADE = Manifest(
    format=FORMAT, market="made", version="1-2-abc", finals=2, first="2000-01-03T23:00:00Z",
    last="2000-01-04T23:00:00Z",
    head="00", inputs={"panel.csv": "11"}, release="0.1.0", sources="22", cpu="x86_64 any", python="3.11.7",
    libraries={"numpy": "2"}, members={"state": Member(3, "33")},
)  # fmt: skip


def write(file: Path, manifest: Manifest) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(MANIFEST, msgspec.json.encode(manifest))
    return file


def test_a_manifest_is_read_without_the_rest(tmp_path: Path) -> None:
    assert manifest_of(write(file_of(tmp_path, "made"), MADE)) == MADE


def test_an_artifact_is_called_by_its_market(tmp_path: Path) -> None:
    assert file_of(tmp_path, "us-open") == tmp_path / "us-open.reference"


def test_a_later_format_asks_for_a_later_release(tmp_path: Path) -> None:
    file = write(tmp_path / "made.reference", msgspec.structs.replace(MADE, format=FORMAT + 1))
    with pytest.raises(ReferenceFileError, match=r"made\.reference: of format 2, this release reads 1: update ESI"):
        manifest_of(file)


def test_what_is_no_artifact_is_named_with_the_remedy(tmp_path: Path) -> None:
    file = tmp_path / "made.reference"
    with pytest.raises(ReferenceFileError, match=r"made\.reference: No such file"):
        manifest_of(file)
    for content in (b"", b"text", write(file, MADE).read_bytes()[:-30]):
        file.write_bytes(content)
        with pytest.raises(ReferenceFileError, match=r"made\.reference: damaged.*esi reference build"):
            manifest_of(file)
    with pytest.raises(ReferenceFileError, match="damaged"):
        decode_manifest(b'{"format": 1}', "x")
