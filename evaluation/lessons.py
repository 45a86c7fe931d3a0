"""What networks are taught of a market: windows with the changes that came of them, from the steps that serve."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from evaluation.density import Flags, Floats
from models.ensemble.forecaster import ENSEMBLE, EXPERTS, PERSISTENCE, Forecast, Forecaster
from models.ensemble.guests import Brought, Guests, Invitation
from models.ensemble.levels import LEVELS
from models.features import LENGTH, Moment, Schema
from models.window import Seen, windows
from schemas.market import Market

Singles = npt.NDArray[np.float32]

YARDSTICKS: Final = (PERSISTENCE, "har", "har_log", ENSEMBLE)
"""Whose forecasts are kept beside each lesson: a network has to be better than these."""


@dataclass(frozen=True)
class Lessons:
    """Moments with what came of them, in order of time.

    Attributes:
        at_us: the moments, microseconds since 1970 (UTC), int64[n].
        due_us: when their labels came, int64[n].
        windows: `Seen.rows`, float32[n, 50, F].
        scale: of changes as it was known then (`Question.scale`), points, float64[n].
        came: labels: changes of the index over the horizon, points, float64[n].
        stress: whether the moment was one of stress, bool[n].
        yardsticks: quantiles of the change that `YARDSTICKS` said, points, float64[n, 4, Q].
    """

    at_us: npt.NDArray[np.int64]
    due_us: npt.NDArray[np.int64]
    windows: Singles
    scale: Floats
    came: Floats
    stress: Flags
    yardsticks: Floats

    def __len__(self) -> int:
        return len(self.at_us)

    @property
    def change(self) -> Singles:
        """Labels in units of the scale, float32[n]."""
        return (self.came / self.scale).astype(np.float32)

    @property
    def rows(self) -> Singles:
        """Features of the moments themselves, float32[n, F]."""
        return self.windows[:, -1]

    def of(self, chosen: Any) -> Lessons:
        """Some of them."""
        return Lessons(*(getattr(self, field.name)[chosen] for field in fields(self)))


class _Listening(Guests):
    """A guest without a row, who hears in which scale the others are asked."""

    name: ClassVar[str] = "listening"
    scale: float = math.nan

    def advance(self, x: Invitation) -> tuple[Brought, None]:
        """Nothing is brought."""
        self.scale = x.scale
        return Brought(np.empty((0, len(LEVELS))), np.empty(0, np.bool_)), None

    def commit(self, change: None) -> None:
        """Nothing to learn."""


def lessons(market: Market, fed: Iterable[Moment], periods: int) -> Lessons:
    """The lessons of a history, so many finals ahead; those whose scale or yardsticks were not known are left out.

    Args:
        market: the market.
        fed: its finals in order.
        periods: finals from a moment to its label.
    """
    guests = _Listening()
    forecaster = Forecaster(Schema.of(market), periods, guests)
    asked: dict[int, tuple[Seen, float]] = {}
    found: list[tuple[Any, ...]] = []
    for seen in windows(market, fed):
        said = forecaster.update(seen)
        if said.issued is not None and math.isfinite(said.change):
            found.append(_lesson(seen.moment.at_us, said, *asked.pop(said.issued.at_us)))
        if seen.moment.learns:
            asked[seen.moment.at_us] = seen, guests.scale
    return _known(found, len(Schema.of(market).names))


def _lesson(due_us: int, said: Forecast, seen: Seen, scale: float) -> tuple[Any, ...]:
    issued = said.issued
    assert issued is not None
    at = [(*EXPERTS, ENSEMBLE).index(name) for name in YARDSTICKS]
    return (issued.at_us, due_us, seen.rows.astype(np.float32), scale, said.change, issued.stress,
            issued.quantiles[at])  # fmt: skip


def _known(found: Sequence[tuple[Any, ...]], features: int) -> Lessons:
    """As arrays, without those that teach nothing."""
    kept = [one for one in found if one[3] > 0 and np.isfinite(one[-1]).all()]
    at_us, due_us, rows, scale, came, stress, said = zip(*kept, strict=True) if kept else ([],) * 7
    return Lessons(
        np.array(at_us, np.int64), np.array(due_us, np.int64),
        np.array(rows, np.float32).reshape(-1, LENGTH, features), np.array(scale, np.float64),
        np.array(came, np.float64), np.array(stress, np.bool_),
        np.array(said, np.float64).reshape(-1, len(YARDSTICKS), len(LEVELS)),
    )  # fmt: skip
