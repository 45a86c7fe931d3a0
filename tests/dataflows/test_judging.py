"""Checks in one: what is found of a version is kept with it, and what flows refused is told beside it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from dataflows.config import FlowError
from dataflows.judging import check, difference, inventory, market_of, wanted_by
from dataflows.shelf import Teller
from models.registry import aliases, store
from models.registry.aliases import Aliases
from models.registry.manifest import MANIFEST, MODEL
from models.serving.shelf import COPIES, RegistryShelf
from tests.models import exported, onnx_made, tape

MARKET = tape.market(scores={"enabled": True}, horizon="30s")
F = exported.manifest(MARKET).features


def registry(root: Path) -> Path:
    """Version 1 is the best, 2 is biased, 3 was trained on other features, 4 is cut off."""
    for version, made, changes in (
        ("1", onnx_made.centred(F), {}),
        ("2", onnx_made.centred(F, middle=1.0), {"trained_to": "2020-06-30T21:00:00Z", "metrics": {"pinball": 0.3}}),
        ("3", onnx_made.centred(F), {"schema": "ff" * 32}),
        ("4", onnx_made.centred(F), {}),
    ):
        exported.save(root, exported.manifest(MARKET, version=version, **changes), made)
    (root / "lstm" / "4" / MODEL).write_bytes(b"cut")
    aliases.write(root / "lstm", Aliases("1"))
    return root


def test_a_market_wants_its_features_and_its_horizons() -> None:
    assert wanted_by(MARKET).horizons == (1, 3)
    assert wanted_by(MARKET).market == "test"


def test_verdicts_name_the_reason_and_stay_with_the_version(tmp_path: Path) -> None:
    root = registry(tmp_path)
    said = {version: check(root, "lstm", version, MARKET) for version in "1234"}
    assert {version: verdict.reason for version, verdict in said.items()} == {
        "1": None, "2": "worse", "3": "wrong_schema", "4": "wrong_hash",
    }  # fmt: skip
    assert said["2"].against == "1"
    assert said["1"].against is None
    assert set(said["1"].losses) == {"candidate"}
    assert [one.verdict for one in store.versions(root, "lstm")] == list(said.values())
    assert check(root, "lstm", "2", MARKET, gate=False).reason is None


def test_a_champion_that_cannot_be_used_any_more_bars_nobody(tmp_path: Path) -> None:
    root = registry(tmp_path)
    aliases.write(root / "lstm", Aliases("4"))
    verdict = check(root, "lstm", "2", MARKET)
    assert (verdict.reason, verdict.against) == (None, None)


def test_what_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    root = registry(tmp_path)
    with pytest.raises(FlowError, match="versions of lstm: 1, 2, 3, 4"):
        check(root, "lstm", "9", MARKET)
    with pytest.raises(FlowError, match="models: lstm"):
        market_of(root, "gru", None)
    (root / "lstm" / "2" / MANIFEST).write_bytes(b"{")
    with pytest.raises(FlowError, match="no manifest"):
        difference(root, "lstm", "1", "2")
    assert market_of(root, "lstm", None) == market_of(root, "lstm", "1") == "test"


def test_two_versions_differ_in_what_was_done_and_in_how_they_do(tmp_path: Path) -> None:
    found = difference(registry(tmp_path), "lstm", "1", "2")
    assert found["trained_to"] == ("2019-12-31T21:00:00Z", "2020-06-30T21:00:00Z")
    assert found["metrics.pinball"] == (0.2, 0.3)
    better, worse = found["loss on the gate set"]
    assert isinstance(better, float)
    assert isinstance(worse, float)
    assert better < worse
    assert "market" not in found
    assert "wrong_hash" in str(difference(tmp_path, "lstm", "1", "4")["loss on the gate set"])


def test_the_inventory_tells_what_flows_have_refused(tmp_path: Path) -> None:
    root, flows = registry(tmp_path / "registry"), tmp_path / "flows"
    shelf = RegistryShelf(root, flows / "us" / COPIES, time.thread_time_ns, Teller())
    shelf.find("lstm", "4:2")
    found = {one["version"]: one for one in inventory(root, flows)}
    assert found["1"]["refused"] == []
    (refused,) = found["4"]["refused"]
    assert (refused["feed"], refused["order"], refused["reason"]) == ("us", "4:2", "wrong_hash")
    assert found["1"]["roles"] == ["champion"]
    assert inventory(tmp_path / "none", tmp_path / "none") == []
