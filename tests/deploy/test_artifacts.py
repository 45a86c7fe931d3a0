"""Which markets begin with an artifact, as their flows will choose it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deploy.artifacts import artifacts, has_artifact
from deploy.model_settings import SHIPPED
from deploy.settings import Settings
from schemas.reference import file_of, manifest_of


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings().with_(data_dir=tmp_path, markets=("us", "us-open", "sim"))


def test_of_the_shipped_markets_us_has_one(settings: Settings) -> None:
    assert artifacts(settings) == {"us": manifest_of(file_of(SHIPPED, "us"))}
    assert [has_artifact(settings, name) for name in settings.markets] == [True, False, False]


def test_an_empty_folder_has_none(settings: Settings, tmp_path: Path) -> None:
    without = settings.with_(reference_dir=tmp_path)
    assert artifacts(without) == {}
    assert not has_artifact(without, "us")


def test_what_a_flow_began_with_counts_and_not_what_is_shipped_by_now(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "flows" / "us"
    folder.mkdir(parents=True)
    (folder / "part-0.sqlite3").touch()
    assert not has_artifact(settings, "us"), "it began without"
    shutil.copy(file_of(SHIPPED, "us"), file_of(folder, "us"))
    assert has_artifact(settings.with_(reference_dir=tmp_path), "us")


def test_a_damaged_one_is_left_to_its_flow(settings: Settings, tmp_path: Path) -> None:
    file_of(tmp_path, "us").write_bytes(b"nothing")
    damaged = settings.with_(reference_dir=tmp_path)
    assert artifacts(damaged) == {}
    assert has_artifact(damaged, "us")
