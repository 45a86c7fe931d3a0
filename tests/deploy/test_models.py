"""`esi models`: from the registry to the record in the feed, as people call it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dataflows import kafka as clients
from models.registry.manifest import MODEL
from schemas import names
from schemas.market import Market
from schemas.market_file import load
from tests import servers
from tests.dataflows.topics import PARTITIONS, contents
from tests.models import exported, onnx_made

SIM: Market = load("sim")
F = exported.manifest(SIM).features


def esi_models(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy", "models", *arguments, "--registry", str(folder / "registry")]
    command += ["--data", str(folder / "data")]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=servers.CHECKOUT, timeout=90)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 1 is good, 2 as good, 3 worse, 4 cut off."""
    root = tmp_path_factory.mktemp("models")
    for version, middle in (("1", 0.0), ("2", 0.0), ("3", 1.0), ("4", 0.0)):
        said = exported.manifest(SIM, version=version, created_at=f"2026-11-2{version}T12:00:00Z")
        exported.save(root / "registry", said, onnx_made.centred(F, middle=middle))
    (root / "registry" / "lstm" / "4" / MODEL).write_bytes(b"cut")
    return root


def test_from_the_first_promotion_to_the_rollback(
    folder: Path, mock_broker: servers.MockBroker, unique_name: str
) -> None:
    topic = names.ticks_topic(unique_name)
    clients.ensure_topic(mock_broker.bootstrap, topic, PARTITIONS)
    flags = ("--feed", unique_name, "--kafka-url", mock_broker.bootstrap, "--lead", "0")
    done = esi_models(folder, "promote", "lstm", "1", *flags)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("lstm 1 is champion of sim: the order stands at offset 0 of feed ")
    told = json.loads(esi_models(folder, "promote", "lstm", "2", "--challenger", "--json", *flags).stdout)
    assert told["aliases"] == {"champion": "1", "challenger": "2", "orders": 2}
    for bad, why in (("3", "worse"), ("4", "wrong_hash")):
        refused = esi_models(folder, "promote", "lstm", bad, *flags)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert f"esi: lstm {bad} is not promoted: {why}" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert esi_models(folder, "promote", "lstm", "2", *flags).returncode == 0
    assert esi_models(folder, "rollback", "lstm", *flags).stdout.startswith("lstm 1 is champion")
    assert (
        esi_models(folder, "retire", "lstm", "--feed", unique_name, "--kafka-url", mock_broker.bootstrap).returncode
        == 0
    )
    records = [json.loads(record.raw) for record in contents(mock_broker.bootstrap, topic)[0]]
    assert [(one["name"], one["version"], one["market"]) for one in records] == [
        ("lstm", "1:1", "sim"), ("lstm:challenger", "2:2", "sim"), ("lstm", "2:3", "sim"), ("lstm", "1:4", "sim"),
        ("lstm", "none:5", "sim"),
    ]  # fmt: skip


def test_the_list_says_why_one_stays_out(folder: Path) -> None:
    assert esi_models(folder, "check", "lstm", "4").returncode == 1
    done = esi_models(folder, "list")
    assert done.returncode == 0, done.stderr
    assert "lstm 4: stays out (wrong_hash): " in done.stdout
    listed = json.loads(esi_models(folder, "list", "lstm", "--json").stdout)
    assert [one["version"] for one in listed] == ["1", "2", "3", "4"]
    assert listed[3]["verdict"]["reason"] == "wrong_hash"


def test_show_and_diff_and_check(folder: Path) -> None:
    shown = esi_models(folder, "show", "lstm", "2")
    assert "metric pinball" in shown.stdout
    assert json.loads(esi_models(folder, "show", "lstm", "2", "--json").stdout)["manifest"]["market"] == "sim"
    differ = json.loads(esi_models(folder, "diff", "lstm", "1", "3", "--json").stdout)
    assert differ["version"] == ["1", "3"]
    assert differ["loss on the gate set"][0] < differ["loss on the gate set"][1]
    assert "loss on the gate set" in esi_models(folder, "diff", "lstm", "1", "3").stdout
    checked = esi_models(folder, "check", "lstm", "2")
    assert (checked.returncode, checked.stdout.startswith("lstm 2 is sound")) == (0, True)
    missing = esi_models(folder, "show", "lstm", "7")
    assert missing.returncode == 2
    assert "versions: 1, 2, 3, 4" in " ".join(missing.stderr.replace("│", " ").split())


def test_without_models_and_without_a_broker_it_says_what_to_do(tmp_path: Path, folder: Path) -> None:
    assert "holds no models" in esi_models(tmp_path, "list").stdout
    lost = esi_models(folder, "promote", "lstm", "1")
    assert lost.returncode == 2
    assert "ESI_KAFKA_URL is not set" in lost.stderr
    said = exported.manifest(SIM, "own", market="mine")
    exported.save(folder / "registry", said, onnx_made.centred(F))
    own = esi_models(folder, "check", "own", "1")
    assert own.returncode == 2
    assert "name its file with --market" in own.stderr
