"""What a state gives away: arrays that hold the values of an input, in their order or most of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

FEW: Final = 5
"""Consecutive different values of an input that may stand in a state: the last value is one row, a series is more."""

SHARE: Final = 0.05
"""Share of the values that an input took only once which may stand in one array, in whatever order."""

LEAST: Final = 100
FINE: Final = 0.2
"""How many values taken only once, and which share of all, an input needs for that to say anything: values that repeat
because they are quoted coarsely are a grid, which any array may hold."""


def leaks(state: Any, inputs: dict[str, Floats]) -> list[str]:
    """Sentences about arrays of a state that give an input away; empty if none does.

    Looked for, of each input and of its logarithms: a run of more than `FEW` different values in an array, along any
    axis, forwards or backwards; and an array that holds more than `SHARE` of the values that the input took only once.
    Runs that only rise or fall, or come back to a value, say nothing: sorted arrays and other series that are quoted
    in hundredths have the same ones by chance.

    Args:
        state: plain data of arrays, dicts and tuples.
        inputs: values of each input in the order of time.
    """
    arrays = [(place, array) for place, array in _arrays("state", state) if array.size > FEW]
    stands: dict[bytes, set[int]] = {}
    for n, (_, array) in enumerate(arrays):
        for run in _runs_of(array):
            stands.setdefault(run, set()).add(n)
    found = set()
    for name, values in inputs.items():
        for form in _forms(values):
            places = {n for run in (*_runs(form), *_runs(form[::-1])) for n in stands.get(run, ())}
            places |= {n for n, (_, array) in enumerate(arrays) if _in_bulk(form, array)}
            found |= {(n, name) for n in places}
    return [f"{arrays[n][0]} holds values of {name}" for n, name in sorted(found)]


def _forms(values: Floats) -> tuple[Floats, Floats]:
    """Known values, and their logarithms where they have any."""
    told = values[np.isfinite(values)]
    return told, np.log(told[told > 0])


def _arrays(place: str, value: Any) -> Iterator[tuple[str, Floats]]:
    """Every array of numbers with the way to it."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _arrays(f"{place}.{key}", item)
    elif isinstance(value, tuple | list):
        if value and all(isinstance(item, float) for item in value):
            yield place, np.array(value)
        for n, item in enumerate(value):
            yield from _arrays(f"{place}[{n}]", item)


def _runs_of(array: Floats) -> Iterator[bytes]:
    """The runs of an array along every axis."""
    for axis in range(array.ndim):
        for row in np.moveaxis(array, axis, -1).reshape(-1, array.shape[axis]):
            yield from _runs(row)


def _runs(values: Floats) -> list[bytes]:
    """Every run of `FEW + 1` different values that turns."""
    values = values[np.isfinite(values)]
    values = values[np.flatnonzero(np.diff(values, prepend=np.nan) != 0)]
    if len(values) <= FEW:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(values, FEW + 1)
    steps, ordered = np.diff(windows, axis=1), np.sort(windows, axis=1)
    turns = (steps > 0).any(axis=1) & (steps < 0).any(axis=1)
    return [row.tobytes() for row in windows[turns & (np.diff(ordered, axis=1) > 0).all(axis=1)]]


def _in_bulk(values: Floats, array: Floats) -> bool:
    """Whether the array holds more than `SHARE` of the values that were taken only once."""
    numbers, counts = np.unique(values, return_counts=True)
    once = numbers[counts == 1]
    telling = len(once) >= max(LEAST, FINE * len(values)) and array.size > SHARE * len(once)
    return telling and float(np.isin(once, array).mean()) > SHARE
