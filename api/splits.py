"""Exact splits of a change: how they are answered, and how they add up. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self

import msgspec

from schemas.reading import Change, Details


class GapError(ValueError):
    """A reading that was not split against the final before it."""


class End(msgspec.Struct):
    """One end of a comparison: its reading's id, time, kind and index."""

    id: str
    at: str
    final: bool
    index: float | None


class Moved(msgspec.Struct):
    """Exact split of a change, in points of 0..100.

    Attributes:
        total: index at the end minus index at the beginning.
        level: by segment, what its scores did.
        correlation: what segments did that moved more (or less) together.
        composition: what inputs did that came or went.
        rest: what rounding leaves: `total` minus all parts; within 1e-12 for one split, 1e-9 for thousands.
    """

    total: float
    level: dict[str, float]
    correlation: float
    composition: float
    rest: float


class Part(msgspec.Struct):
    """Points that a segment contributes at both ends, and their difference; the differences sum to the total."""

    name: str
    before: float
    after: float
    change: float


class IndicatorPart(msgspec.Struct):
    """Likewise of an indicator of a segment."""

    name: str
    segment: str
    before: float
    after: float
    change: float


class Attribution(msgspec.Struct, rename={"from_": "from"}):
    """Why the index moved between two readings.

    Attributes:
        splits: how many splits against a final before were added up.
        moved: by cause.
        segments: by what contributes, at both ends.
        indicators: the same in more detail, null where an end is provisional or its details are gone.
    """

    market: str
    epoch: str
    from_: End
    to: End
    splits: int
    moved: Moved
    segments: list[Part]
    indicators: list[IndicatorPart] | None


class _Split(msgspec.Struct):
    """What the sum needs of a reading."""

    at: str
    final: bool
    index: float | None
    flags: list[str]
    change: Change | None

    @property
    def compared_with(self) -> bool:
        """Whether what follows is split against it; a final without data teaches nothing, the one before it stays."""
        return self.final and self.index is not None and "no_data" not in self.flags


_SPLIT: Final = msgspec.json.Decoder(_Split)


@dataclass
class Sum:
    """Adds up splits that follow each other, each against the final before it.

    Attributes:
        since: time of the final against which the next split must be.
        level: by segment, the parts so far; likewise `correlation` and `composition`.
        count: how many splits were added.
    """

    since: str
    level: dict[str, list[float]] = field(default_factory=dict)
    correlation: list[float] = field(default_factory=list)
    composition: list[float] = field(default_factory=list)
    count: int = 0

    @classmethod
    def behind(cls, body: bytes) -> Self:
        """A sum that begins at a reading, whose own split is taken back if nothing is compared with it.

        Raises:
            GapError: it is such a reading, and was compared with nothing itself.
        """
        one = _SPLIT.decode(body)
        if one.compared_with:
            return cls(one.at)
        if one.change is None:
            msg = f"The reading of {one.at} has no final before it."
            raise GapError(msg)
        added = cls(one.change.since)
        added._put(one.change, -1.0)
        return added

    def add(self, bodies: Iterable[bytes]) -> None:
        """Adds what finals say that follow each other; those that nothing is compared with have nothing to add.

        Raises:
            GapError: one was not compared with the one before it.
        """
        for body in bodies:
            one = _SPLIT.decode(body)
            if one.compared_with:
                self._follow(one)

    def end(self, body: bytes) -> None:
        """Adds what the last reading says, of whatever kind it is.

        Raises:
            GapError: as `add`.
        """
        self._follow(_SPLIT.decode(body))

    def _follow(self, one: _Split) -> None:
        if one.change is None or one.change.since != self.since:
            said = "nothing" if one.change is None else f"the final of {one.change.since}"
            msg = f"The reading of {one.at} is split against {said}, not against the final of {self.since}."
            raise GapError(msg)
        self._put(one.change, 1.0)
        self.count, self.since = self.count + 1, one.at

    def _put(self, change: Change, sign: float) -> None:
        for segment, points in change.level.items():
            self.level.setdefault(segment, []).append(sign * points)
        self.correlation.append(sign * change.correlation)
        self.composition.append(sign * change.composition)

    def moved(self, total: float) -> Moved:
        """The parts, each added up without loss, and what rounding leaves of the total."""
        level = {segment: math.fsum(points) for segment, points in self.level.items()}
        correlation, composition = math.fsum(self.correlation), math.fsum(self.composition)
        rest = math.fsum([total, -correlation, -composition, *(-points for points in level.values())])
        return Moved(total, level, correlation, composition, rest)


def parts(before: dict[str, float], after: dict[str, float]) -> list[Part]:
    """Contributions by segment at two readings; a segment that one of them does not know gives nothing there."""
    return [
        Part(name, then := before.get(name, 0.0), now := after.get(name, 0.0), now - then)
        for name in dict.fromkeys([*after, *before])
    ]


def indicator_parts(before: Details, after: Details) -> list[IndicatorPart]:
    """Contributions by indicator at two finals, likewise."""
    then = {(row.segment, row.name): row.contribution for row in before.indicators}
    now = {(row.segment, row.name): row.contribution for row in after.indicators}
    points = [(key, then.get(key, 0.0), now.get(key, 0.0)) for key in dict.fromkeys([*now, *then])]
    return [IndicatorPart(name, segment, a, b, b - a) for (segment, name), a, b in points]
