"""How a reference artifact compares with one that was built again from the same inputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
import numpy as np

from models.reference import Reference, encode

CLOSE_ENOUGH: Final = 1e-9
"""How far numbers of one code and input may be apart between types of CPU."""


@dataclass(frozen=True)
class Verdict:
    """How an artifact compares with one rebuilt from its inputs.

    Attributes:
        identical: whether state, finals and details are the same bytes.
        same_machine: whether both were made by one type of CPU, Python and libraries.
        largest: largest difference of two numbers, relative to those above one.
        differs: what cannot differ by rounding and does, such as `finals[12].level`; at most ten.
    """

    identical: bool
    same_machine: bool
    largest: float
    differs: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Identical bytes on the same type of machine, numbers equal to 1e-9 elsewhere."""
        return self.identical or (not self.same_machine and not self.differs and self.largest <= CLOSE_ENOUGH)


def compare(one: Reference, other: Reference) -> Verdict:
    """How two artifacts of the same inputs compare; hashes follow from what they cover and are left out."""
    machines = [(r.manifest.cpu, r.manifest.python, r.manifest.libraries) for r in (one, other)]
    blank = replace(one, manifest=msgspec.structs.replace(other.manifest, members={}))
    if encode(blank) == encode(other):
        return Verdict(True, machines[0] == machines[1], 0.0, ())
    largest, differs = 0.0, []
    for place, gap in _gaps("", _content(one), _content(other)):
        if gap is None:
            differs.append(place)
        else:
            largest = max(largest, gap)
    return Verdict(False, machines[0] == machines[1], largest, tuple(differs[:10]))


def _content(reference: Reference) -> Any:
    """Everything but the manifest and the hashes, as plain data."""
    finals = [msgspec.json.decode(raw) | {"prev_hash": "", "hash": ""} for raw in reference.finals]
    state = dict(reference.state)
    state["pipeline"] = state["pipeline"] | {"publication": None}  # its state is a hash
    return {"finals": finals, "details": msgspec.json.decode(reference.details), "state": state}


def _gaps(place: str, one: Any, other: Any) -> Iterator[tuple[str, float | None]]:
    """Differences of two plain data by their places; None where they are none of numbers."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            yield from _gaps(f"{place}.{key}", one[key], other[key])
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        for n, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from _gaps(f"{place}[{n}]", a, b)
    elif isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and one.shape == other.shape:
        yield place, _gap(one, other)
    elif isinstance(one, float) and isinstance(other, float):
        yield place, _gap(np.array(one), np.array(other))
    elif one != other:
        yield place, None


def _gap(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float | None:
    """The largest difference, relative above one; None where one is unknown and the other is not."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        return None
    distance = np.abs(a - b) / np.maximum(np.maximum(np.abs(a), np.abs(b)), 1.0)
    return float(np.nanmax(distance, initial=0.0))
