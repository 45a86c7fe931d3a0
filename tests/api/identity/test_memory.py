"""Bounded in number and in time."""

from __future__ import annotations

from api.identity.memory import Memory


def test_values_end_and_the_oldest_go_first() -> None:
    memory: Memory[int] = Memory(2)
    memory.put(b"a", 1, 10.0)
    memory.put(b"b", 2, 20.0)
    assert (memory.get(b"a", 9.0), memory.get(b"b", 9.0), memory.get(b"c", 9.0)) == (1, 2, None)
    assert memory.get(b"a", 10.0) is None
    memory.put(b"c", 3, 20.0)
    memory.get(b"b", 9.0)
    memory.put(b"d", 4, 20.0)
    assert (memory.get(b"b", 9.0), memory.get(b"c", 9.0), len(memory)) == (2, None, 2)
    memory.drop(b"b")
    memory.drop(b"b")
    memory.clear()
    assert len(memory) == 0


def test_a_flood_stays_small() -> None:
    memory: Memory[None] = Memory(100)
    for number in range(10_000):
        memory.put(str(number).encode(), None, 1.0)
    assert len(memory) == 100
