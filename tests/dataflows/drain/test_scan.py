"""Messages are told apart where they stand, by their headers as the library parses them or as it keeps them unread."""

from __future__ import annotations

import ctypes

import numpy as np

from dataflows.drain import plain as module
from dataflows.drain.plain import FAILED, OTHER, TICK
from dataflows.drain.scan import packed, scan, texts
from schemas import names
from tests.dataflows.drain.messages import Message, Messages
from tests.dataflows.drain.test_plain import PLAIN, scanned


def test_kinds_errors_and_offsets_are_told_apart() -> None:
    tick = names.TICKS_JSON.encode()
    kinds = {1: tick, 2: names.TOCK_JSON.encode(), 3: b"", 4: tick[:-1] + b"x"}
    _, status, fields = scanned(Messages([PLAIN] * 6, kinds, {5: -185}))
    assert status == [TICK, TICK, OTHER, OTHER, OTHER, FAILED]
    assert fields == module.INSTRUMENT | module.TS_US | module.PRICE | module.SIZE


class Kept(ctypes.Structure):
    """A message with what the library keeps behind it."""

    _fields_ = [("public", Message), ("length", ctypes.c_int32), ("start", ctypes.c_void_p)]


def test_unread_headers_are_looked_at_where_they_are_kept() -> None:
    tick = packed(names.CONTENT_TYPE, names.TICKS_JSON.encode())
    headers = [tick, packed(names.CONTENT_TYPE, b"text/plain"), b"", tick[:-1] + b"x"]
    held = [ctypes.create_string_buffer(raw) for raw in headers]
    kept = (Kept * 4)(*[Kept(Message(len=5), len(h), ctypes.addressof(b)) for h, b in zip(headers, held, strict=True)])
    asked = Messages([b""], {0: b"text/plain"})  # what the library says of every message that it is asked about
    headers_of = _HEADERS(lambda _message, out: _put(out, 0))
    given, words = np.zeros((3, 4), np.int64), np.zeros(3, np.int64)
    status, places = np.zeros(4, np.int8), np.array([ctypes.addressof(kept[k]) for k in range(4)], np.int64)
    functions = (ctypes.cast(headers_of, ctypes.c_void_p).value or 0, asked.functions[1])
    scan(places, functions, Kept.length.offset, texts(), words.ctypes.data, *given, status)
    assert given[1].tolist() == [5, 0, 5, 0]
    assert status.tolist() == [OTHER] * 4


_HEADERS = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


def _put(address: int, value: int) -> int:
    ctypes.c_uint64.from_address(address).value = value
    return 0
