"""Memory by address, and C functions by address."""

from __future__ import annotations

import ctypes

import numpy as np
from numba import njit

from dataflows.drain import memory


@njit
def read(at: int) -> tuple[int, int, int, int]:
    return memory.byte(at), memory.word(at), memory.half_word(at), memory.half_word(at + 1)


def test_bytes_and_words_are_read_where_they_stand() -> None:
    held = np.frombuffer(b"\xff\xff\xff\xff\x01\x00\x00\x00rest", np.uint8)
    assert read(held.ctypes.data) == (0xFF, 0x1FFFFFFFF, -1, 0x1FFFFFF)
    assert memory.equal(held.ctypes.data, held.ctypes.data + 1, 3)
    assert not memory.equal(held.ctypes.data, held.ctypes.data + 1, 4)


def test_each_message_is_given_back_once() -> None:
    given: list[int] = []
    take = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(given.append)
    memory.destroy(np.array([8, 16, 24], np.int64), (ctypes.cast(take, ctypes.c_void_p).value or 0))
    assert given == [8, 16, 24]
