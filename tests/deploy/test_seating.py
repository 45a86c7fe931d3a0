"""What `esi train` has entered gets its seat, or a sentence says why not and what to type next."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from dataflows import kafka as clients
from deploy.seating import seat
from deploy.settings import Settings
from models.registry import aliases
from models.registry.aliases import Aliases
from models.registry.manifest import MODEL
from schemas import names
from schemas.market import Market
from schemas.market_file import load
from tests import servers
from tests.dataflows.topics import PARTITIONS, contents
from tests.models import exported, onnx_made

SIM = load("sim")
F = exported.manifest(SIM).features


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataflows.promotion.time", SimpleNamespace(sleep=lambda _: None))


@pytest.fixture
def market(mock_broker: servers.MockBroker, unique_name: str) -> Market:
    clients.ensure_topic(mock_broker.bootstrap, names.ticks_topic(unique_name), PARTITIONS)
    return SIM.model_copy(update={"feed": unique_name})


def settings(folder: Path, skill: float = 0.02, kafka: str | None = None) -> Settings:
    """With a registry that has version 1."""
    said = exported.manifest(SIM, metrics={"skill_over_persistence": skill})
    exported.save(folder / "registry", said, onnx_made.centred(F))
    return Settings(data_dir=folder, kafka_url=kafka)


def orders(mock_broker: servers.MockBroker, market: Market) -> list[tuple[str, str]]:
    records = [json.loads(one.raw) for one in contents(mock_broker.bootstrap, names.ticks_topic(market.feed))[0]]
    return [(one["name"], one["version"]) for one in records]


def test_the_first_one_serves_if_it_is_better_than_persistence(
    tmp_path: Path, mock_broker: servers.MockBroker, market: Market
) -> None:
    said = seat(settings(tmp_path, 0.02, mock_broker.bootstrap), market, "lstm", "1")
    assert said == "lstm 1 is champion of sim. How it does: esi models show lstm"
    assert aliases.read(tmp_path / "registry" / "lstm") == Aliases("1", None, None, 1)
    assert orders(mock_broker, market) == [("lstm", "1:1")]


def test_one_that_lost_to_persistence_only_challenges(
    tmp_path: Path, mock_broker: servers.MockBroker, market: Market
) -> None:
    said = seat(settings(tmp_path, -0.05, mock_broker.bootstrap), market, "lstm", "1")
    assert said.startswith("lstm 1: it lost to persistence where it was judged, and challenges.")
    assert said.endswith("In force: esi models promote lstm 1")
    assert orders(mock_broker, market) == [("lstm:challenger", "1:1")]


def test_beside_a_champion_it_challenges_however_good_it_is(
    tmp_path: Path, mock_broker: servers.MockBroker, market: Market
) -> None:
    told = settings(tmp_path, 0.5, mock_broker.bootstrap)
    exported.save(tmp_path / "registry", exported.manifest(SIM, version="0"), onnx_made.centred(F, middle=1.0))
    aliases.write(tmp_path / "registry" / "lstm", Aliases("0"))
    assert "lstm 1: it challenges the champion." in seat(told, market, "lstm", "1")
    assert aliases.read(tmp_path / "registry" / "lstm") == Aliases("0", "1", None, 1)
    assert seat(told, market, "lstm", "1") == "lstm 1 is challenger already"
    assert orders(mock_broker, market) == [("lstm:challenger", "1:1")]


def test_without_a_broker_it_says_what_to_type_later(tmp_path: Path) -> None:
    said = seat(settings(tmp_path), SIM, "lstm", "1")
    assert "no `esi up` runs here and ESI_KAFKA_URL is not set" in said
    assert said.endswith("Then: esi models promote lstm 1")
    assert aliases.read(tmp_path / "registry" / "lstm") == Aliases()


def test_one_that_fails_the_checks_is_said_with_its_reason(
    tmp_path: Path, mock_broker: servers.MockBroker, market: Market
) -> None:
    told = settings(tmp_path, 0.02, mock_broker.bootstrap)
    (tmp_path / "registry" / "lstm" / "1" / MODEL).write_bytes(b"cut")
    said = seat(told, market, "lstm", "1")
    assert "serves nowhere yet: lstm 1 is not promoted: wrong_hash" in said
    assert said.endswith("When that is mended: esi models promote lstm 1")
    assert aliases.read(tmp_path / "registry" / "lstm") == Aliases()


def test_a_feed_that_nobody_reads_is_named(tmp_path: Path, mock_broker: servers.MockBroker) -> None:
    told = settings(tmp_path, 0.02, mock_broker.bootstrap)
    said = seat(told, SIM.model_copy(update={"feed": "nobody"}), "lstm", "1")
    assert "feed 'nobody' has no topic" in said
    assert aliases.read(tmp_path / "registry" / "lstm") == Aliases()
