"""The REST interface, asked over HTTP."""

from __future__ import annotations

import csv
import io
import json

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import redis

from schemas.reading import canonical
from tests.api import chained
from tests.api.conftest import Served
from tests.api.publisher import Publisher, archive, details, id_of, reading
from tests.servers import wait_until


def test_lists_markets_as_their_flows_define_them(served: Served, publisher: Publisher) -> None:
    Publisher(publisher.client, "test~r1")
    found = served.get("/v1/markets").json()["markets"]
    assert [market["name"] for market in found] == ["test", "test~r1"]
    assert found[0]["of_a_later_version"] is True
    assert served.get("/v1/markets/test").json() == found[0]
    assert served.get("/v1/markets/test~r1").json() == found[1]


def test_editions_are_markets_of_their_own_listed_in_turn(
    served: Served, clean_redis: redis.Redis, archive_url: str
) -> None:
    old, new = chained.finals("test", 12), chained.finals("test@2", 3, version="1-2-11111111", seed=1)
    chained.publish(clean_redis, "test-other", chained.finals("test-other", 1))
    chained.publish(clean_redis, "test@2", new)
    chained.publish(clean_redis, "test", old)
    Publisher(clean_redis, "test@10")
    archive(archive_url, "test", clean_redis, chained.id_of(old[9]), keep=4)
    found = served.get("/v1/markets").json()["markets"]
    assert [one["name"] for one in found] == ["test", "test@2", "test@10", "test-other"]
    assert [one["since"] for one in found[:3]] == [old[0].at, new[0].at, None]
    assert served.get("/v1/markets/test@2").json() == found[1]
    assert served.get("/v1/markets/test@2/latest").json()["final"]["hash"] == new[-1].hash
    assert served.get("/v1/markets/test%402/audit").json()["head"] == new[-1].hash
    assert served.get("/v1/markets/test/audit").json()["head"] == old[-1].hash
    table = served.get("/v1/markets/test@2/readings", params={"format": "csv"})
    assert table.headers["content-disposition"] == 'attachment; filename="test@2.csv"'
    assert served.get("/v1/markets/test@3").status_code == 404


def test_latest_gives_the_newest_reading_and_the_newest_final(served: Served, publisher: Publisher) -> None:
    assert served.get("/v1/markets/test/latest").json() == {
        "market": "test", "epoch": "e1", "id": None, "sent_ns": None, "reading": None, "final_id": None, "final": None
    }  # fmt: skip
    publisher.readings(range(1, 5), finals=[3])
    wait_until(lambda: served.get("/v1/markets/test/latest").json()["id"] == id_of(4))
    answer = served.get("/v1/markets/test/latest")
    found = answer.json()
    assert (found["id"], found["final_id"]) == (id_of(4), id_of(3, True))
    assert canonical(reading("test", 4)) in answer.content
    assert canonical(reading("test", 3, True)) in answer.content


def test_contributions_come_by_segment_over_time_and_by_indicator(served: Served, publisher: Publisher) -> None:
    publisher.readings(range(1, 13), finals=[10])
    found = served.get("/v1/markets/test/contributions", params={"limit": 11}).json()
    assert len(found["at"]) == len(found["index"]) == 11
    assert found["contributions"]["equity"] == [index / 2 for index in found["index"]]
    assert found["final"][-1] is True
    assert found["next"] == found["last"] == id_of(10, True)
    assert found["indicators"]["at"] == details("test", 10).at
    assert found["indicators"]["rows"][0]["name"] == "volatility"
    many = served.get("/v1/markets/test/contributions").json()
    assert many["next"] is None
    assert len(many["at"]) == 13


def test_correlations_are_those_of_the_last_final(served: Served, publisher: Publisher) -> None:
    missing = served.get("/v1/markets/test/correlations")
    assert (missing.status_code, missing.json()["title"]) == (404, "No final yet")
    publisher.readings(range(1, 21), finals=[10, 20])
    found = served.get("/v1/markets/test/correlations").json()
    assert found["at"] == details("test", 20).at
    assert found["segments"] == {"names": ["credit", "equity"], "values": [[1.0, 0.5], [0.5, 1.0]]}
    assert found["instruments"]["values"][0] == [1.0, None]


def test_details_come_from_the_archive_when_the_stream_has_none(
    served: Served, publisher: Publisher, archive_url: str
) -> None:
    publisher.readings(range(1, 11), finals=[10])
    archive(archive_url, "test", publisher.client, id_of(10, True))
    publisher.client.delete("esi:test:details")
    assert served.get("/v1/markets/test/correlations").json()["at"] == details("test", 10).at


