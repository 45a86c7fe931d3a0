"""Audiences against the plain definition of what each viewer shall have."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from api.audience import Audience, Manner
from api.config import ApiConfig
from api.encodings import JSON
from api.frames import Channel
from api.metrics import Metrics
from api.room import Room
from api.streams import EMPTY, Entry, Id
from api.viewer import Viewer
from tests.api.fake_transport import FakeTransport

CONFIG = ApiConfig("redis://127.0.0.1:1/0")


def entry(number: int, final: bool) -> Entry:
    """A reading of which a field changes now and then, and which has a hash if it is final."""
    data: dict[str, Any] = {"n": number, "third": number // 3, "same": None} | ({"hash": "x"} if final else {})
    return Entry(Id(number, int(final)), json.dumps(data).encode(), 1)


class Client:
    """A viewer on a transport, and what its client would make of the messages."""

    def __init__(self, room: Room, audience: Audience) -> None:
        self.transport = FakeTransport()
        self.viewer = self.transport.protocol = Viewer(room, self.transport, JSON)
        audience.users += 1
        audience.channel.users += 1
        self.viewer.seats = (audience,)
        self.since = audience.channel.last
        audience.tell(self.viewer, audience.channel.state("snapshot"))
        audience.join(self.viewer, audience.channel.last)

    def replay(self) -> tuple[list[str], dict[str, Any] | None, int]:
        """Ids in order, the state at the end, and how many readings it was told of that it did not get."""
        ids, state, skipped = [], None, 0
        for said in self.transport.messages():
            if said["type"] == "conflated":
                skipped += said["skipped"]
                continue
            if said["type"] == "delta":
                assert state is not None
                assert said["base"] == ids[-1]
                state = {**state, **said["data"]}
                for name in said.get("gone", ()):
                    del state[name]
            else:
                state = said["data"]
            if said["id"] is not None:
                ids.append(said["id"])
        return ids, state, skipped


Step = st.one_of(
    st.tuples(st.just("publish"), st.integers(1, 4), st.booleans()),
    st.tuples(st.just("come"), st.just(0), st.just(False)),
    st.tuples(st.just("stall"), st.integers(0, 5), st.just(False)),
    st.tuples(st.just("read"), st.integers(0, 5), st.just(False)),
    st.tuples(st.just("leave"), st.integers(0, 5), st.just(False)),
)
Manners = st.sampled_from([Manner(), Manner(delta=True), Manner(every=3.0), Manner(delta=True, every=3.0)])


@settings(max_examples=600, deadline=None)  # rare orders matter: a newcomer between what was held and its time
@given(steps=st.lists(Step, min_size=4, max_size=40), manner=Manners)
def test_everybody_has_what_it_asked_for(steps: list[tuple[str, int, bool]], manner: Manner) -> None:
    asyncio.run(_play(steps, manner))


async def _play(steps: list[tuple[str, int, bool]], manner: Manner) -> None:
    channel = Channel("m", "readings", 1000, 1_000_000)
    channel.load("e", [], EMPTY)
    audience, room = Audience(channel, manner), Room(CONFIG, Metrics())
    clients: list[Client] = []
    published: list[Entry] = []
    number = 0
    for verb, count, final in steps:
        if verb == "publish":
            entries = [entry(number + n, final and n == count) for n in range(1, count + 1)]
            number += count
            published += entries
            await audience.offer(channel.add(entries), float(number))
        elif verb == "come":
            clients.append(Client(room, audience))
        elif count < len(clients):
            _do(verb, clients[count], room)
    await audience.offer([], number + 100.0)
    for client in clients:
        _do("read", client, room)
        _check(client, published, manner)
    assert audience.users == sum(client.viewer.open for client in clients) == len(audience)


def _do(verb: str, client: Client, room: Room) -> None:
    if not client.viewer.open:
        return
    if verb == "stall":
        client.viewer.pause_writing()
    elif verb == "read":
        client.viewer.resume_writing()
    else:
        client.viewer.connection_lost(None)
        room.leave(client.viewer)


def _check(client: Client, published: list[Entry], manner: Manner) -> None:
    ids, state, skipped = client.replay()
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids, key=Id.parse)
    if not client.viewer.open:
        return
    since = [one for one in published if one.id > client.since]
    got = [name for name in ids if Id.parse(name) > client.since]
    if published:
        assert state == json.loads(published[-1].data)  # the newest always comes, in the end
    assert [name for name in got if name.endswith("-1")] == [str(one.id) for one in since if one.id.seq]
    if not manner.every:
        assert len(got) + skipped == len(since)


async def test_a_slower_pace_gives_the_newest_at_its_time_and_finals_at_once() -> None:
    channel = Channel("m", "readings", 1000, 1_000_000)
    channel.load("e", [], EMPTY)
    audience = Audience(channel, Manner(every=5.0))
    client = Client(Room(CONFIG, Metrics()), audience)
    for second in range(1, 13):
        frames = channel.add([entry(second, second == 8)])
        await audience.offer(frames, float(second))
        wait = audience.due_in(float(second))
        assert wait is None or 0 < wait <= 5
    assert client.transport.ids() == [None, "1-0", "6-0", "8-1"]
    assert audience.due_in(12.0) == 1.0
    await audience.offer([], 13.0)
    assert client.transport.ids()[-1] == "12-0"


async def test_the_bytes_are_the_same_object_for_all() -> None:
    channel = Channel("m", "readings", 1000, 1_000_000)
    channel.load("e", [], EMPTY)
    audience, room = Audience(channel, Manner()), Room(CONFIG, Metrics())
    clients = [Client(room, audience) for _ in range(3)]
    given: list[int] = []
    for client in clients:
        client.transport.write = lambda data: given.append(id(data))  # type: ignore[method-assign, assignment]
    await audience.offer(channel.add([entry(1, False)]), 1.0)
    given.clear()
    await audience.offer(channel.add([entry(2, False)]), 2.0)
    assert len(given) == 3
    assert len(set(given)) == 1


async def test_a_stream_that_began_anew_is_told_to_newcomers_too() -> None:
    channel = Channel("m", "readings", 1000, 1_000_000)
    channel.load("e", [], EMPTY)
    channel.add([entry(100, False)])
    audience, room = Audience(channel, Manner(delta=True)), Room(CONFIG, Metrics())
    client = Client(room, audience)
    channel.load("f", [entry(1, False)], EMPTY)
    await audience.reset(channel.state("reset"))
    await audience.offer(channel.add([entry(2, False)]), 1.0)
    await audience.offer(channel.add([entry(3, False)]), 2.0)
    assert [said["type"] for said in client.transport.messages()] == ["snapshot", "reset", "update", "delta"]


async def test_a_broken_connection_stops_nobody_behind_it() -> None:
    channel = Channel("m", "readings", 1000, 1_000_000)
    channel.load("e", [], EMPTY)
    audience, room = Audience(channel, Manner()), Room(CONFIG, Metrics())
    broken, whole = Client(room, audience), Client(room, audience)
    await audience.offer(channel.add([entry(1, False)]), 1.0)

    def fail(_: bytes) -> None:
        raise RuntimeError

    broken.transport.write = fail  # type: ignore[method-assign, assignment]
    assert await audience.offer(channel.add([entry(2, False)]), 2.0) == 1
    assert whole.transport.ids()[-1] == "2-0"
    assert (broken.viewer.open, broken.transport.ended) == (False, "abort")
