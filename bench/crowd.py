"""A crowd of WebSocket clients in a few processes of raw epoll: they count, stamp, look for gaps, and cost little.

What comes again and again is counted by a compiled loop (`listening.py`), the rest here.

`python -m bench.crowd HOST PORT PATH COUNT SOURCES` is one of these processes. It connects COUNT clients from the
addresses SOURCES and prints a JSON line; then, for each line on its standard input (`begin`, `end`), it counts anew, or
prints what it has counted. `Crowd` starts as many of them as the limit of open files asks for.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import json
import os
import resource
import select
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import Any, Final

import msgspec
import numpy as np

from bench.listening import BIN_NS, DONE, GAPS, MESSAGES, READ, Ear

IN_FLIGHT: Final = 128
"""Connections that one process is opening at a time."""

SPARE_FILES: Final = 200
MOST_FILES: Final = 1 << 20
CONNECT_WITHIN_S: Final = 180
PER_PROCESS: Final = 17_000
"""Clients of one process."""

SOURCES: Final = 4
"""Addresses of one process: each has 28,000 ports towards one server, and finding a free one is slow beyond half."""

PONG: Final = b"\x8a\x80\0\0\0\0"
"""A masked empty pong."""


class Said(msgspec.Struct):
    """What a message says that matters here."""

    type: str
    id: str | None = None
    sent_ns: int = 0


@dataclass
class Counted:
    """What arrived since `begin`.

    Attributes:
        messages: updates.
        gaps: updates whose id is not the one behind the one before, which clients do not forgive.
        conflated: clients that were told that they missed something.
        lost: connections that ended.
        bins: updates by their age in bins of 0.1 ms.
    """

    messages: int = 0
    gaps: int = 0
    conflated: int = 0
    lost: int = 0
    bins: Counter[int] = field(default_factory=Counter)


class Member:
    """One process of the crowd."""

    def __init__(self, address: tuple[str, int], path: str, source: str) -> None:
        self._address, self._sources = address, cycle(source.split(","))
        key = base64.b64encode(os.urandom(16)).decode()
        self._ask = (
            f"GET {path} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode()
        self._epoll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._partial: dict[int, bytes] = {}
        self._ear = Ear(self._epoll, min(files_allowed(), MOST_FILES))
        self._other = Counted()
        self.refused: Counter[str] = Counter()

    # coming

    def connect(self, count: int, seconds: float) -> None:
        """Opens so many connections, each with its handshake done."""
        opening: set[int] = set()
        asked = 0
        deadline = time.monotonic() + seconds
        while (asked < count or opening) and time.monotonic() < deadline:
            while asked < count and len(opening) < IN_FLIGHT:
                opening.add(self._open())
                asked += 1
            for fd, event in self._epoll.poll(0.2, 4096):
                if fd in opening:
                    self._greet(fd, event, opening)
                else:
                    self._read(fd)
        for fd in opening:
            self._drop(fd, "no answer in time")

    def _open(self) -> int:
        made = socket.socket()
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT: the port is chosen by connect
        made.bind((next(self._sources), 0))
        code = made.connect_ex(self._address)
        if code not in (0, errno.EINPROGRESS):
            raise OSError(code, os.strerror(code))
        self._sockets[made.fileno()] = made
        self._epoll.register(made.fileno(), select.EPOLLOUT)
        return made.fileno()

    def _greet(self, fd: int, event: int, opening: set[int]) -> None:
        if event & select.EPOLLOUT and not event & (select.EPOLLERR | select.EPOLLHUP):
            os.write(fd, self._ask)
            self._epoll.modify(fd, select.EPOLLIN)
            return
        try:
            data = self._partial.pop(fd, b"") + os.read(fd, 65_536)
        except OSError as error:
            data = f"{error.strerror}\r\n\r\n".encode()
        head, found, rest = data.partition(b"\r\n\r\n")
        if not found and data:
            self._partial[fd] = data
            return
        opening.discard(fd)
        if b" 101 " not in head[:20]:
            self._drop(fd, head[:60].decode(errors="replace").partition("\r\n")[0] or "closed")
        elif rest:
            self._take(fd, rest, 0)

    def _drop(self, fd: int, why: str) -> None:
        self.refused[why] += 1
        self._forget(fd)

    def _forget(self, fd: int) -> None:
        self._epoll.unregister(fd)
        self._sockets.pop(fd).close()
        self._ear.last[fd] = -1
        self._hold(fd, b"")

    # listening

    def listen(self, seconds: float) -> None:
        """Takes what comes for so long."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            code, fd, size = self._ear.listen(int(min(left, 0.1) * 1e3))
            if code == READ:
                self._read(fd)
            elif code != DONE:
                self._take(fd, self._ear.room[:size].tobytes(), time.time_ns())

    def _read(self, fd: int) -> None:
        try:
            data = os.read(fd, 262_144)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._take(fd, data, time.time_ns())
        else:
            self._other.lost += 1
            self._forget(fd)

    def _take(self, fd: int, data: bytes, at_ns: int) -> None:
        data = self._partial.get(fd, b"") + data
        updates, rest, plain = self._cut(fd, data)
        self._hold(fd, rest)
        if plain and updates and not rest:
            self._ear.learn(data, updates)
        self._ear.count(fd, updates, at_ns)

    def _hold(self, fd: int, rest: bytes) -> None:
        """Keeps the beginning of a frame that has not come to its end."""
        self._ear.partial[fd] = bool(rest)
        if rest:
            self._partial[fd] = rest
        else:
            self._partial.pop(fd, None)

    def _cut(self, fd: int, data: bytes) -> tuple[list[tuple[int, int]], bytes, bool]:
        """Updates in some bytes (number, due time), what is left, and whether there was nothing else in them."""
        updates: list[tuple[int, int]] = []
        at, plain = 0, True
        while (frame := _frame(data, at)) is not None:
            opcode, payload, at = frame
            if opcode == 0x9:
                os.write(fd, PONG)
                plain = False
            elif opcode in (0x1, 0x2):
                said = (msgspec.json if opcode == 0x1 else msgspec.msgpack).decode(payload, type=Said)
                if said.type == "conflated":
                    self._other.conflated += 1
                    self._ear.last[fd] = -1
                    plain = False
                elif said.id is not None:
                    updates.append((int(said.id.partition("-")[0]), said.sent_ns))
        return updates, data[at:], plain

    def begin(self) -> None:
        """Counts anew."""
        self._ear.begin()
        self._other = Counted()

    @property
    def counted(self) -> Counted:
        """What arrived since `begin`."""
        tally, bins = self._ear.tally, self._ear.bins
        ages = Counter({int(place): int(bins[place]) for place in np.flatnonzero(bins)})
        return replace(self._other, messages=int(tally[MESSAGES]), gaps=int(tally[GAPS]), bins=ages)

    @property
    def connected(self) -> int:
        """Connections that are open."""
        return len(self._sockets)


