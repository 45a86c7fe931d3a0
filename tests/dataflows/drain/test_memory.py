"""Memory by address, and C functions by address."""

from __future__ import annotations

import ctypes

import numpy as np

from dataflows.drain import memory


def test_bytes_and_words_are_read_where_they_stand() -> None:
    held = np.frombuffer(b"\xff\xff\xff\xff\x01\x00\x00\x00rest", np.uint8)
    at = np.uint64(held.ctypes.data)
    assert memory.octets(np.uint64(at + np.uint64(8)), 4).tobytes() == b"rest"
    assert memory.word(at) == 0x1FFFFFFFF
    assert memory.half_word(at) == -1


def test_each_message_is_given_back_once() -> None:
    given: list[int] = []
    take = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(given.append)
    memory.destroy(np.array([8, 16, 24], np.uint64), np.uint64(ctypes.cast(take, ctypes.c_void_p).value or 0))
    assert given == [8, 16, 24]
