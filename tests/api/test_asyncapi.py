"""The AsyncAPI document and the frames of a real socket say the same."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml
from websockets.asyncio.client import connect

from api.config import ApiConfig
from api.encodings import ENCODINGS
from api.wishes import MAX_SUBSCRIPTIONS, PARAMETERS
from schemas.names import CHANNELS
from schemas.reading import Bars, Details, Reading
from tests import servers
from tests.api.conftest import serving
from tests.api.publisher import Publisher, id_of

DOCUMENT: dict[str, Any] = yaml.safe_load((servers.CHECKOUT / "docs" / "asyncapi.yaml").read_text())


def check(found: dict[str, Any]) -> str:
    """Validates a frame against the message of its type; gives the type."""
    name = str(found["type"]).capitalize()
    reference = DOCUMENT["components"]["messages"][name]["payload"]
    schema = {**reference, "components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator(schema).validate(found)
    return name


def publish(publisher: Publisher) -> None:
    publisher.readings(range(1, 11), finals=[10])
    publisher.bars([1])


def lose(publisher: Publisher) -> None:
    publisher.begin_anew("e2")
    publisher.readings([11], finals=[11])


async def test_every_frame_is_as_documented(config: ApiConfig, publisher: Publisher) -> None:
    seen: set[str] = set()
    with serving(replace(config, ping=1.0)) as served:
        query = "market=test&channel=readings&channel=bars&channel=details"
        async with connect(f"{served.feed}?{query}") as client:
            for _ in range(3):
                seen.add(check(json.loads(await asyncio.wait_for(client.recv(), 10))))
            for step in (publish, lose):
                step(publisher)
                awaited = {"publish": {"Snapshot", "Update", "Ping"}, "lose": {"Reset"}}[step.__name__]
                while not seen >= awaited:
                    seen.add(check(json.loads(await asyncio.wait_for(client.recv(), 10))))
        async with connect(f"{served.feed}?{query}&since={id_of(1)}") as client:
            for _ in range(4):
                seen.add(check(json.loads(await asyncio.wait_for(client.recv(), 10))))
        async with connect(f"{served.feed}?{query}&delta=1") as client:
            for step in range(20, 24):
                publisher.readings([step])
                await asyncio.sleep(0.05)
            while "Delta" not in seen:
                seen.add(check(json.loads(await asyncio.wait_for(client.recv(), 10))))
        async with connect(f"{served.feed}?market=nowhere") as client:
            seen.add(check(json.loads(await client.recv())))
    from api.frames import Channel

    seen.add(check(json.loads(Channel("test", "readings", 1, 1).conflated(3)[2:])))
    assert seen == set(DOCUMENT["components"]["messages"])


@pytest.mark.parametrize("kind", [Reading, Bars, Details])
def test_the_data_schemas_are_those_of_the_code(kind: type[msgspec.Struct]) -> None:
    _, schemas = msgspec.json.schema_components([kind], ref_template="#/components/schemas/{name}")
    for name, schema in schemas.items():
        assert DOCUMENT["components"]["schemas"][name] == schema, f"update docs/asyncapi.yaml: {name}"


def test_the_query_is_that_of_the_code() -> None:
    query = DOCUMENT["channels"]["feed"]["bindings"]["ws"]["query"]["properties"]
    assert query["channel"]["items"]["enum"] == list(CHANNELS)
    assert f"at most {MAX_SUBSCRIPTIONS} pairs" in query["channel"]["description"]
    assert query["encoding"]["enum"] == list(ENCODINGS)
    assert set(query) == set(PARAMETERS)


def test_every_reference_leads_somewhere() -> None:
    def walk(node: Any) -> int:
        if isinstance(node, list):
            return sum(map(walk, node))
        if not isinstance(node, dict):
            return 0
        count = sum(map(walk, node.values()))
        if "$ref" in node:
            target: Any = DOCUMENT
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            count += 1
        return count

    assert walk(DOCUMENT) > 20
    jsonschema.Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"]["Update"])
