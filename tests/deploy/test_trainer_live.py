"""The whole round on a real flow: trained beside it, swapped in while it runs, and the same bytes come of a replay."""

from __future__ import annotations

import json
import sys
from itertools import groupby
from pathlib import Path

import pytest
import redis
from pydantic import SecretStr

from deploy.settings import Settings
from deploy.training import Trainer
from models.registry import aliases
from models.registry.aliases import Aliases
from schemas import names
from tests import servers
from tests.dataflows import tape as tapes
from tests.dataflows.flows import produce, published, wait_for
from tests.dataflows.tape import Record
from tests.dataflows.test_swaps import described, flowing, pure
from tests.dataflows.topics import contents

SECONDS, PART = 320, 240

TRAIN = """
import os, sys
from pathlib import Path
from tests.dataflows.test_swaps import described
from tests.models import exported, onnx_made
said = exported.manifest(described("any"), version=sys.argv[1], created_at=f"2026-11-2{sys.argv[1]}T00:00:00Z")
exported.save(Path(os.environ["ESI_REGISTRY"]), said, onnx_made.lstm(said.features, seed=int(sys.argv[1])))
"""


def read_back(bootstrap: str, feed: str) -> list[list[Record]]:
    """The feed as it stands in Kafka, orders included."""
    found = contents(bootstrap, names.ticks_topic(feed))
    return [[Record(one.partition, one.offset, one.kind, one.raw) for one in part] for part in found]


def test_trained_and_swapped_in_beside_a_flow_that_runs(
    kafka: servers.Kafka,
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tmp_path: Path,
    unique_name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tapes, "CONTROLS", {})
    given = tapes.rows(SECONDS, seed=3, per_second=14)
    first, rest = (tapes.records([part[cut] for part in given], "json") for cut in (slice(PART), slice(PART, None)))
    root, flows = tmp_path / "registry", tmp_path / "flow"
    root.mkdir()
    said = Settings(data_dir=tmp_path, redis_url=SecretStr(redis_server.url), kafka_url=kafka.bootstrap, registry=root)
    with flowing(flows, unique_name, kafka, redis_server, root) as flow:
        flow.start()
        produce(kafka.bootstrap, unique_name, first)
        wait_for(clean_redis, pure(unique_name, read_back(kafka.bootstrap, unique_name), root), flow)
        for version in ("1", "2"):
            market = described(unique_name)
            trainer = Trainer(said, {"tape": market}, (), 0.0, lambda _, v=version: [sys.executable, "-c", TRAIN, v])
            trainer.begin(at_once=True)
            trainer.look()
            trainer.close()
        produce(kafka.bootstrap, unique_name, rest)
        want = pure(unique_name, read_back(kafka.bootstrap, unique_name), root)
        wait_for(clean_redis, want, flow)
        assert published(clean_redis) == want
    assert aliases.read(root / "lstm") == Aliases("1", "2", None, 2), "the second loses on its gate set"
    versions = [json.loads(body).get("models", {}).get("lstm") for _, body in want["readings"]]
    assert [version for version, _ in groupby(versions)] == [None, "1"]
    rows = {row["role"]: row for row in json.loads(want["details"][-1][1])["models"]}
    assert {role: row["version"] for role, row in rows.items()} == {"champion": "1", "challenger": "2"}
    assert rows["champion"]["weight"] > 0
    assert rows["challenger"]["weight"] == 0
