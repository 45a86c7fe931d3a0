"""Models over HTTP: the registry as it lies there, and who serves as the last final saw it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jsonschema
import msgspec
import pytest

from api.config import ApiConfig
from models.registry import aliases, store
from models.registry.aliases import Aliases
from models.registry.manifest import FILES, MANIFEST, Manifest, write
from models.registry.store import Verdict
from schemas.scores import ModelRow
from tests import servers
from tests.api.conftest import Served, serving
from tests.api.publisher import Publisher, details, id_of

ROW = ModelRow("lstm", "champion", "2", "2", "forecast", 1, None, 0.2, 0.01, None, None)
SHADOW = ModelRow("lstm", "challenger", "4", None, None, 0, "too_slow", None, None, None, None)


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """Two markets' models; one version is half written, one was refused."""
    for name, version, market in (("lstm", "1", "test"), ("lstm", "2", "test"), ("us-lstm", "1", "us")):
        folder = tmp_path / name / version
        folder.mkdir(parents=True)
        for file in FILES:
            (folder / file).write_bytes(b"x")
        write(folder, Manifest(
            name=name, version=version, kind="forecast", market=market, horizon=1, schema="ab", features=3,
            trained_from="1992-01-02T21:00:00Z", trained_to="2019-12-31T21:00:00Z", metrics={"pinball": 0.2},
            opset=20, code="0.1.0", created_at=f"2026-11-2{version}T12:00:00Z",
        ))  # fmt: skip
    (tmp_path / "us-lstm" / "1" / MANIFEST).unlink()
    told = f"{tmp_path}/lstm/1/model.onnx is another one"
    store.judge(tmp_path / "lstm" / "1", Verdict("2026-11-26T12:00:00Z", "wrong_hash", told))
    aliases.write(tmp_path / "lstm", Aliases("2", None, "1"))
    return tmp_path


@pytest.fixture
def watching(redis_server: servers.Redis, registry: Path) -> Iterator[Served]:
    with serving(ApiConfig(redis_server.url, registry=registry)) as served:
        yield served


def test_the_registry_is_told_without_where_it_lies(watching: Served, registry: Path) -> None:
    answer = watching.get("/v1/models")
    found = {(one["name"], one["version"]): one for one in answer.json()["models"]}
    assert found["lstm", "2"]["roles"] == ["champion"]
    assert found["lstm", "1"]["verdict"]["text"] == "lstm/1/model.onnx is another one"
    assert "half written" in found["us-lstm", "1"]["fault"]
    assert str(registry) not in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_a_market_tells_who_serves_and_what_it_has(watching: Served, publisher: Publisher) -> None:
    publisher.readings(range(1, 11))
    told = msgspec.structs.replace(details("test", 10), models=[ROW, SHADOW])
    publisher._add(publisher.client, "details", "details", id_of(10, True), told)
    found = watching.get("/v1/markets/test/models").json()
    assert found["models"] == [msgspec.to_builtins(ROW), msgspec.to_builtins(SHADOW)]
    assert [one["version"] for one in found["versions"]] == ["1", "2"]
    document = watching.get("/openapi.json").json()
    for path, name in (("/v1/markets/test/models", "MarketModels"), ("/v1/models", "Models")):
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        jsonschema.Draft202012Validator(schema).validate(watching.get(path).json())


def test_without_models_there_are_none(served: Served, publisher: Publisher) -> None:
    assert served.get("/v1/markets/test/models").status_code == 404
    publisher.readings(range(1, 11), finals=[10])
    found = served.get("/v1/markets/test/models").json()
    assert (found["models"], found["versions"]) == ([], [])
    assert served.get("/v1/models").json() == {"models": []}
    assert served.get("/v1/markets/nowhere/models").status_code == 404
