"""What REST says of the finals as a whole."""

from __future__ import annotations

import jsonschema
import redis

from schemas.reading import canonical
from tests.api import chained
from tests.api.chained import id_of, overwrite
from tests.api.conftest import Served
from tests.api.publisher import archive


def test_an_audit_over_http(served: Served, clean_redis: redis.Redis, archive_url: str) -> None:
    finals = chained.finals("test", 20)
    chained.publish(clean_redis, "test", finals)
    archive(archive_url, "test", clean_redis, id_of(finals[14]), keep=8)
    found = served.get("/v1/markets/test/audit").json()
    assert (found["ok"], found["count"], found["head"], found["broken"]) == (True, 20, finals[-1].hash, None)
    part = served.get("/v1/markets/test/audit", params={"from": finals[5].at, "to": finals[12].at, "limit": 3}).json()
    assert (part["ok"], part["count"], part["next"]) == (True, 3, id_of(finals[7]))
    overwrite(archive_url, "test", id_of(finals[6]), canonical(finals[6]).replace(b'"normal"', b'"severe"'))
    found = served.get("/v1/markets/test/audit").json()
    assert (found["ok"], found["count"], found["broken"]["id"]) == (False, 6, id_of(finals[6]))
    assert (found["broken"]["kind"], found["last"]["hash"]) == ("altered", finals[5].hash)
    document = served.get("/openapi.json").json()
    schema = {"$ref": "#/components/schemas/Audit", "components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(found)


def test_what_cannot_be_audited_is_a_problem(served: Served, clean_redis: redis.Redis) -> None:
    missing = served.get("/v1/markets/nowhere/audit")
    assert (missing.status_code, missing.json()["title"]) == (404, "Unknown market")
    chained.publish(clean_redis, "test", chained.finals("test", 2))
    wrong = served.get("/v1/markets/test/audit", params={"from": "yesterday"})
    assert (wrong.status_code, wrong.json()["title"]) == (422, "Bad parameter")


def test_an_attribution_over_http(served: Served, clean_redis: redis.Redis, archive_url: str) -> None:
    finals = chained.finals("test", 30)
    chained.publish(clean_redis, "test", finals)
    archive(archive_url, "test", clean_redis, id_of(finals[19]), keep=12)
    asked = {"from": finals[3].at, "to": finals[24].at}
    found = served.get("/v1/markets/test/attribution", params=asked).json()
    assert (found["from"]["at"], found["to"]["at"], found["splits"]) == (finals[3].at, finals[24].at, 21)
    moved = found["moved"]
    parts = sum(moved["level"].values()) + moved["correlation"] + moved["composition"]
    assert abs(parts - (found["to"]["index"] - found["from"]["index"])) < 1e-10
    assert len(found["indicators"]) == 6
    wrong = served.get("/v1/markets/test/attribution", params={"from": finals[9].at, "to": finals[2].at})
    assert (wrong.status_code, wrong.headers["content-type"]) == (422, "application/problem+json")
