"""One api process and a thousand WebSocket clients: from XADD to each client's socket."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import time
import urllib.request
from typing import Final

import msgspec
import numpy as np
import redis
import uvloop

from bench import clients
from bench.case import Figure, require
from bench.servers import running
from schemas.names import stream
from tests import servers
from tests.api.publisher import Publisher, id_of

WORK: Final = (
    "1,000 WebSocket clients (one process) on one api process, a reading a second by XADD for 20 seconds; wall clock "
    "from just before XADD to the client's socket, every client and reading counted; all on the same cores"
)
CLIENTS: Final = 1000
READINGS: Final = 20
WARM_UP: Final = 3
REPEATS: Final = 2
MARKET: Final = "bench"


class Update(msgspec.Struct):
    """What a frame says that matters here."""

    type: str
    id: str | None = None


def check(given: list[list[str]], want: list[str]) -> None:
    """Every client was given every reading, once and in order.

    Raises:
        WrongOutputError: a gap, a repeat or another order.
    """
    require(bool(given), "no client was connected")
    bad = [number for number, ids in enumerate(given) if ids != want]
    require(not bad, f"{len(bad)} of {len(given)} clients had a gap; the first got {len(given[bad[0]]) if bad else 0}")


async def _session(url: str, port: int) -> list[float]:
    """Milliseconds of every reading at every client."""
    connected = await clients.connect("127.0.0.1", port, f"/v1/feed?market={MARKET}&channel=readings", CLIENTS)
    dead = [client.closed for client in connected if client.closed]
    require(not dead, f"{len(dead)} clients were refused: {dead[:1]}")
    sent: dict[str, int] = {}
    loop = asyncio.get_running_loop()
    with redis.Redis.from_url(url) as client:
        publisher = Publisher(client, MARKET)
        for number in range(1, 1 + WARM_UP + READINGS):
            sent[id_of(number)] = time.time_ns()
            await loop.run_in_executor(None, publisher.readings, [number])
            await asyncio.sleep(1 - time.time_ns() % 1_000_000_000 / 1e9)
    for one in connected:
        one.end()
    return _judge(connected, sent)


def _judge(connected: list[clients.Client], sent: dict[str, int]) -> list[float]:
    decoder = msgspec.json.Decoder(Update)
    given: list[list[str]] = []
    taken: list[float] = []
    counted = list(sent)[WARM_UP:]
    for client in connected:
        updates = [(at_ns, decoder.decode(text)) for at_ns, text in client.frames]
        found = [(at_ns, update.id or "") for at_ns, update in updates if update.type == "update"]
        given.append([name for _, name in found])
        taken += [(at_ns - sent[name]) / 1e6 for at_ns, name in found if name in counted]
    check(given, list(sent))
    return taken


def _once() -> list[float]:
    port = servers.free_port()
    with running(servers.Redis()) as store:
        with store.client() as client:
            Publisher(client, MARKET).readings([0])
            require(bool(client.exists(stream(MARKET, "readings"))), "nothing was published")
        options = ["--redis-url", store.url, "--api-port", str(port), "--api-host", "127.0.0.1"]
        command = [sys.executable, "-m", "deploy", "api", *options]
        api = subprocess.Popen(command, cwd=servers.CHECKOUT, stderr=subprocess.DEVNULL)
        try:
            servers.wait_until(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz").status == 200, 30)
            gc.disable()
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                return runner.run(_session(store.url, port))
        finally:
            gc.enable()
            api.kill()  # how it stops is no part of this
            api.wait()


def measure() -> list[Figure]:
    """Median and 99th percentile of the latency, by session."""
    sessions = [_once() for _ in range(REPEATS)]
    half, high = (tuple(float(np.percentile(taken, q)) for taken in sessions) for q in (50, 99))
    return [
        Figure("fanout/p50", half, "ms", higher_is_better=False, work=WORK),
        Figure("fanout/p99", high, "ms", higher_is_better=False, work="the 99th percentile of the same"),
    ]
