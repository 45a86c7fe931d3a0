"""History is one list, wherever the archiver is and however it is cut into pages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api import streams
from api.history import History
from api.problems import Problem
from api.store import Store, Wanted
from api.streams import Id
from tests import servers
from tests.api.conftest import Served, serving
from tests.api.publisher import START_US, Publisher, archive, id_of

STEPS = 40
ALL = [name for n in range(1, STEPS + 1) for name in ([id_of(n), id_of(n, True)] if n % 10 == 0 else [id_of(n)])]


class Asked:
    """History, asked from a test that is not asynchronous."""

    def __init__(self, redis_url: str, postgres_url: str | None) -> None:
        self.runner = asyncio.Runner()
        self.commands = streams.connect(redis_url, answer_within=1.0)
        self.store = Store(postgres_url) if postgres_url else None
        if self.store:
            self.runner.run(self.store.open())
        self.history = History(self.commands, self.store)

    def pages(self, wanted: Wanted, limits: Iterator[int]) -> list[str]:
        """The ids of all pages, one behind the other."""
        return self.runner.run(self._pages(wanted, limits))

    async def _pages(self, wanted: Wanted, limits: Iterator[int]) -> list[str]:
        found: list[str] = []
        while True:
            page = await self.history.page(replace(wanted, limit=next(limits)))
            found += [str(entry.id) for entry in page.entries]
            if not page.more:
                return found
            wanted = replace(wanted, after=page.entries[-1].id)

    def close(self) -> None:
        """Closes its connections."""
        if self.store:
            self.runner.run(self.store.close())
        self.runner.run(self.commands.aclose())
        self.runner.close()


@pytest.fixture
def asked(redis_server: servers.Redis, archive_url: str) -> Iterator[Asked]:
    found = Asked(redis_server.url, archive_url)
    yield found
    found.close()


def cycle(limits: list[int]) -> Iterator[int]:
    while True:
        yield from limits


def expected(wanted: Wanted) -> list[str]:
    """The list, by its definition."""
    ids = [Id.parse(name) for name in ALL]
    ids = [i for i in ids if i > wanted.after and (wanted.until is None or i < wanted.until)]
    if wanted.final is not None:
        ids = [i for i in ids if bool(i.seq) == wanted.final]
    if wanted.every is not None:
        ids = list({-(-i.ms // wanted.every): i for i in ids}.values())
    return [str(i) for i in ids]


def at(step: int) -> Id:
    return Id(START_US // 1000 + step * 1000, 0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    archived=st.integers(0, len(ALL)),
    keep=st.integers(0, len(ALL)),
    limits=st.lists(st.integers(1, 15), min_size=1, max_size=4),
    final=st.sampled_from([None, True, False]),
    every=st.sampled_from([None, None, 1_000, 3_000, 7_000, 60_000]),
    span=st.tuples(st.integers(0, STEPS + 2), st.integers(0, STEPS + 2)),
    same_epoch=st.booleans(),
)
def test_pages_are_one_list_at_any_position_of_the_archiver(
    asked: Asked,
    archive_url: str,
    clean_redis: redis.Redis,
    archived: int,
    keep: int,
    limits: list[int],
    final: bool | None,
    every: int | None,
    span: tuple[int, int],
    same_epoch: bool,
) -> None:
    clean_redis.flushall()
    with psycopg.connect(archive_url) as connection:
        connection.execute("TRUNCATE readings, details, positions")
    publisher = Publisher(clean_redis, "test")
    assert publisher.readings(range(1, STEPS + 1), finals=range(10, STEPS + 1, 10)) == ALL
    if archived:
        archive(archive_url, "test", clean_redis, ALL[archived - 1], keep)
        held = clean_redis.xlen("esi:test:readings")
        assert held == max(keep, len(ALL) - archived) or held == len(ALL)
    if not same_epoch and keep >= len(ALL):  # the archiver has not met the new streams yet
        clean_redis.set("esi:test:epoch", "e2")
    wanted = Wanted("test", at(min(span)), at(max(span)) if max(span) <= STEPS else None, final, every)
    assert asked.pages(wanted, cycle(limits)) == expected(wanted)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    archived=st.integers(0, len(ALL)),
    keep=st.integers(0, len(ALL)),
    final=st.sampled_from([None, True, False]),
    until=st.one_of(st.none(), st.integers(0, STEPS + 2)),
)
def test_the_last_is_the_last_of_the_list_at_any_position_of_the_archiver(
    asked: Asked,
    archive_url: str,
    clean_redis: redis.Redis,
    archived: int,
    keep: int,
    final: bool | None,
    until: int | None,
) -> None:
    clean_redis.flushall()
    with psycopg.connect(archive_url) as connection:
        connection.execute("TRUNCATE readings, details, positions")
    Publisher(clean_redis, "test").readings(range(1, STEPS + 1), finals=range(10, STEPS + 1, 10))
    if archived:
        archive(archive_url, "test", clean_redis, ALL[archived - 1], keep)
    wanted = Wanted("test", until=None if until is None else at(until), final=final)
    found = asked.runner.run(asked.history.last(wanted))
    assert (None if found is None else str(found.id)) == next(iter(expected(wanted)[::-1]), None)
    details = asked.runner.run(asked.history.details("test", wanted.until))
    finals = expected(Wanted("test", until=wanted.until, final=True))
    assert (None if details is None else str(details.id)) == next(iter(finals[::-1]), None)


@pytest.mark.parametrize("archived", [0, 11, 25, 44])
@pytest.mark.parametrize("every", [None, 7_000, 25_000])
def test_details_are_one_list_too(
    asked: Asked, archive_url: str, clean_redis: redis.Redis, archived: int, every: int | None
) -> None:
    Publisher(clean_redis, "test").readings(range(1, STEPS + 1), finals=range(10, STEPS + 1, 10))
    if archived:
        archive(archive_url, "test", clean_redis, ALL[archived - 1])
        clean_redis.xtrim("esi:test:details", minid=ALL[archived - 1], approximate=False)
    wanted = Wanted("test", at(10), at(40), every=every, channel="details")
    assert asked.pages(wanted, cycle([1, 2])) == expected(replace(wanted, final=True))


def test_the_last_is_asked_of_whoever_is_there(archive_url: str, own_redis: servers.Redis) -> None:
    with own_redis.client() as client:
        published = Publisher(client, "test").readings(range(1, 31))
        archive(archive_url, "test", client, published[19])
    found = Asked(own_redis.url, archive_url)
    own_redis.kill()
    last = found.runner.run(found.history.last(Wanted("test", until=at(15))))
    assert last is not None
    assert str(last.id) == published[13]
    for beyond in (Wanted("test"), Wanted("test", until=at(25))):
        with pytest.raises(Problem, match="Redis does not answer"):
            found.runner.run(found.history.last(beyond))
    found.close()


def test_the_last_that_only_the_archive_may_have_needs_it(
    redis_server: servers.Redis, clean_redis: redis.Redis, own_postgres: servers.Postgres
) -> None:
    published = Publisher(clean_redis, "test").readings(range(1, 31))
    found = Asked(redis_server.url, own_postgres.url)
    own_postgres.kill()
    assert found.runner.run(found.history.last(Wanted("test", final=True))) is None
    clean_redis.xtrim("esi:test:readings", minid=published[9], approximate=False)
    last = found.runner.run(found.history.last(Wanted("test")))
    assert last is not None
    assert str(last.id) == published[-1]
    with pytest.raises(Problem, match="PostgreSQL does not answer"):
        found.runner.run(found.history.last(Wanted("test", final=True)))
    found.close()


def test_pages_are_one_list_while_the_archiver_runs(asked: Asked, archive_url: str, clean_redis: redis.Redis) -> None:
    publisher = Publisher(clean_redis, "test")
    published = publisher.readings(range(1, 401), finals=range(10, 401, 10))

    def archiving() -> Iterator[int]:
        """Between any two pages the archiver moves on, and trims all that it has committed."""
        for number in range(20, len(published) + 1, 20):
            archive(archive_url, "test", clean_redis, published[number - 1], keep=0)
            yield 7
        yield from cycle([7])

    assert asked.pages(Wanted("test"), archiving()) == published


async def test_what_is_trimmed_between_the_questions_is_still_there(
    redis_server: servers.Redis, archive_url: str, clean_redis: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = Publisher(clean_redis, "test").readings(range(1, 101))
    store, commands = Store(archive_url), streams.connect(redis_server.url)
    await store.open()
    position = store.position

    async def position_then_archive(market: str, channel: str = "readings") -> tuple[str, Id]:
        found = await position(market, channel)
        await asyncio.to_thread(archive, archive_url, "test", clean_redis, published[59], 0)
        return found

    monkeypatch.setattr(store, "position", position_then_archive)
    page = await History(commands, store).page(Wanted("test"))
    assert [str(entry.id) for entry in page.entries] == published
    await store.close()
    await commands.aclose()


def test_from_is_included_and_to_is_not(served: Served, publisher: Publisher) -> None:
    publisher.readings(range(1, 21), finals=[10])
    times = {"from": "2023-11-14T22:13:25Z", "to": "2023-11-14T22:13:30Z"}  # steps 5 to 10
    found = served.get("/v1/markets/test/readings", params=times).json()
    assert [reading["at"][-4:] for reading in found["readings"]] == [":25Z", ":26Z", ":27Z", ":28Z", ":29Z"]
    whole_day = served.get("/v1/markets/test/readings", params={"from": "2023-11-14", "to": "2023-11-15"}).json()
    assert len(whole_day["readings"]) == 21
    before = served.get("/v1/markets/test/readings", params={"to": "1960-01-01"}).json()
    assert (before["readings"], before["next"]) == ([], None)


def test_an_open_interval_is_answered_by_its_newest_reading(served: Served, publisher: Publisher) -> None:
    publisher.readings(range(1, 13))
    path = "/v1/markets/test/readings?every=10s"
    found = served.get(path).json()
    assert found["last"] == id_of(12)
    publisher.readings(range(13, 15))
    assert served.get(f"{path}&cursor={found['last']}").json()["last"] == id_of(14)


def test_without_an_archive_history_is_what_redis_holds(redis_server: servers.Redis, clean_redis: redis.Redis) -> None:
    published = Publisher(clean_redis, "test").readings(range(1, 31))
    found = Asked(redis_server.url, None)
    assert found.pages(Wanted("test"), cycle([8])) == published
    found.close()


def test_a_missing_archive_is_said_unless_redis_has_it_all(
    redis_server: servers.Redis, clean_redis: redis.Redis, own_postgres: servers.Postgres
) -> None:
    published = Publisher(clean_redis, "test").readings(range(1, 31))
    found = Asked(redis_server.url, own_postgres.url)
    own_postgres.kill()
    assert found.pages(Wanted("test"), cycle([8])) == published
    clean_redis.xtrim("esi:test:readings", minid=published[9], approximate=False)
    assert found.pages(Wanted("test", after=Id.parse(published[9])), cycle([30])) == published[10:]
    with pytest.raises(Problem, match="PostgreSQL does not answer"):
        found.pages(Wanted("test"), cycle([8]))
    found.close()


def test_while_redis_is_away_only_the_archived_past_is_answered(archive_url: str, own_redis: servers.Redis) -> None:
    with own_redis.client() as client:
        published = Publisher(client, "test").readings(range(1, 31))
        archive(archive_url, "test", client, published[19])
    found = Asked(own_redis.url, archive_url)
    own_redis.kill()
    assert found.pages(Wanted("test", until=at(15)), cycle([4])) == published[:14]
    with pytest.raises(Problem, match="Redis does not answer"):
        found.pages(Wanted("test"), cycle([30]))
    found.close()


def test_before_the_archiver_has_begun_there_are_no_tables(
    redis_server: servers.Redis, clean_redis: redis.Redis, database: str
) -> None:
    published = Publisher(clean_redis, "test").readings(range(1, 31))
    found = Asked(redis_server.url, database)
    assert found.pages(Wanted("test"), cycle([8])) == published
    found.close()


def test_the_archive_away_over_http(
    redis_server: servers.Redis, clean_redis: redis.Redis, own_postgres: servers.Postgres
) -> None:
    from api.config import ApiConfig

    published = Publisher(clean_redis, "test").readings(range(1, 31))
    clean_redis.xtrim("esi:test:readings", minid=published[9], approximate=False)
    with serving(ApiConfig(redis_server.url, own_postgres.url, port=0)) as served:
        assert served.get("/readyz").json()["missing"] == []
        own_postgres.kill()
        answer = served.get("/v1/markets/test/readings")
        assert (answer.status_code, answer.json()["title"]) == (503, "PostgreSQL is away")
        assert answer.headers["retry-after"] == "2"
        ready = served.get("/readyz")
        assert (ready.status_code, ready.json()["missing"]) == (503, ["postgres"])
        own_postgres.start()
        servers.wait_until(lambda: served.get("/readyz").status_code == 200, 20)
        assert served.get("/v1/markets/test/readings").status_code == 200
