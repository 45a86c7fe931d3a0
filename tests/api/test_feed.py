"""The socket, over a real server, a real Redis and a real client."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
import redis
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_patiently
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from api.config import ApiConfig
from schemas.reading import canonical
from tests import servers
from tests.api.conftest import Served, serving
from tests.api.publisher import START_US, STEP_US, Publisher, bars, details, id_of, reading


def connect(url: str, **options: Any) -> connect_patiently:
    """A client that leaves at once, even with frames unread."""
    return connect_patiently(url, close_timeout=0.1, compression="deflate", **options)


async def frame(client: ClientConnection, seconds: float = 10) -> dict[str, Any]:
    """The next frame but pings."""
    while True:
        found: dict[str, Any] = json.loads(await asyncio.wait_for(client.recv(), seconds))
        if found["type"] != "ping":
            return found


async def frames(client: ClientConnection, count: int) -> list[dict[str, Any]]:
    return [await frame(client) for _ in range(count)]


async def closed(client: ClientConnection) -> int | None:
    """Close code of a socket that the server closes; what it still sends is read."""
    try:
        while True:
            await asyncio.wait_for(client.recv(), 20)
    except ConnectionClosed:
        return client.close_code


async def test_a_snapshot_and_then_every_update_unchanged(served: Served, publisher: Publisher) -> None:
    async with connect(f"{served.feed}?market=test") as client:
        empty = {"type": "snapshot", "market": "test", "channel": "readings", "epoch": "e1", "id": None, "data": None}
        assert await frame(client) == empty
        published = publisher.readings(range(1, 21), finals=[10, 20])
        raws = [await asyncio.wait_for(client.recv(), 5) for _ in published]
    found = [json.loads(raw) for raw in raws]
    assert [update["id"] for update in found] == published
    assert {(update["type"], update["epoch"]) for update in found} == {("update", "e1")}
    assert canonical(reading("test", 10, True)).decode() in raws[10]
    assert all(abs(time.time_ns() - update["sent_ns"]) < 60e9 for update in found)
    assert max(len(raw) for raw in raws) < 1024
    async with connect(f"{served.feed}?market=test") as client:
        snapshot = await frame(client)
    assert (snapshot["type"], snapshot["id"]) == ("snapshot", published[-1])
    assert snapshot["data"] == json.loads(canonical(reading("test", 20, True)))


async def test_markets_and_channels_share_a_socket(
    served: Served, publisher: Publisher, publishers: Callable[[str], Publisher]
) -> None:
    other = publishers("other")
    query = "market=test&market=other&channel=readings&channel=bars&channel=details"
    async with connect(f"{served.feed}?{query}") as client:
        snapshots = {(found["market"], found["channel"]) for found in await frames(client, 6)}
        assert len(snapshots) == 6
        publisher.readings([1], finals=[1])
        publisher.bars([1])
        other.bars([2])
        found = {(f["market"], f["channel"], f["id"]): f["data"] for f in await frames(client, 5)}
    assert found["test", "readings", id_of(1, True)]["final"] is True
    assert found["test", "details", id_of(1, True)] == json.loads(canonical(details("test", 1)))
    assert found["test", "bars", id_of(1)] == json.loads(canonical(bars("test", 1)))
    assert found["other", "bars", id_of(2)]["market"] == "other"


@pytest.mark.parametrize("form", ["{id}", "e1:{id}"])
async def test_since_resumes_at_every_point(config: ApiConfig, publisher: Publisher, form: str) -> None:
    """The ring holds the newest 12 only: earlier points come from Redis."""
    with serving(replace(config, ring_frames=12)) as served:
        published = publisher.readings(range(1, 31), finals=[10, 20, 30])
        for number, name in enumerate(published):
            async with connect(f"{served.feed}?market=test&since={form.format(id=name)}") as client:
                found = await frames(client, len(published) - number - 1)
                assert [f["id"] for f in found] == published[number + 1 :]
                assert {f["type"] for f in found} <= {"update"}
        async with connect(f"{served.feed}?market=test&since=0-0") as client:
            assert [f["id"] for f in await frames(client, len(published))] == published


async def test_since_resumes_while_readings_go_on(config: ApiConfig, publisher: Publisher) -> None:
    with serving(replace(config, ring_frames=50)) as served:
        published = publisher.readings(range(1, 201), finals=range(10, 201, 10))

        async def publish() -> None:
            for number in range(201, 401):
                published.extend(publisher.readings([number], finals=[number] if number % 10 == 0 else []))
                await asyncio.sleep(0.002)

        publishing = asyncio.create_task(publish())
        position, got = published[0], 1
        while got < 440:  # comes and goes, each time from where it was
            async with connect(f"{served.feed}?market=test&since=e1:{position}") as client:
                for _ in range(min(37, 440 - got)):
                    found = await frame(client)
                    assert (found["type"], found["id"]) == ("update", published[got])
                    position, got = found["id"], got + 1
        await publishing
    assert got == len(published)


async def test_since_that_cannot_be_served_is_a_reset(config: ApiConfig, publisher: Publisher) -> None:
    published = publisher.readings(range(1, 101), finals=[100])
    publisher.client.xtrim("esi:test:readings", minid=published[50], approximate=False)
    with serving(replace(config, ring_frames=10, resume_limit=200)) as served:

        async def first(since: str) -> tuple[str, str]:
            async with connect(f"{served.feed}?market=test&since={since}") as client:
                found = await frame(client)
                return found["type"], found["id"]

        assert await first(published[49]) == ("reset", published[-1])  # the entry behind it may be gone
        assert await first(published[50]) == ("update", published[51])
        assert await first(f"another:{published[60]}") == ("reset", published[-1])
        assert await first(id_of(5_000)) == ("reset", published[-1])
    with serving(replace(config, ring_frames=10, resume_limit=20)) as served:
        async with connect(f"{served.feed}?market=test&since={published[60]}") as client:
            kinds = [f["type"] for f in await frames(client, 41)]
        assert kinds[-1] == "update" or "reset" in kinds


async def test_one_since_for_each_channel(served: Served, publisher: Publisher) -> None:
    published = publisher.readings(range(1, 11), finals=[10])
    publisher.bars(range(1, 11))
    query = f"market=test&channel=readings&channel=bars&channel=details&since={published[8]}&since=e1:{id_of(7)}&since="
    async with connect(f"{served.feed}?{query}") as client:
        found = [(f["type"], f["channel"], f["id"]) for f in await frames(client, 6)]
    assert sorted(found) == sorted(
        [("update", "readings", published[9]), ("update", "readings", published[10])]
        + [("update", "bars", id_of(number)) for number in (8, 9, 10)]
        + [("snapshot", "details", id_of(10, True))]
    )


async def test_another_epoch_is_a_reset(served: Served, publisher: Publisher) -> None:
    publisher.readings(range(1, 11))
    async with connect(f"{served.feed}?market=test") as client:
        await frame(client)
        publisher.begin_anew("e2")
        published = publisher.readings(range(1, 6))
        found = [await frame(client)]
        while found[-1]["id"] != published[-1]:
            found.append(await frame(client))
        later = publisher.readings([6])
        assert (await frame(client))["id"] == later[0]
    reset = next(index for index, f in enumerate(found) if f["type"] == "reset")
    assert {f["epoch"] for f in found[reset:]} == {"e2"}
    assert all(f["epoch"] == "e1" for f in found[:reset])


async def test_a_stream_that_goes_back_is_a_reset(served: Served, publisher: Publisher) -> None:
    """A failover can lose the tail of a stream under the same epoch."""
    publisher.readings(range(1, 11))
    async with connect(f"{served.feed}?market=test") as client:
        await frame(client)
        publisher.begin_anew("e1")
        published = publisher.readings(range(1, 6))
        found = await frame(client)
        assert (found["type"], found["epoch"], found["id"]) == ("reset", "e1", published[-1])
        later = publisher.readings([6])
        assert (await frame(client))["id"] == later[0]


async def test_redis_away_sockets_stay_and_resume(archive_url: str, own_redis: servers.Redis) -> None:
    with own_redis.client() as client:
        before = Publisher(client, "test").readings(range(1, 6))
        client.config_set("appendfsync", "always")
        client.set("flush", "now")
    with serving(ApiConfig(own_redis.url, archive_url, port=0)) as served:
        async with connect(f"{served.feed}?market=test") as viewer:
            assert (await frame(viewer))["id"] == before[-1]
            own_redis.kill()
            await asyncio.to_thread(servers.wait_until, lambda: served.get("/readyz").json()["missing"] == ["redis"])
            assert served.get("/v1/markets/test/latest").status_code == 503
            async with connect(f"{served.feed}?market=test") as second:  # known already: needs no Redis
                assert (await frame(second))["id"] == before[-1]
            async with connect(f"{served.feed}?market=unseen") as third:
                assert (await frame(third))["title"] == "Redis is away"
                assert await closed(third) == 1013
            own_redis.start()
            with own_redis.client() as client:
                after = Publisher(client, "test").readings(range(6, 11))
            assert [f["id"] for f in await frames(viewer, 5)] == after
            assert served.get("/readyz").status_code == 200
            assert served.metric("esi_api_redis_up") == 1


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("", "No market"),
        ("market=nowhere", "Unknown market"),
        ("market=test&channel=ticks", "Unknown channel"),
        ("market=test&since=soon", "Bad since"),
        ("market=test&since=1&since=2", "Bad since"),
        ("market=test&from=1", "Unknown parameter"),
        ("&".join(f"market=m{n}" for n in range(70)), "Too many channels"),
    ],
)
async def test_a_bad_wish_is_told_and_closed(served: Served, publisher: Publisher, query: str, title: str) -> None:
    assert publisher.market == "test"
    async with connect(f"{served.feed}?{query}") as client:
        error = await frame(client)
        assert (error["type"], error["title"]) == ("error", title)
        assert error["detail"]
        assert await closed(client) == 1008


async def test_far_too_many_fields_are_closed(served: Served) -> None:
    query = "&".join(f"market=m{n}" for n in range(300))
    async with connect(f"{served.feed}?{query}") as client:
        assert await closed(client) == 1008
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{served.feed}?{query * 4}", open_timeout=5)
    assert refused.value.response.status_code == 414


async def test_sockets_are_counted_and_bounded(config: ApiConfig, publisher: Publisher) -> None:
    with serving(replace(config, max_clients=2)) as served:
        url = f"{served.feed}?market={publisher.market}"
        async with connect(url) as one, connect(url) as two:
            await frame(one), await frame(two)
            assert served.metric("esi_api_clients") == 2
            with pytest.raises(InvalidStatus) as refused:
                await connect(url)
            assert refused.value.response.status_code == 503
        servers.wait_until(lambda: served.metric("esi_api_clients") == 0)
        async with connect(url) as again:
            assert (await frame(again))["type"] == "snapshot"


async def test_silence_is_broken_by_pings(config: ApiConfig, publisher: Publisher) -> None:
    with serving(replace(config, ping=0.2, idle=5.0)) as served:
        async with connect(f"{served.feed}?market={publisher.market}") as client:
            kinds = [json.loads(await asyncio.wait_for(client.recv(), 5))["type"] for _ in range(4)]
    assert kinds == ["snapshot", "ping", "ping", "ping"]


async def test_a_client_that_talks_is_heard_and_one_that_babbles_is_closed(
    config: ApiConfig, publisher: Publisher
) -> None:
    with serving(replace(config, ping=0.2, probe=0.2, idle=0.5)) as served:
        async with connect(f"{served.feed}?market=test") as client:
            await frame(client)
            await client.send("hello")  # reading must go on behind it, or pongs are never seen
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                assert json.loads(await asyncio.wait_for(client.recv(), 5))["type"] == "ping"
            published = publisher.readings([1])
            assert (await frame(client))["id"] == published[0]
            for _ in range(60):
                await client.send("hello")
            assert (await frame(client))["title"] == "Too many messages"
            assert await closed(client) == 1008
        async with connect(f"{served.feed}?market=test") as client:
            await frame(client)
            await client.send("x" * 10_000)
            assert await closed(client) == 1009


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
async def test_deltas_rebuild_every_reading(served: Served, publisher: Publisher, encoding: str) -> None:
    """Whole at the beginning and at finals, changed fields only between them."""
    query = f"market=test&channel=readings&channel=bars&delta=1&encoding={encoding}"
    state: dict[str, Any] = {}
    kinds: list[str] = []
    decode = json.loads if encoding == "json" else msgspec.msgpack.decode
    async with connect(f"{served.feed}?{query}") as client:
        await client.recv(), await client.recv()
        published: list[str] = []
        for number in range(1, 21):
            published += publisher.readings([number], finals=[number] if number == 10 else [])
            await asyncio.sleep(0.01)
        publisher.bars([1])
        for name in published:
            raw = await asyncio.wait_for(client.recv(), 5)
            assert isinstance(raw, str if encoding == "json" else bytes)
            found = decode(raw)
            kinds.append(found["type"])
            if found["type"] == "delta":
                state = {**state, **found["data"]}
                for field in found.get("gone", ()):
                    del state[field]
            else:
                state = found["data"]
            number, final = int(name.split("-")[0]), name.endswith("-1")
            number = (number * 1_000 - START_US) // STEP_US
            assert (found["id"], state) == (name, json.loads(canonical(reading("test", number, final))))
        assert decode(await client.recv())["channel"] == "bars"
    assert kinds[0] == kinds[10] == "update"
    assert kinds.count("delta") >= 15


async def test_a_slower_pace_gives_the_newest_only_and_every_final(served: Served, publisher: Publisher) -> None:
    async with connect(f"{served.feed}?market=test&every=500ms") as client:
        await frame(client)
        for number in range(1, 31):
            publisher.readings([number], finals=[number] if number in {13, 14} else [])
            await asyncio.sleep(0.02)
        got = [(await frame(client))["id"]]
        while got[-1] != id_of(30):
            got.append((await frame(client))["id"])
    assert [name for name in got if name.endswith("-1")] == [id_of(13, True), id_of(14, True)]
    assert len(got) < 12
    assert got == sorted(got)


class Mute:
    """A client that shakes hands and then reads nothing, with the smallest buffers."""

    def __init__(self, served: Served, query: str) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        port = int(served.url.rpartition(":")[2])
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(
            f"GET /v1/feed?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.socket.settimeout(20)
        self.data = b""
        while b"\r\n\r\n" not in self.data:
            self.data += self.socket.recv(1)
        self.data = b""

    def _take(self, count: int) -> bytes:
        while len(self.data) < count:
            more = self.socket.recv(65_536)
            if not more:
                raise ConnectionResetError
            self.data += more
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def read(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame."""
        first, size = self._take(2)
        if size == 126:
            (size,) = struct.unpack("!H", self._take(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._take(8))
        return first & 15, self._take(size)

    def close(self) -> None:
        """Goes without a word."""
        self.socket.close()


async def test_a_slow_client_loses_provisional_readings_only_and_delays_nobody(
    config: ApiConfig, publisher: Publisher
) -> None:
    """It reads nothing while 20,000 readings pass (more than kernel buffers take), then all."""
    steps, every = 20_000, 200
    with serving(config) as served:
        slow = await asyncio.to_thread(Mute, served, "market=test")
        async with connect(f"{served.feed}?market=test") as quick:
            await frame(quick)
            delays: list[int] = []
            got: list[str] = []

            async def read() -> None:
                while len(got) < steps + steps // every:
                    found = await frame(quick)
                    if found["type"] == "update":
                        got.append(found["id"])
                        delays.append(time.time_ns() - found["sent_ns"])
                    else:
                        assert found["type"] == "conflated", found
                        got.extend(["conflated"] * found["skipped"])

            reading_all = asyncio.create_task(read())
            published: list[str] = []
            for begin in range(1, steps + 1, 50):
                block = range(begin, begin + 50)
                published += await asyncio.to_thread(publisher.readings, block, [n for n in block if n % every == 0])
            await asyncio.wait_for(reading_all, 60)
        assert served.metric("esi_api_conflated_total", market="test") > 1_000
        found = await asyncio.to_thread(_read_until, slow, published[-1])
        slow.close()
    ids = [f["id"] for f in found if f["type"] == "update"]
    skipped = sum(f["skipped"] for f in found if f["type"] == "conflated")
    finals = [name for name in published if name.endswith("-1")]
    assert [name for name in ids if name.endswith("-1")] == finals
    assert ids == sorted(ids)
    assert len(ids) + skipped == len(published)
    assert skipped > 1_000
    assert sorted(delays)[len(delays) // 2] < 1e9
    assert [name for name in got if name.endswith("-1")] == finals


def _read_until(client: Mute, last: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while not found or found[-1].get("id") != last:
        opcode, payload = client.read()
        if opcode == 1:
            found.append(json.loads(payload))
    return found


async def test_a_client_too_slow_for_finals_is_closed_and_comes_back_with_since(
    config: ApiConfig, publisher: Publisher
) -> None:
    with serving(replace(config, outbox_bytes=20_000, resume_limit=20_000)) as served:
        slow = await asyncio.to_thread(Mute, served, "market=test")
        servers.wait_until(lambda: served.metric("esi_api_clients") == 1)
        published: list[str] = []
        for begin in range(1, 8_001, 100):
            published += publisher.readings(range(begin, begin + 100), finals=range(begin, begin + 100))
        servers.wait_until(lambda: served.metric("esi_api_closed_total", code="1013") == 1, 30)
        seen, code = await asyncio.to_thread(_read_to_close, slow)
        slow.close()
        assert code == 1013
        assert seen == published[: len(seen)]  # what it got has no hole
        async with connect(f"{served.feed}?market=test&since={seen[-1]}") as client:
            rest = [(await frame(client))["id"] for _ in published[len(seen) :]]
        assert seen + rest == published


def _read_to_close(client: Mute) -> tuple[list[str], int]:
    ids: list[str] = []
    while True:
        opcode, payload = client.read()
        if opcode == 8:
            return ids, int.from_bytes(payload[:2], "big")
        found = json.loads(payload) if opcode == 1 else {}
        if found.get("type") == "update":
            ids.append(found["id"])


async def test_a_dead_peer_is_closed(config: ApiConfig, publisher: Publisher) -> None:
    with serving(replace(config, probe=0.3, idle=0.5)) as served:
        dead = await asyncio.to_thread(Mute, served, f"market={publisher.market}")
        servers.wait_until(lambda: served.metric("esi_api_clients") == 1)
        servers.wait_until(lambda: served.metric("esi_api_clients") == 0, 5)
        dead.close()


async def test_a_viewer_who_vanishes_is_forgotten(served: Served, publisher: Publisher) -> None:
    client = await connect(f"{served.feed}?market=test")
    await frame(client)
    client.transport.abort()
    await asyncio.to_thread(servers.wait_until, lambda: served.metric("esi_api_clients") == 0)
    publisher.readings(range(1, 5))
    async with connect(f"{served.feed}?market=test") as another:
        async with asyncio.timeout(5):
            while (await frame(another))["id"] != id_of(4):
                pass
    with pytest.raises(ConnectionClosedError):
        await client.recv()


async def test_metrics_tell_what_was_sent(served: Served, publisher: Publisher, clean_redis: redis.Redis) -> None:
    assert clean_redis
    async with connect(f"{served.feed}?market=test") as client:
        await frame(client)
        publisher.readings(range(1, 6))
        await frames(client, 5)
    assert served.metric("esi_api_messages_total", market="test", channel="readings") == 5
    for name in ("send", "read", "write"):
        assert served.metric(f"esi_api_{name}_seconds_count", market="test") == 5
