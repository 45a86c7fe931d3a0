"""What a reader would have seen at a wall-clock time, asked of every place where it may lie."""

from __future__ import annotations

import time
from typing import Any

import pytest
import redis

from schemas.reading import Reading, rfc3339
from tests.api import chained
from tests.api.chained import SENT_NS, id_of
from tests.api.conftest import Served
from tests.api.publisher import archive
from tests.api.test_attribution import provisional

FINALS = chained.finals("test", 20)
READINGS = [one for final in FINALS for one in (final, provisional(final))]
"""Each final, and an hour behind it a provisional reading; one is published a second."""

ARCHIVED = [0, 9, 25, 40]


@pytest.fixture(params=ARCHIVED)
def place(request: pytest.FixtureRequest, clean_redis: redis.Redis, archive_url: str) -> int:
    """How many of the 40 readings are archived, and trimmed from the stream but for three."""
    chained.publish(clean_redis, "test", READINGS)
    number = int(request.param)
    if number:
        archive(archive_url, "test", clean_redis, id_of(READINGS[number - 1]), keep=40 - number + 3)
    return number


def at(second: float) -> str:
    """Wall clock so long behind the first publication."""
    return rfc3339((SENT_NS + int(second * 1e9)) // 1000)


def seen(served: Served, path: str, second: float, **asked: Any) -> dict[str, Any]:
    answer = served.get(f"/v1/markets/test/{path}", params={"as_known_at": at(second), **asked})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found["as_known_at"] == at(second)
    return found


def known(second: float) -> list[Reading]:
    return READINGS[: max(0, int(second) + 1)]


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("second", [-1, 0, 1, 8, 8.5, 9, 24, 25, 38, 39, 1000])
def test_what_was_known_is_what_was_published_by_then(served: Served, second: float) -> None:
    then = known(second)
    found = seen(served, "readings", second)
    assert [one["at"] for one in found["readings"]] == [one.at for one in then]
    finals = seen(served, "readings", second, final="true", limit=3)
    assert [one["at"] for one in finals["readings"]] == [one.at for one in then if one.final][:3]
    latest = seen(served, "latest", second)
    newest, final = (next((one for one in then[::-1] if wanted(one)), None) for wanted in (lambda _: True, _is_final))
    assert latest["id"] == (None if newest is None else id_of(newest))
    assert latest["final_id"] == (None if final is None else id_of(final))
    assert latest["sent_ns"] == (None if newest is None else SENT_NS + READINGS.index(newest) * 1_000_000_000)
    parts = seen(served, "contributions", second)
    assert parts["at"] == [one.at for one in then]
    assert (parts["indicators"] or {}).get("at") == (None if final is None else final.at)


def _is_final(reading: Reading) -> bool:
    return reading.final


@pytest.mark.usefixtures("place")
def test_the_provisional_reading_in_force_is_seen_and_what_replaced_it_is_not(served: Served) -> None:
    latest = seen(served, "latest", 13.9)
    assert (latest["reading"]["final"], latest["reading"]["at"]) == (False, READINGS[13].at)
    assert latest["final"]["at"] == READINGS[12].at
    daily = seen(served, "readings", 13.9, every="1d")
    assert daily["readings"][-1]["at"] == READINGS[13].at


@pytest.mark.usefixtures("place")
def test_pages_and_spans_go_on_within_what_was_known(served: Served) -> None:
    got: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = seen(served, "readings", 29, limit=7, **cursor)
        got += [one["at"] for one in page["readings"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert got == [one.at for one in READINGS[:30]]
    span = {"from": READINGS[4].at, "to": READINGS[36].at}
    assert [one["at"] for one in seen(served, "readings", 20, **span)["readings"]] == [one.at for one in READINGS[4:21]]
    assert seen(served, "readings", 20, **{"from": READINGS[30].at})["readings"] == []
    csv = served.get("/v1/markets/test/readings", params={"as_known_at": at(9), "format": "csv"})
    assert len(csv.text.splitlines()) == 11


def test_times_that_cannot_be_are_problems(served: Served, clean_redis: redis.Redis) -> None:
    chained.publish(clean_redis, "test", READINGS)
    future = rfc3339(time.time_ns() // 1000 + 60_000_000)
    for path in ("readings", "latest", "contributions"):
        for wrong, said in ((future, "has not come"), ("yesterday", "as_known_at:"), ("2024-01-01T00:00:00", "zone")):
            answer = served.get(f"/v1/markets/test/{path}", params={"as_known_at": wrong})
            assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
            assert said in answer.json()["detail"]


def test_who_does_not_ask_sees_no_such_field(served: Served, clean_redis: redis.Redis) -> None:
    chained.publish(clean_redis, "test", READINGS)
    for path in ("readings", "latest", "contributions"):
        assert "as_known_at" not in served.get(f"/v1/markets/test/{path}").json()
