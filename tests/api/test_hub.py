"""What one reader does for all; the rest of it is proved over sockets in test_feed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis

from api import hub as module
from api import streams
from api.audience import Manner
from api.config import ApiConfig
from api.encodings import JSON
from api.hub import Hub
from api.metrics import Metrics
from api.room import Room
from api.viewer import GoneError, Viewer
from tests.api.fake_transport import FakeTransport
from tests.api.publisher import Publisher, id_of


@pytest.fixture
async def hub(config: ApiConfig) -> AsyncIterator[Hub]:
    commands = streams.connect(config.redis_url)
    found = Hub(config, Metrics(), commands)
    running = asyncio.create_task(found.run())
    yield found
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await found.close()
    await commands.aclose()


async def until(check: object) -> None:
    async with asyncio.timeout(5):
        while not check():  # type: ignore[operator]  # a function
            await asyncio.sleep(0.01)


async def test_all_who_open_a_channel_share_it(hub: Hub, publisher: Publisher) -> None:
    publisher.readings([1])
    one, two = await asyncio.gather(hub.open("test", "readings"), hub.open("test", "readings"))
    assert one is two
    assert (one.users, str(one.last), one.epoch) == (2, id_of(1), "e1")
    assert hub.knows("test")
    assert not hub.knows("other")


async def test_a_channel_that_nobody_watches_is_forgotten(
    hub: Hub, publisher: Publisher, config: ApiConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINGER", 0.05)
    monkeypatch.setattr(module, "CHECK_EVERY", 0.05)
    publisher.readings([1])
    room = Room(config, Metrics())
    viewer = Viewer(room, FakeTransport(), JSON)
    audience = await hub.seat(viewer, "test", "readings", Manner())
    await asyncio.sleep(0.6)
    assert hub.knows("test")
    room.leave(viewer)
    await until(lambda: not hub.knows("test"))
    publisher.readings([2])
    again = await hub.open("test", "readings")
    assert (again is not audience.channel, str(again.last)) == (True, id_of(2))


async def test_a_viewer_that_left_meanwhile_gets_no_seat(hub: Hub, publisher: Publisher, config: ApiConfig) -> None:
    publisher.readings([1])
    viewer = Viewer(Room(config, Metrics()), FakeTransport(), JSON)
    viewer.connection_lost(None)
    with pytest.raises(GoneError):
        await hub.seat(viewer, "test", "readings", Manner())
    assert (await hub.open("test", "readings")).users == 1


async def test_what_a_slower_pace_held_back_comes_in_its_time(
    hub: Hub, publisher: Publisher, config: ApiConfig
) -> None:
    pacing = asyncio.create_task(hub.pace())
    transport = FakeTransport()
    viewer = Viewer(Room(config, Metrics()), transport, JSON)
    audience = await hub.seat(viewer, "test", "readings", Manner(every=0.5))
    audience.join(viewer, audience.channel.last)
    publisher.readings([1])
    await until(lambda: transport.ids() == [id_of(1)])
    publisher.readings([2, 3])
    await until(lambda: str(audience.channel.last) == id_of(3))
    assert transport.ids() == [id_of(1)]
    await until(lambda: transport.ids() == [id_of(1), id_of(3)])
    pacing.cancel()


async def test_entries_trimmed_unread_begin_the_channel_anew(
    hub: Hub, publisher: Publisher, clean_redis: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader more than a batch behind cannot know what it missed."""
    channel = await hub.open("test", "readings")
    generation = channel.generation
    reading = asyncio.Event()
    read_new = streams.read_new

    async def late(*args: object) -> object:
        await reading.wait()
        return await read_new(*args)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(streams, "read_new", late)
    await asyncio.sleep(0.4)  # it waits here, and the archiver runs ahead
    published = publisher.readings(range(1, 401))
    clean_redis.xtrim("esi:test:readings", minid=published[200], approximate=False)
    reading.set()
    await until(lambda: str(channel.last) == published[-1])
    assert channel.generation > generation


async def test_a_foreign_entry_does_not_stop_the_reader(
    hub: Hub, publisher: Publisher, clean_redis: redis.Redis
) -> None:
    channel = await hub.open("test", "readings")
    clean_redis.xadd("esi:test:readings", {"other": "thing"}, id="5-0")
    published = publisher.readings([1])
    await until(lambda: str(channel.last) == published[-1])
    assert [str(frame.id) for frame in channel.after(channel.floor)][-1:] == published


async def test_it_ends_when_it_is_cancelled_at_any_moment(config: ApiConfig, publisher: Publisher) -> None:
    """redis-py swallows a cancellation that comes while it connects."""
    publisher.readings([1])
    for number in range(40):
        commands = streams.connect(config.redis_url)
        hub = Hub(config, Metrics(), commands)
        running = asyncio.create_task(hub.run())
        await hub.open("test", "readings")
        await asyncio.sleep(number / 10_000)
        running.cancel()
        done, _ = await asyncio.wait([running], timeout=2)
        assert done, f"still running when cancelled after {number / 10} ms"
        await hub.close()
        await commands.aclose()
