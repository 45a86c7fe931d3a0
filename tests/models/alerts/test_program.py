"""The vector program computes what the language says, and what two rules share only once."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.alerts.check import check
from models.alerts.nodes import Node
from models.alerts.program import compile_conditions, key_of
from tests.models.alerts.made import MARKET

T, F, U = 1.0, 0.0, math.nan


def value(text: str, **fields: float) -> float:
    """A condition's value where every field that is not given is unknown."""
    program = compile_conditions([check(text, MARKET).node])
    given = np.array([fields.get("_".join(path), math.nan) for path in program.fields])
    vector = program.begin(given)
    program.end(vector, np.zeros(0))
    return float(vector[program.roots[0]])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("index + 2 * 3 - 4 / 2 == 54", T),
        ("-index < -49 and index != 49", T),
        ("abs(0 - index) >= 50", T),
        ("index <= 49.5 or final", T),
        ("not final", F),
        ("missing(percentile) and not missing(index)", T),
        ("percentile > 3", U),
        ("not percentile > 3", U),
        ("percentile > 3 and index < 0", F),
        ("index < 0 and percentile > 3", F),
        ("percentile > 3 or index > 0", T),
        ("percentile > 3 or index < 0", U),
        ("percentile > 3 and index > 0", U),
        ("index / (index - 50) > 0", U),
        ("index * 1e299 * 1e299 > 0", U),
        ("level >= elevated and level < severe", T),
    ],
)
def test_values_with_unknowns(text: str, wanted: float) -> None:
    found = value(text, index=50.0, final=1.0, level=3.0)
    assert found == wanted or (math.isnan(found) and math.isnan(wanted))


def test_what_is_shared_is_computed_once() -> None:
    texts = [f"index * 2 + percentile > {n} for {n + 1}m" for n in range(100)]
    program = compile_conditions([check(text, MARKET).node for text in texts])
    assert program.fields == (("index",), ("percentile",))
    assert len(program.before) == 3
    assert len(program.initial) == 2 + 1 + 2 + 100 + 100 - 1  # 2 is also a line
    vector = program.begin(np.array([20.0, 30.0]))
    assert vector[program.roots].tolist() == [float(n < 70) for n in range(100)]


def test_windows_are_shared_and_what_follows_them_waits() -> None:
    texts = ["rank(index, 1d) > 90", "rank(index, 1440m) > 95", "rank(index, 1d) / 2 > index"]
    program = compile_conditions([check(text, MARKET).node for text in texts])
    (window,) = program.windows
    assert (window.function, window.length_us) == ("rank", 86_400_000_000)
    vector = program.begin(np.array([48.0]))
    program.end(vector, np.array([96.0]))
    assert vector[program.roots].tolist() == [1.0, 1.0, 0.0]


def test_keys_tell_parts_apart() -> None:
    index, number = Node("field", path=("index",)), Node("number", value=1.0)
    assert key_of(Node(">", (index, number))) != key_of(Node(">", (number, index)))
    assert key_of(Node("number", value=1.0)) != key_of(Node("truth", value=1.0))