def _frame(data: bytes, at: int) -> tuple[int, bytes, int] | None:
    """Opcode, payload and end of the frame at a position (servers do not mask); None if it is not whole."""
    if len(data) < at + 2:
        return None
    size, start = data[at + 1] & 0x7F, at + 2
    if size >= 126:
        start = at + (4 if size == 126 else 10)
        size = int.from_bytes(data[at + 2 : start], "big")
    if len(data) < start + size:
        return None
    return data[at] & 0x0F, data[start : start + size], start + size


def main(arguments: Sequence[str]) -> None:
    """One process of the crowd."""
    host, port, path, count, source = arguments
    member = Member((host, int(port)), path, source)
    began = time.monotonic()
    member.connect(int(count), CONNECT_WITHIN_S)
    _tell(connected=member.connected, seconds=time.monotonic() - began, refused=member.refused)
    os.set_blocking(0, False)
    asked = b""
    while True:
        member.listen(0.1)
        with contextlib.suppress(BlockingIOError):
            if not (read := os.read(0, 100)):
                return
            asked += read
        while b"\n" in asked:
            word, _, asked = asked.partition(b"\n")
            if word == b"begin":
                member.begin()
            else:
                counted = member.counted
                _tell(**{**vars(counted), "bins": sorted(counted.bins.items())}, cpu=time.process_time())


def _tell(**said: Any) -> None:
    print(json.dumps(said), flush=True)


def files_allowed() -> int:
    """Open files that one process may have."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


class Crowd:
    """Clients of a feed, in as many processes as they need.

    Attributes:
        connected: how many are in.
        seconds: how long the last process took to connect its share.
        refused: why others are not, and how many.
    """

    def __init__(self, port: int, path: str, count: int) -> None:
        share = min(PER_PROCESS, files_allowed() - SPARE_FILES)
        sizes = [share] * (count // share) + ([count % share] if count % share else [])
        self._members = [self._start(port, path, size, number) for number, size in enumerate(sizes)]
        said = [self._hear(member) for member in self._members]
        self.connected = sum(one["connected"] for one in said)
        self.seconds = max(one["seconds"] for one in said)
        self.refused = sum((Counter(one["refused"]) for one in said), Counter[str]())

    @staticmethod
    def _start(port: int, path: str, count: int, number: int) -> subprocess.Popen[str]:
        sources = ",".join(f"127.0.0.{2 + SOURCES * number + one}" for one in range(SOURCES))
        command = [sys.executable, "-m", "bench.crowd", "127.0.0.1", str(port), path, str(count), sources]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    @staticmethod
    def _hear(member: subprocess.Popen[str]) -> dict[str, Any]:
        assert member.stdout is not None
        said: dict[str, Any] = json.loads(member.stdout.readline())
        return said

    def _ask(self, word: str) -> None:
        for member in self._members:
            assert member.stdin is not None
            member.stdin.write(word + "\n")
            member.stdin.flush()

    def begin(self) -> None:
        """Counts from now on."""
        self._ask("begin")

    def end(self) -> tuple[Counted, float]:
        """What was counted, and the processor seconds of all members so far."""
        self._ask("end")
        whole, cpu = Counted(), 0.0
        for member in self._members:
            said = self._hear(member)
            whole.messages += said["messages"]
            whole.gaps += said["gaps"]
            whole.conflated += said["conflated"]
            whole.lost += said["lost"]
            whole.bins.update(dict(said["bins"]))
            cpu += said["cpu"]
        return whole, cpu

    def close(self) -> None:
        """All leave."""
        for member in self._members:
            member.kill()
            member.communicate()


def percentile(bins: Counter[int], share: float) -> float:
    """Milliseconds below which a share of the messages lies, to the upper edge of its bin."""
    wanted, seen = share * sum(bins.values()), 0
    for number in sorted(bins):
        seen += bins[number]
        if seen >= wanted:
            return (number + 1) * BIN_NS / 1e6
    return float("nan")


if __name__ == "__main__":
    main(sys.argv[1:])
