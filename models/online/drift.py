"""Drift: whether forecast errors are still what they were. Three detectors of River, none of which sees the index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from models.online import kswin
from models.online.stamped import RIVER, Stamped
from models.signals.step import Ints, Step

DETECTORS: Final = ("adwin", "page_hinkley", "kswin")

BOUND: Final = 6.0
"""Errors are cut here, in scales."""

SCHEDULE: Final = 250
"""Labels after which retraining is asked for even without drift: a year of sessions."""

DELTA: Final = 0.05
THRESHOLD: Final = 65.0
ALPHA: Final = 5e-4
SEED: Final = 7


@dataclass(frozen=True, slots=True)
class Drift:
    """What the labels before this moment's have shown.

    Attributes:
        found: names of the detectors that fired at the last label.
        counts: how often each has fired, int64[3].
        since: labels since one fired, or since the beginning.
        labels: labels seen.
        retrain: why models should be trained anew, `drift` or `schedule`, or None.
    """

    found: tuple[str, ...]
    counts: Ints
    since: int
    labels: int

    @property
    def retrain(self) -> str | None:
        """Drift at the last label, or a year of labels since the last request."""
        if self.found:
            return "drift"
        return "schedule" if self.since and self.since % SCHEDULE == 0 else None


def detectors() -> dict[str, Any]:
    """Fresh detectors: of size (ADWIN), of bias (Page-Hinkley) and of shape (KSWIN).

    Their thresholds give a run of 5,000 independent labels (20 years of sessions) or more before a false alarm, by
    simulation (`evaluation/run_length.py`, docs/forecast.md): River's own defaults are for other units.
    """
    from river import drift  # noqa: PLC0415 (a market without scores does not wait for River)

    return {
        "adwin": drift.ADWIN(delta=DELTA),  # type: ignore[no-untyped-call] # compiled
        "page_hinkley": drift.PageHinkley(min_instances=60, delta=0.1, threshold=THRESHOLD, alpha=0.999),
        "kswin": drift.KSWIN(alpha=ALPHA, window_size=250, stat_size=60, seed=SEED),
    }


def watched(surprise: float) -> dict[str, float]:
    """What each detector is shown of a standardised error: its size, or the error itself, cut at 6."""
    error = min(max(surprise, -BOUND), BOUND)
    return {"adwin": abs(error), "page_hinkley": error, "kswin": error}


class DriftWatch(Step[float, Drift, float]):
    """Standardised forecast errors (label less median, over its scale) to drift.

    The detectors learn in place, at finals: what this final's label shows is told by the next one. NaN teaches nothing.
    """

    name: ClassVar[str] = "drift"
    fields: ClassVar[tuple[str, ...]] = ("found", "counts", "since", "labels", "stamped")

    def __init__(self) -> None:
        """Of nothing yet."""
        self.layout = (RIVER, *DETECTORS)
        self._river = Stamped(detectors())
        self.found: tuple[str, ...] = ()
        self.counts: Ints = np.zeros(len(DETECTORS), np.int64)
        self.since = self.labels = 0

    @property
    def stamped(self) -> bytes:
        """The detectors as bytes."""
        return self._river.saved

    @stamped.setter
    def stamped(self, stamped: bytes) -> None:
        self._river.restore(stamped)

    def advance(self, x: float) -> tuple[Drift, float]:
        """What is known."""
        return Drift(self.found, self.counts.copy(), self.since, self.labels), x

    def commit(self, change: float) -> None:
        """The detectors see the error."""
        if not np.isfinite(change):
            return
        for name, value in watched(change).items():
            detector = self._river.model[name]
            kswin.update(detector, value) if name == "kswin" else detector.update(value)
        fired = [bool(self._river.model[name].drift_detected) for name in DETECTORS]
        self._river.learned()
        self.found = tuple(name for name, one in zip(DETECTORS, fired, strict=True) if one)
        self.counts = self.counts + np.array(fired)
        self.since = 0 if self.found else self.since + 1
        self.labels += 1