def test_tables_hold_what_json_holds(served: Served, publisher: Publisher) -> None:
    publisher.readings(range(1, 31), finals=[10, 20, 30])
    path = "/v1/markets/test/readings"
    wanted = served.get(path).json()["readings"]
    rows = list(csv.DictReader(io.StringIO(served.get(path, params={"format": "csv"}).text)))
    arrow = pa.ipc.open_stream(served.get(path, params={"format": "arrow"}).content).read_all()
    parquet = pq.read_table(io.BytesIO(served.get(path, params={"format": "parquet"}).content))
    assert parquet.equals(arrow)
    assert [float(row["index"]) for row in rows] == arrow["index"].to_pylist() == [r["index"] for r in wanted]
    equity = [r["contributions"]["equity"] for r in wanted]
    assert arrow["contribution.equity"].to_pylist() == [float(row["contribution.equity"]) for row in rows] == equity
    assert [row["final"] for row in rows] == [str(r["final"]).lower() for r in wanted]
    assert [at.isoformat().replace("+00:00", "Z") for at in arrow["at"].to_pylist()] == [r["at"] for r in wanted]


def test_an_empty_table_has_its_columns(served: Served, publisher: Publisher) -> None:
    path = f"/v1/markets/{publisher.market}/readings"
    assert served.get(path, params={"format": "csv"}).text.startswith("id,at,final,index,")
    assert pa.ipc.open_stream(served.get(path, params={"format": "arrow"}).content).read_all().num_rows == 0


def test_tables_say_where_to_go_on(served: Served, publisher: Publisher) -> None:
    publisher.readings(range(1, 31))
    first = served.get("/v1/markets/test/readings", params={"format": "csv", "limit": 12})
    assert first.headers["x-next"] == first.headers["x-last"] == id_of(12)
    link = first.headers["link"]
    assert link.endswith('>; rel="next"')
    second = served.get(link[1:].partition(">")[0])
    assert second.text.splitlines()[1].startswith(id_of(13) + ",")


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("from=yesterday", "from"),
        ("to=2024-05-01T12:00:00", "time zone"),
        ("limit=0", "limit"),
        ("limit=10001", "limit"),
        ("cursor=abc", "cursor"),
        ("cursor=1" + "0" * 30, "cursor"),
        ("every=1parsec", "every"),
        ("every=-1s", "every"),
        ("every=0s", "every"),
        ("every=1us", "every"),
        ("final=maybe", "final"),
        ("format=xml", "format"),
    ],
)
def test_a_bad_parameter_names_itself(served: Served, publisher: Publisher, query: str, word: str) -> None:
    answer = served.get(f"/v1/markets/{publisher.market}/readings?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert word in found["detail"]
    assert found["title"] == "Bad parameter"
    assert found["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("rest", ["", "/latest", "/readings", "/contributions", "/correlations"])
def test_an_unknown_market_is_a_problem(served: Served, rest: str) -> None:
    answer = served.get(f"/v1/markets/nowhere{rest}", headers={"x-request-id": "abc-1"})
    assert (answer.status_code, answer.json()["title"]) == (404, "Unknown market")
    assert answer.json()["request_id"] == "abc-1"
    assert answer.json()["instance"] == f"/v1/markets/nowhere{rest}"


OF_OTHERS = ("/v1/alerts", "/v1/session/", "/v1/users", "/v1/keys", "/v1/token", "/v1/audit")


def test_every_answer_is_as_the_openapi_document_says(
    served: Served, publisher: Publisher, clean_redis: redis.Redis
) -> None:
    assert clean_redis
    publisher.readings(range(1, 13), finals=[9, 10])
    document = served.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        if path == "/metrics" or path.startswith(OF_OTHERS):  # asked in tests/api/alerting/rest and tests/api/identity
            continue
        said = operations["get"]["responses"]["200"]["content"]["application/json"]
        answer = served.get(path.replace("{market}", "test"))
        assert answer.status_code == 200, path
        for value in (answer.json(), said.get("example")):
            if value is not None and "$ref" in said["schema"]:
                schema = {**said["schema"], "components": document["components"]}
                jsonschema.validate(value, schema, jsonschema.Draft202012Validator)
    assert {p for p in document["paths"] if p.startswith("/v1/markets/{market}/")} == {
        f"/v1/markets/{{market}}/{name}"
        for name in (
            "latest",
            "readings",
            "contributions",
            "correlations",
            "audit",
            "attribution",
            "forecast",
            "regime",
            "scores",
            "models",
        )
    }
    problem = served.get("/v1/markets/nowhere").json()
    schema = {"$ref": "#/components/schemas/ProblemDetails", "components": document["components"]}
    jsonschema.validate(problem, schema, jsonschema.Draft202012Validator)


def test_readings_are_spliced_in_unchanged(served: Served, publisher: Publisher) -> None:
    publisher.readings(range(1, 4), finals=[3])
    body = served.get("/v1/markets/test/readings").content
    for number, final in ((1, False), (2, False), (3, False), (3, True)):
        assert canonical(reading("test", number, final)) in body
    assert json.loads(body)["last"] == id_of(3, True)
