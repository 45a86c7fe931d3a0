"""REST `latest` on two processes of the api: as many requests as it takes, and how long half of the promise takes."""

from __future__ import annotations

import select
import socket
import time
from collections import Counter, deque
from typing import Final

from bench.case import Figure, require
from bench.crowd import percentile
from bench.fanout import MARKET, cpu_of, serving
from bench.listening import BIN_NS
from bench.servers import running
from tests import servers
from tests.api.publisher import Publisher

WORK: Final = (
    "GET /v1/markets/bench/latest on two processes of the api, a reading a second published meanwhile, by one process "
    "of raw epoll with 64 connections on the same cores; every answer whole and 200"
)
CONNECTIONS: Final = 64
SECONDS: Final = 5.0
PROMISED: Final = 10_000


class Asker:
    """Connections that ask for the same thing again and again.

    Attributes:
        answers: how many came.
        bins: answers by the time they took in bins of 0.1 ms, waiting for a free connection included.
    """

    def __init__(self, port: int, headers: str = "") -> None:
        self._ask = f"GET /v1/markets/{MARKET}/latest HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}\r\n".encode()
        self._epoll = select.epoll()
        self._sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
        self._by_fd = {one.fileno(): one for one in self._sockets}
        for one in self._sockets:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._epoll.register(one.fileno(), select.EPOLLIN)
        self._asked: dict[int, int] = {}
        self._part: dict[int, bytes] = {}
        self.answers = 0
        self.bins: Counter[int] = Counter()

    def closed_loop(self, seconds: float) -> float:
        """Each connection asks as soon as it was answered; gives answers per second."""
        begin = time.monotonic()
        for fd in self._by_fd:
            self._send(fd, time.time_ns())
        while time.monotonic() - begin < seconds:
            for fd in self._answered(0.1):
                self._send(fd, time.time_ns())
        return self.answers / (time.monotonic() - begin)

    def open_loop(self, rate: float, seconds: float) -> None:
        """Asks at a steady rate, whether answers come or not; a request is as old as the time at which it was due."""
        free, waiting = deque(self._by_fd), deque[int]()
        period, due = int(1e9 / rate), time.time_ns()
        end = due + int(seconds * 1e9)
        while due < end or waiting or self._asked:
            now = time.time_ns()
            while due <= now and due < end:
                waiting.append(due)
                due += period
            while waiting and free:
                self._send(free.popleft(), waiting.popleft())
            free.extend(self._answered(max(due - time.time_ns(), 0) / 1e9))

    def _send(self, fd: int, due_ns: int) -> None:
        self._by_fd[fd].send(self._ask)
        self._asked[fd] = due_ns

    def _answered(self, wait: float) -> list[int]:
        found = []
        for fd, _ in self._epoll.poll(wait, CONNECTIONS):
            data = self._part.pop(fd, b"") + self._by_fd[fd].recv(65_536)
            if not _is_whole(data):
                self._part[fd] = data
                continue
            self.answers += 1
            self.bins[(time.time_ns() - self._asked.pop(fd)) // BIN_NS] += 1
            found.append(fd)
        return found

    def close(self) -> None:
        """Leaves."""
        for one in self._sockets:
            one.close()


def _is_whole(data: bytes) -> bool:
    require(data.startswith(b"HTTP/1.1 200"), f"answered: {data[:80]!r}")
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return False
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return len(body) == int(length)


def measure() -> list[Figure]:
    """Answers per second, and their latency at half of what is promised."""
    port = servers.free_port()
    with running(servers.Redis()) as store, store.client() as client:
        Publisher(client, MARKET).readings([0, 1], finals=[0])
        with serving(store.url, port, 2) as processes:
            asker = Asker(port)
            asker.closed_loop(1.0)
            asker.close()
            asker, before, mine = Asker(port), cpu_of(processes), time.process_time()
            rate = asker.closed_loop(SECONDS)
            used, load = cpu_of(processes) - before, time.process_time() - mine
            asker.close()
            paced = Asker(port)
            paced.open_loop(PROMISED / 2, SECONDS)
            paced.close()
    thousand = asker.answers / 1e3
    return [
        Figure("rest_latest/rate", (rate,), "requests/s", PROMISED, work=WORK),
        _less("rest_latest/cpu", used / thousand * 1e3, "CPU-us/request", None, "of both processes of the api"),
        _less("rest_latest/load_cpu", load / thousand * 1e3, "CPU-us/request", None, "of the load generator"),
        _less("rest_latest/p99", percentile(paced.bins, 0.99), "ms", 10, f"open loop at {PROMISED // 2:,} a second"),
        _less("rest_latest/p50", percentile(paced.bins, 0.5), "ms", None, "the median of the same"),
    ]


def _less(name: str, value: float, unit: str, bar: float | None, work: str) -> Figure:
    return Figure(name, (value,), unit, bar, higher_is_better=False, work=work)
