"""Models are swapped in the real flow: at the same reading in every replay, after any kill, without their files."""

from __future__ import annotations

import json
import os
import random
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from models.registry.manifest import MODEL
from models.serving.shelf import RegistryShelf
from schemas import names
from schemas.market import Market
from schemas.market_file import parse
from tests import servers
from tests.dataflows import tape as tapes
from tests.dataflows.flows import Flow, produce, published, wait_for
from tests.models import exported, onnx_made
from tests.models.serving.test_shelf import Told

KILLS = int(os.environ.get("ESI_TEST_KILLS", "20")) // 4
SECONDS = 440
ORDERS = {
    230: ("lstm", "1:1"), 247: ("transformer", "1:1"), 254: ("vae", "1:1"), 281: ("lstm:challenger", "2:2"),
    303: ("lstm", "3:3"), 318: ("lstm", "2:4"), 333: ("lstm", "9:5"), 355: ("far", "1:1"), 371: ("lstm", "1:6"),
    390: ("transformer", "none:2"),
}  # fmt: skip
"""Version 3 is cut short, version 9 was never there."""


def described(feed: str) -> Market:
    return parse(text(feed).encode(), "tape.toml")


def text(feed: str) -> str:
    return tapes.market_text(feed).replace('clock = "records"\n', 'clock = "records"\nhorizon = "30s"\n') + (
        "[scores]\nenabled = true\n"
    )


def registry(folder: Path) -> Path:
    """Two forecasters a final ahead, one over the horizon, a watch, in real ONNX; one version is damaged."""
    market = described("any")
    root, features = folder / "registry", exported.manifest(market).features
    for version in ("1", "2", "3"):
        exported.save(root, exported.manifest(market, version=version), onnx_made.lstm(features, seed=int(version)))
    raw = (root / "lstm" / "3" / MODEL).read_bytes()
    (root / "lstm" / "3" / MODEL).write_bytes(raw[: len(raw) // 2])
    exported.save(root, exported.manifest(market, "transformer"), onnx_made.transformer(features))
    exported.save(root, exported.manifest(market, "far", horizon=3), onnx_made.lstm(features, seed=9))
    watch = exported.manifest(market, "vae", kind="anomaly", horizon=0)
    exported.save(root, watch, onnx_made.autoencoder(features))
    return root


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return registry(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def tape() -> list[list[tapes.Record]]:
    """With the orders, behind their seconds."""
    with pytest.MonkeyPatch.context() as patch:
        told = {(0, second): [order(name, value)] for second, (name, value) in ORDERS.items()}
        patch.setattr(tapes, "CONTROLS", told)
        return tapes.records(tapes.rows(SECONDS, seed=3, per_second=14), "mixed", seed=6)


def order(name: str, value: str) -> bytes:
    return json.dumps({"kind": "model_promoted", "name": name, "version": value, "market": "tape"}).encode()


def pure(feed: str, tape: list[list[tapes.Record]], root: Path) -> dict[str, list[tuple[str, bytes]]]:
    """What the steps say without a flow."""
    shelf = RegistryShelf(root, None, time.thread_time_ns, Told())
    return tapes.expected(feed, tape, described(feed), shelf)[0]


@contextmanager
def flowing(folder: Path, feed: str, kafka: servers.Kafka, of: servers.Redis, root: Path, *args: str) -> Iterator[Flow]:
    """A flow of the market with scores, and a registry."""
    folder.mkdir(exist_ok=True)
    flow = Flow(folder, feed, kafka.bootstrap, of.url, *args, ESI_REGISTRY=str(root))
    flow.file.write_text(text(feed))
    try:
        yield flow
    finally:
        flow.kill()


def test_the_pure_steps_swap_where_the_feed_says(tape: list[list[tapes.Record]], models: Path) -> None:
    streams = pure("f", tape, models)
    said = [(entry, json.loads(body)) for entry, body in streams["readings"]]
    serving = [
        (int(entry.split("-")[0]) // 1000 - tapes.START_US // 10**6, one.get("models", {})) for entry, one in said
    ]
    first = {name: min(at for at, models in serving if name in models) for name in ("lstm", "vae", "far")}
    assert first == {"lstm": 232, "vae": 256, "far": 357}  # the first step that ends after the tock behind the second
    versions = [models.get("lstm") for _, models in serving]
    assert [v for n, v in enumerate(versions) if n == 0 or versions[n - 1] != v] == [None, "1", "2", "1"]
    rows = [row for _, body in streams["details"] for row in json.loads(body).get("models", [])]
    assert {row["reason"] for row in rows} == {None, "wrong_hash", "missing"}
    assert any(row["weight"] for row in rows if row["name"] == "lstm")
    assert any(row["probability"] for row in rows if row["name"] == "vae")


@pytest.mark.parametrize("args", [(), ("--processes", "2")], ids=["1", "p2"])
def test_a_flow_swaps_at_the_same_readings_and_its_models_outlive_the_registry(
    args: tuple[str, ...],
    tape: list[list[tapes.Record]],
    models: Path,
    kafka: servers.Kafka,
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tmp_path: Path,
    unique_name: str,
) -> None:
    want = pure(unique_name, tape, models)
    root = tmp_path / "registry"
    shutil.copytree(models, root)
    cut = [next(n for n, r in enumerate(part) if b"lstm" in r.raw and b"2:4" in r.raw) + 200 if p == 0
           else len(part) for p, part in enumerate(tape)]  # fmt: skip
    produce(kafka.bootstrap, unique_name, [part[:n] for part, n in zip(tape, cut, strict=True)])
    half = pure(unique_name, [part[:n] for part, n in zip(tape, cut, strict=True)], models)
    with flowing(tmp_path / "flow", unique_name, kafka, redis_server, root, *args) as flow:
        flow.start()
        wait_for(clean_redis, half, flow)
        shutil.rmtree(root)
        left = [json.loads(r.raw)["name"] for r in tape[0][cut[0] :] if r.kind == names.CONTROL_JSON]
        assert left[-1] == "transformer"
        time.sleep(1)
        flow.kill()
        flow.start()
        exported.save(root, exported.manifest(described("any"), "far", horizon=3),
                      onnx_made.lstm(exported.manifest(described("any")).features, seed=9))  # fmt: skip
        produce(kafka.bootstrap, unique_name, [part[n:] for part, n in zip(tape, cut, strict=True)])
        wait_for(clean_redis, want, flow)
        assert published(clean_redis) == want
        assert '"reason":"wrong_hash"' in flow.log
        assert '"reason":"missing"' in flow.log


@pytest.mark.timeout(90 + 15 * KILLS)
def test_kill_9_in_the_middle_of_swaps_leaves_the_undisturbed_streams(
    tape: list[list[tapes.Record]],
    models: Path,
    kafka: servers.Kafka,
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tmp_path: Path,
    unique_name: str,
) -> None:
    chance = random.Random(17)
    want = pure(unique_name, tape, models)
    with flowing(tmp_path / "flow", unique_name, kafka, redis_server, models, "--processes", "1") as flow:
        producing = threading.Thread(target=produce, args=(kafka.bootstrap, unique_name, tape, 4.0 * KILLS))
        producing.start()
        try:
            for _ in range(KILLS):
                flow.start()
                time.sleep(chance.uniform(2.0, 5.0))
                flow.kill()
        finally:
            producing.join()
        flow.start()
        wait_for(clean_redis, want, flow, 60)
        assert published(clean_redis) == want
