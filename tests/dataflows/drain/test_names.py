"""The table of names: every name is found, hashes that collide are told apart, and half of it is free."""

from __future__ import annotations

import numpy as np
import pytest

from dataflows.drain import names as module
from dataflows.drain.columns import of_texts
from dataflows.drain.names import hashed, table
from dataflows.drain.plain import TICK
from schemas.ticks import UNKNOWN


def codes(known: tuple[str, ...], asked: list[str]) -> list[int]:
    room, status, _ = of_texts([f'{{"instrument":"{name}","ts_us":1}}'.encode() for name in asked], table(known))
    assert (status == TICK).all()
    return room.code.tolist()


@pytest.mark.parametrize("count", [1, 2, 500])
def test_every_name_is_found_and_no_other(count: int) -> None:
    known = tuple(f"I{number}" for number in range(count))
    assert codes(known, [*known, "J", "I"]) == [*range(count), UNKNOWN, UNKNOWN]
    assert np.count_nonzero(table(known).codes >= 0) * 2 <= len(table(known).codes)


def test_no_name_at_all_is_a_table_too() -> None:
    assert codes((), ["A"]) == [UNKNOWN]


def test_names_whose_hashes_are_equal_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    same = hashed(b"AB")
    monkeypatch.setattr(module, "hashed", lambda _name: same)
    assert codes(("XY", "AB"), ["AB", "AB"]) == [1, 1]


def test_the_hash_is_fnv_1a() -> None:
    assert hashed(b"") == 0xCBF29CE484222325
    assert hashed(b"a") == 0xAF63DC4C8601EC8C  # the reference vector of its authors
