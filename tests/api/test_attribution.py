"""Why it moved, asked over a real archive and a real stream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import pytest
import redis

from api import attribution as module
from api import streams
from api.attribution import attribution
from api.history import History
from api.problems import Problem
from api.splits import Attribution
from api.store import LAST_SEQ, Store, Wanted
from api.streams import Id
from schemas.names import stream
from schemas.reading import Change, Reading, canonical, rfc3339
from tests import servers
from tests.api import chained
from tests.api.chained import at_us, id_of, overwrite
from tests.api.publisher import archive


@dataclass
class Place:
    """80 finals, of which 60 are archived and 20 in the stream only; two provisional readings, at 10 and at the end."""

    readings: list[Reading]
    finals: list[Reading]
    history: History
    url: str

    async def between(self, begin: str | None, end: str | None, final: bool | None = True) -> Attribution:
        """The attribution between two times."""
        ends = [None if at is None else Id(ms(at), LAST_SEQ) for at in (begin, end)]
        wanted = [Wanted("m", until=until, final=final) for until in ends]
        return await attribution(self.history, wanted[0], wanted[1])


def ms(at: str) -> int:
    return int(datetime.fromisoformat(at).astimezone(UTC).timestamp() * 1000)


def provisional(before: Reading) -> Reading:
    """An hour behind a final, 5 points above it."""
    assert before.index is not None
    change = Change(before.at, 5.0, {"equity": 3.0, "credit": 1.0}, 0.5, 0.5)
    at = rfc3339(at_us(before) + 3_600_000_000)
    parts = {**before.contributions, "equity": before.contributions["equity"] + 5.0}
    return msgspec.structs.replace(
        before, at=at, final=False, index=sum(parts.values()), contributions=parts, change=change, prev_hash="", hash=""
    )


@pytest.fixture
async def place(redis_server: servers.Redis, clean_redis: redis.Redis, archive_url: str) -> AsyncIterator[Place]:
    finals = chained.finals("m", 80)
    readings = [*finals[:11], provisional(finals[10]), *finals[11:], provisional(finals[-1])]
    chained.publish(clean_redis, "m", readings)
    archive(archive_url, "m", clean_redis, id_of(finals[59]), keep=20)
    commands, store = streams.connect(redis_server.url), Store(archive_url)
    await store.open()
    yield Place(readings, finals, History(commands, store), archive_url)
    await store.close()
    await commands.aclose()


def whole(found: Attribution) -> None:
    """Every way of splitting it up sums to the change."""
    assert found.from_.index is not None
    assert found.to.index is not None
    total, moved = found.to.index - found.from_.index, found.moved
    assert moved.total == pytest.approx(total, abs=1e-12)
    assert sum(moved.level.values()) + moved.correlation + moved.composition == pytest.approx(total, abs=1e-10)
    assert sum(part.change for part in found.segments) == pytest.approx(total, abs=1e-10)
    if found.indicators is not None:
        assert sum(part.change for part in found.indicators) == pytest.approx(total, abs=1e-10)


@pytest.mark.parametrize(("first", "last"), [(0, 1), (3, 10), (20, 51), (50, 70), (61, 79), (0, 79)])
@pytest.mark.parametrize("page", [3, 5_000])
async def test_any_two_finals(place: Place, monkeypatch: pytest.MonkeyPatch, first: int, last: int, page: int) -> None:
    monkeypatch.setattr(module, "PAGE", page)
    found = await place.between(place.finals[first].at, place.finals[last].at)
    assert (found.from_.id, found.to.id) == (id_of(place.finals[first]), id_of(place.finals[last]))
    assert found.splits == last - first
    assert found.indicators is not None
    assert len(found.indicators) == 6
    whole(found)


async def test_without_times_it_is_the_last_change(place: Place) -> None:
    found = await place.between(None, None)
    change = place.finals[-1].change
    assert change is not None
    assert (found.splits, found.from_.at, found.to.at) == (1, place.finals[-2].at, place.finals[-1].at)
    assert (found.moved.level, found.moved.correlation) == (change.level, change.correlation)


async def test_times_between_finals_take_the_one_before(place: Place) -> None:
    found = await place.between(place.readings[11].at, "2030-01-01T00:00:00Z")
    assert (found.from_.at, found.to.at) == (place.finals[10].at, place.finals[-1].at)


async def test_provisional_readings_at_both_ends(place: Place) -> None:
    ends = [reading for reading in place.readings if not reading.final]
    found = await place.between(ends[0].at, None, final=None)
    assert (found.from_.at, found.to.at, found.from_.final) == (ends[0].at, ends[1].at, False)
    assert (found.splits, found.indicators) == (70, None)
    whole(found)
    from_final = await place.between(place.finals[10].at, ends[1].at, final=None)
    assert found.moved.level["equity"] == pytest.approx(from_final.moved.level["equity"] - 3.0, abs=1e-10)
    within = await place.between(place.finals[10].at, ends[0].at, final=None)
    assert (within.splits, within.moved.total) == (1, pytest.approx(5.0))
    whole(within)


async def test_details_that_are_gone_leave_the_rest(place: Place, clean_redis: redis.Redis) -> None:
    clean_redis.xdel(stream("m", "details"), id_of(place.finals[70]))
    found = await place.between(place.finals[70].at, None)
    assert found.indicators is None
    whole(found)


async def test_what_cannot_be_answered_says_why(place: Place, clean_redis: redis.Redis) -> None:
    first, last = place.finals[0].at, place.finals[-1].at
    cases = [
        ("2001-01-01T00:00:00Z", last, 404, "no such reading at or before"),
        (None, first, 404, "has no final before it"),
        (last, first, 422, "is not before that of to"),
        (last, last, 422, "is not before that of to"),
    ]
    for begin, end, status, said in cases:
        with pytest.raises(Problem, match=said) as raised:
            await place.between(begin, end)
        assert raised.value.status == status
    warming = msgspec.structs.replace(place.finals[20], index=None, flags=["warming_up"], change=None)
    overwrite(place.url, "m", id_of(warming), canonical(warming))
    with pytest.raises(Problem, match="has no index \\(warming_up\\)"):
        await place.between(warming.at, last)
    clean_redis.xdel(stream("m", "readings"), id_of(place.finals[65]))
    with pytest.raises(Problem, match="not against the final of") as raised:
        await place.between(place.finals[64].at, last)
    assert raised.value.status == 409
