"""All of a history as one stream, through bounded memory."""

from __future__ import annotations

import csv
import io
import json

import httpx
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import redis

from api import tables
from schemas.names import market_key
from tests.api.conftest import Served
from tests.api.publisher import Publisher, archive, id_of

PATH = "/v1/markets/test/readings"


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handful of readings at a time."""
    monkeypatch.setattr(tables, "AT_A_TIME", 7)


def ids(served: Served, kind: str, **params: str) -> list[str]:
    answer = served.get(PATH, params={"format": kind, "stream": "true", **params})
    assert answer.status_code == 200
    assert "content-length" not in answer.headers
    if kind == "csv":
        return [row["id"] for row in csv.DictReader(io.StringIO(answer.text))]
    found: list[str] = pa.ipc.open_stream(answer.content).read_all()["id"].to_pylist()
    return found


@pytest.mark.parametrize("kind", ["csv", "arrow"])
def test_a_stream_is_all_of_it_across_the_seam(
    served: Served, publisher: Publisher, archive_url: str, kind: str
) -> None:
    published = publisher.readings(range(1, 101), finals=[10, 50, 100])
    archive(archive_url, "test", publisher.client, id_of(60), keep=30)
    assert ids(served, kind) == published
    assert ids(served, kind, limit="3") == published, "the limit is one of pages"
    assert ids(served, kind, final="true") == [name for name in published if name.endswith("-1")]
    assert ids(served, kind, cursor=published[40]) == published[41:]
    assert ids(served, kind, every="10s") == ids(served, kind, every="10s", limit="10000")


@pytest.mark.parametrize("kind", ["csv", "arrow"])
def test_an_empty_history_has_its_columns(served: Served, publisher: Publisher, kind: str) -> None:
    assert publisher
    assert ids(served, kind) == []


@pytest.mark.parametrize("kind", ["json", "parquet"])
def test_what_must_be_whole_is_not_streamed(served: Served, publisher: Publisher, kind: str) -> None:
    assert publisher
    answer = served.get(PATH, params={"format": kind, "stream": "true"})
    assert (answer.status_code, answer.json()["title"]) == (422, "Bad parameter")


def test_a_segment_unknown_at_the_head_breaks_the_stream_off(
    served: Served, publisher: Publisher, clean_redis: redis.Redis
) -> None:
    """The client notices: the answer has no proper end."""
    publisher.readings(range(1, 20))
    strange = (
        b'{"market":"test","at":"2024-01-01T00:00:00Z","final":false,"index":1.0,"percentile":1.0,"level":"normal",'
    )
    strange += b'"form":"ciss","contributions":{"new":1.0},"forms":{},"change":null,"coverage":1.0,'
    strange += b'"staleness":{"max_s":0.0,"stale":0},"flags":[],"version":"2"}'
    clean_redis.xadd("esi:test:readings", {"reading": strange, "sent_ns": 1}, id="1800000000000-0")
    with pytest.raises(httpx.RemoteProtocolError):
        served.get(PATH, params={"format": "csv", "stream": "true"})
    assert served.get(PATH, params={"format": "csv"}).status_code == 200


YOUNG = (
    b'{"market":"test","at":"2000-01-01T00:00:00Z","final":false,"index":null,"percentile":null,"level":"unknown",'
    b'"form":"ciss","contributions":{},"forms":{},"change":null,"coverage":0.0,"staleness":{"max_s":null,"stale":0},'
    b'"flags":["warming_up"],"version":"2"}'
)


def table_of(kind: str, body: bytes) -> pa.Table:
    if kind == "csv":
        return pa.csv.read_csv(pa.py_buffer(body))
    return pa.ipc.open_stream(body).read_all() if kind == "arrow" else pq.read_table(pa.py_buffer(body))


@pytest.mark.parametrize("kind", ["csv", "arrow", "parquet"])
def test_pages_have_the_same_columns_also_before_there_is_an_index(
    served: Served, publisher: Publisher, clean_redis: redis.Redis, kind: str
) -> None:
    definition = json.loads(clean_redis.get(market_key("test")) or b"")  # type: ignore[arg-type]
    definition["segments"] += [definition["segments"][0] | {"name": name} for name in ("credit", "fx")]
    clean_redis.set(market_key("test"), json.dumps(definition))
    for second in range(4):
        clean_redis.xadd("esi:test:readings", {"reading": YOUNG, "sent_ns": 1}, id=f"{second + 1}-0")
    publisher.readings(range(1, 8))
    pages, cursor = [], "0-0"
    while cursor:
        answer = served.get(PATH, params={"format": kind, "limit": "4", "cursor": cursor})
        pages.append(table_of(kind, answer.content))
        cursor = answer.headers.get("x-next", "")
    assert [page.num_rows for page in pages] == [4, 4, 3]
    first, *others = [page.column_names for page in pages]
    assert others == [first, first]
    assert any(name.startswith("contribution.") for name in pages[0].column_names)
    if kind != "csv":
        assert pa.concat_tables(pages).num_rows == 11
