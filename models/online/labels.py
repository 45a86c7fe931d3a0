"""Forecasts that wait for their labels: nothing learns before its label's time has come."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from models.signals.step import Floats, Step


class Issued(NamedTuple):
    """A forecast on its way.

    Attributes:
        at_us: when it was made, microseconds since 1970 (UTC).
        level: the index then.
        raw: features then, float64[F].
        now: the same normalised.
        scales: scale of each row's residuals then, float64[K].
        centres: middle of each row, change in points, float64[K]; NaN for those that slept.
        quantiles: what each row said, change in points, float64[K, Q]; the ensemble is the last one.
        unsorted: the same before sorting, as the guard moved it: that judges its own offsets.
        weights: of the experts in the ensemble, float64[K - 1, Q].
        stress: whether it was made in stress.
    """

    at_us: int
    level: float
    raw: Floats
    now: Floats
    scales: Floats
    centres: Floats
    quantiles: Floats
    unsorted: Floats
    weights: Floats
    stress: bool


class LabelQueue(Step[Issued, None, Issued]):
    """A delay line: what was issued `periods` finals ago has its label now."""

    name: ClassVar[str] = "labels"
    version: ClassVar[int] = 2
    fields: ClassVar[tuple[str, ...]] = ("pending",)

    def __init__(self, periods: int, rows: int) -> None:
        """For forecasts so many finals ahead, of so many rows."""
        self.layout = (periods, rows)
        self._periods = periods
        self.pending: tuple[tuple[Any, ...], ...] = ()
        """Oldest first."""

    @property
    def due(self) -> Issued | None:
        """The forecast whose label the next final brings; None while the oldest is younger than that."""
        return Issued(*self.pending[0]) if len(self.pending) == self._periods else None

    def advance(self, x: Issued) -> tuple[None, Issued]:
        """Nothing is said; the forecast will wait."""
        return None, x

    def commit(self, change: Issued) -> None:
        """The due one leaves, the new one waits."""
        self.pending = (*self.pending, tuple(change))[-self._periods :]
