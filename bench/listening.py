"""The hot loop of the crowd, compiled: wait for sockets, take what came, count it. Whatever is unusual goes to Python.

All clients are sent the same bytes, so what some bytes say is found out once, in Python, and remembered here.
"""

# numba's extension interface has no types
# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc,call-arg,attr-defined,var-annotated"
# ruff: noqa: PLR0917 - compiled loops are given their room
from __future__ import annotations

import ctypes
import select
import struct
from typing import Final

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

EVENTS: Final = 1_024
EVENT_BYTES: Final = len(struct.pack("=IQ", 0, 0))
"""`struct epoll_event` is packed on x86-64, and only there."""

ROOM: Final = 262_144
KNOWN: Final = 32
KNOWN_BYTES: Final = 16_384
KNOWN_UPDATES: Final = 16
BIN_NS: Final = 100_000
LONGEST_BINS: Final = 600_000

DONE, READ, TAKE = 0, 1, 2
"""What the loop came back with: nothing, a socket to be read, a socket with bytes that are not known yet."""

MESSAGES, GAPS = 0, 1


@intrinsic
def _call(_context, function, words):
    """Calls the C function at an address with up to six words."""

    def generate(_target, builder, signature, args):
        word = ir.IntType(64)
        count = len(signature.args[1])
        kind = ir.FunctionType(word, [word] * count)
        given = [builder.extract_value(args[1], place) for place in range(count)]
        return builder.call(builder.inttoptr(args[0], kind.as_pointer()), given)

    return types.int64(function, words), generate


class Ear:
    """Room of one process: what is known, and what was counted.

    Attributes:
        last: number of the newest update of each socket, by descriptor; -1 before the first.
        partial: whether a socket has an unfinished frame, by descriptor.
        tally: messages and gaps.
        bins: messages by their age in bins of 0.1 ms.
        room: where bytes are read to.
    """

    def __init__(self, poll: select.epoll, files: int) -> None:
        library = ctypes.CDLL(None)
        functions = (library.epoll_wait, library.recv, library.clock_gettime)
        self._functions = np.array([ctypes.cast(one, ctypes.c_void_p).value for one in functions], np.uint64)
        self._poll = poll.fileno()
        self.last = np.full(files, -1, np.int64)
        self.partial = np.zeros(files, np.bool_)
        self.tally, self.bins = np.zeros(2, np.int64), np.zeros(LONGEST_BINS + 1, np.int64)
        self.room = np.zeros(ROOM, np.uint8)
        self._events, self._at = np.zeros(EVENTS * EVENT_BYTES, np.uint8), np.zeros(2, np.int64)
        self._clock = np.zeros(2, np.int64)
        self._known = np.zeros((KNOWN, KNOWN_BYTES), np.uint8)
        self._sizes, self._next = np.zeros((KNOWN, 2), np.int64), 0
        self._updates = np.zeros((KNOWN, KNOWN_UPDATES, 2), np.int64)

    def begin(self) -> None:
        """Counts anew."""
        self.tally[:], self.bins[:] = 0, 0

    def listen(self, wait_ms: int) -> tuple[int, int, int]:
        """Takes what is there; a code, the socket it is about, and how many bytes of it are in `room`."""
        code, fd, size = _listen(
            self._functions, self._poll, wait_ms, self._events, self._at, self.room, self._clock, self._known,
            self._sizes, self._updates, self.last, self.partial, self.tally, self.bins,
        )  # fmt: skip
        return int(code), int(fd), int(size)

    def count(self, fd: int, updates: list[tuple[int, int]], at_ns: int) -> None:
        """Counts updates (number, due time or 0) of a socket."""
        if updates:
            _count(np.array(updates, np.int64), fd, at_ns, self.last, self.tally, self.bins)

    def learn(self, data: bytes, updates: list[tuple[int, int]]) -> None:
        """Remembers what whole frames say; the oldest is forgotten for it."""
        if len(data) > KNOWN_BYTES or len(updates) > KNOWN_UPDATES:
            return
        place, self._next = self._next, (self._next + 1) % KNOWN
        self._known[place, : len(data)] = np.frombuffer(data, np.uint8)
        self._sizes[place] = len(data), len(updates)
        self._updates[place, : len(updates)] = updates


@njit(cache=True)
def _count(updates, fd, at_ns, last, tally, bins):
    for row in range(updates.shape[0]):
        number, due_ns = updates[row, 0], updates[row, 1]
        if last[fd] >= 0 and number != last[fd] + 1:
            tally[GAPS] += 1
        last[fd] = number
        if due_ns:
            tally[MESSAGES] += 1
            bins[min(max((at_ns - due_ns) // BIN_NS, 0), LONGEST_BINS)] += 1


@njit(cache=True)
def _place_of(room, size, known, sizes):
    """Where some bytes are known, or -1."""
    for place in range(known.shape[0]):
        same = 0 if sizes[place, 0] == size else -1
        while 0 <= same < size:
            same = same + 1 if room[same] == known[place, same] else -1
        if same == size:
            return place
    return -1


@njit(cache=True)
def _listen(functions, poll, wait_ms, events, at, room, clock, known, sizes, updates, last, partial, tally, bins):
    if at[0] == at[1]:  # else the events of the last call go on
        ready = _call(functions[0], (poll, events.ctypes.data, EVENTS, wait_ms))
        at[0], at[1] = 0, np.int32(ready & 0xFFFFFFFF)
    while at[0] < at[1]:
        start = at[0] * EVENT_BYTES
        at[0] += 1
        fd = np.int64(events[start + 4]) | np.int64(events[start + 5]) << 8 | np.int64(events[start + 6]) << 16
        if partial[fd]:
            return READ, fd, 0
        size = _call(functions[1], (fd, room.ctypes.data, ROOM, 0))
        if size <= 0:
            return READ, fd, 0
        place = _place_of(room, size, known, sizes)
        if place < 0:
            return TAKE, fd, size
        _call(functions[2], (0, clock.ctypes.data))
        at_ns = clock[0] * 1_000_000_000 + clock[1]
        _count(updates[place, : sizes[place, 1]], fd, at_ns, last, tally, bins)
    return DONE, -1, 0
