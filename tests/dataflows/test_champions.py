"""Shipped champions: whole in a fresh registry, and in force where what they were taught by ends."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import pytest

from dataflows.champions import bring, due
from dataflows.judging import check
from deploy.model_settings import CHAMPIONS
from models.registry import aliases, store
from models.registry.manifest import MANIFEST
from models.serving.admission import admit
from schemas.control import MODEL_PROMOTED
from tests.dataflows.test_cards import shipped

MARKET = shipped("us-open")


def test_a_fresh_registry_gets_them_once(tmp_path: Path) -> None:
    assert bring(CHAMPIONS, tmp_path, MARKET) == ["us-open-lstm"]
    (one,) = store.listing(tmp_path)
    assert one.roles == ["champion"]
    assert bring(CHAMPIONS, tmp_path, MARKET) == []
    assert [path.name for path in tmp_path.iterdir()] == ["us-open-lstm"]


def test_what_a_registry_has_of_that_name_stays(tmp_path: Path) -> None:
    (tmp_path / "us-open-lstm" / "mine").mkdir(parents=True)
    assert bring(CHAMPIONS, tmp_path, MARKET) == []
    assert due(CHAMPIONS, tmp_path, MARKET) == []


def test_other_markets_get_none_of_it(tmp_path: Path) -> None:
    assert bring(CHAMPIONS, tmp_path, shipped("us")) == []
    assert list(tmp_path.iterdir()) == []


def test_the_shipped_one_passes_all_checks_of_its_market(tmp_path: Path) -> None:
    bring(CHAMPIONS, tmp_path, MARKET)
    (one,) = store.listing(tmp_path)
    verdict = check(tmp_path, one.name, one.version, MARKET)
    assert (verdict.reason, verdict.text) == (None, "")
    admitted = admit(tmp_path / one.name / one.version, time.thread_time_ns)
    assert len(admitted.golden["gate_window"]) == 500
    assert sum(file.stat().st_size for file in (CHAMPIONS / one.name).rglob("*") if file.is_file()) < 400_000


def test_it_comes_into_force_where_what_it_was_taught_by_ends(tmp_path: Path) -> None:
    assert due(CHAMPIONS, tmp_path, MARKET) == []
    bring(CHAMPIONS, tmp_path, MARKET)
    (order,) = due(CHAMPIONS, tmp_path, MARKET)
    (one,) = store.listing(tmp_path)
    assert one.manifest is not None
    assert order.after_us == datetime.fromisoformat(one.manifest.trained_to).timestamp() * 1e6
    said = aliases.read(tmp_path / one.name)
    assert order.control[:4] == (MODEL_PROMOTED, one.name, aliases.order(one.version, said), "us-open")


def test_one_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    bring(CHAMPIONS, tmp_path / "shipped", MARKET)
    (manifest,) = (tmp_path / "shipped").glob(f"*/*/{MANIFEST}")
    manifest.write_text("{")
    assert bring(tmp_path / "shipped", tmp_path / "r", MARKET) == []


def test_a_full_disk_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(aliases, "put", full)
    with pytest.raises(OSError, match="No space left"):
        bring(CHAMPIONS, tmp_path, MARKET)
    assert list(tmp_path.iterdir()) == []
