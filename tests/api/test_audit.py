"""The audit over a real archive and a real stream, tampered with by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import psycopg
import pytest
import redis
from redis.asyncio import Redis

from api import audit as module
from api import streams
from api.audit import audit
from api.history import History
from api.store import LAST_SEQ, Store, Wanted
from api.streams import Id
from schemas.chain import Audit
from schemas.names import stream
from schemas.reading import Reading, canonical
from tests import servers
from tests.api import chained
from tests.api.chained import delete, id_of, overwrite
from tests.api.publisher import archive


@dataclass
class Place:
    """A market of 40 finals: 25 are archived and trimmed from the stream, 5 are in both, 10 in the stream only."""

    finals: list[Reading]
    history: History
    commands: Redis
    url: str

    async def audit(self, **wanted: object) -> Audit:
        """Of the market, or a part of it."""
        return await audit(self.history, self.commands, Wanted("m", **{"limit": 100, **wanted}))  # type: ignore[arg-type]


@pytest.fixture
async def place(redis_server: servers.Redis, clean_redis: redis.Redis, archive_url: str) -> AsyncIterator[Place]:
    finals = chained.finals("m", 40)
    chained.publish(clean_redis, "m", finals)
    archive(archive_url, "m", clean_redis, id_of(finals[29]), keep=15)
    commands, store = streams.connect(redis_server.url), Store(archive_url)
    await store.open()
    yield Place(finals, History(commands, store), commands, archive_url)
    await store.close()
    await commands.aclose()


def broken(found: Audit) -> tuple[str, str]:
    assert found.broken is not None
    return found.broken.id, found.broken.kind


@pytest.mark.parametrize("page", [1, 7, 5_000])
async def test_archive_and_stream_are_one_chain(place: Place, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr(module, "PAGE", page)
    told: list[tuple[int, str]] = []
    found = await audit(place.history, place.commands, Wanted("m", limit=100), lambda *said: told.append(said))
    assert (found.ok, found.count, found.head, found.next) == (True, 40, place.finals[-1].hash, None)
    assert told[-1] == (40, place.finals[-1].at)
    assert len(told) == -(-40 // page)


@pytest.mark.parametrize("number", [3, 29])
async def test_one_byte_in_the_archive_is_noticed(place: Place, number: int) -> None:
    raw = bytearray(canonical(place.finals[number]))
    raw[raw.index(b'"index":') + 9] ^= 1
    overwrite(place.url, "m", id_of(place.finals[number]), bytes(raw))
    found = await place.audit()
    assert broken(found) == (id_of(place.finals[number]), "altered")
    assert found.count == number


async def test_one_that_was_deleted_from_the_archive_is_noticed(place: Place) -> None:
    delete(place.url, "m", id_of(place.finals[12]))
    assert broken(await place.audit()) == (id_of(place.finals[13]), "gap")


async def test_one_that_was_hidden_as_provisional_is_noticed(place: Place) -> None:
    with psycopg.connect(place.url) as connection:
        connection.execute(
            "UPDATE readings SET final = false WHERE id_ms = %s", (Id.parse(id_of(place.finals[12])).ms,)
        )
    assert broken(await place.audit()) == (id_of(place.finals[13]), "gap")


async def test_two_that_were_swapped_in_the_archive_are_noticed(place: Place) -> None:
    a, b = place.finals[8], place.finals[20]
    overwrite(place.url, "m", id_of(a), canonical(b))
    overwrite(place.url, "m", id_of(b), canonical(a))
    assert broken(await place.audit()) == (id_of(a), "reordered")


async def test_the_beginning_cannot_be_cut_off(place: Place) -> None:
    for gone in place.finals[:3]:
        delete(place.url, "m", id_of(gone))
    assert broken(await place.audit()) == (id_of(place.finals[3]), "missing_predecessor")


async def test_the_stream_behind_the_archive_is_audited_too(place: Place, clean_redis: redis.Redis) -> None:
    clean_redis.xdel(stream("m", "readings"), id_of(place.finals[34]))
    assert broken(await place.audit()) == (id_of(place.finals[35]), "gap")


async def test_the_end_cannot_be_cut_off(place: Place, clean_redis: redis.Redis) -> None:
    clean_redis.xdel(stream("m", "readings"), id_of(place.finals[39]))
    assert broken(await place.audit()) == (id_of(place.finals[38]), "truncated")
    until = Id.parse(id_of(place.finals[39]))
    assert (await place.audit(until=until)).ok  # its end was asked for


async def test_a_span_stands_behind_what_is_before_it(place: Place) -> None:
    after = Id(Id.parse(id_of(place.finals[10])).ms - 1, LAST_SEQ)
    found = await place.audit(after=after, until=Id.parse(id_of(place.finals[20])))
    assert (found.ok, found.count, found.head) == (True, 10, place.finals[19].hash)
    delete(place.url, "m", id_of(place.finals[9]))
    assert broken(await place.audit(after=after)) == (id_of(place.finals[10]), "gap")
    behind_the_archive = Id.parse(id_of(place.finals[33]))
    assert (await place.audit(after=behind_the_archive)).count == 6


async def test_a_long_chain_is_audited_in_parts(place: Place) -> None:
    first = await place.audit(limit=15)
    assert (first.ok, first.count, first.next) == (True, 15, id_of(place.finals[14]))
    assert first.next is not None
    rest = await place.audit(after=Id.parse(first.next))
    assert (rest.ok, rest.count, rest.next, rest.head) == (True, 25, None, place.finals[-1].hash)


async def test_a_market_without_finals_holds(place: Place) -> None:
    found = await audit(place.history, place.commands, Wanted("nothing"))
    assert (found.ok, found.count, found.first, found.head) == (True, 0, None, "")
