"""The stress index: scores, aggregation, percentile and the reasons for its move, as one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from models.signals.aggregate import Aggregate, Aggregates, Scores
from models.signals.attribution import Attribution, End, Moved
from models.signals.bank import Indications
from models.signals.forms import Layout
from models.signals.ranks import RecursiveRank
from models.signals.step import Flags, Step
from models.signals.zscores import CausalZ
from schemas.market import Market

LEVELS: Final = ((50.0, "calm"), (75.0, "normal"), (90.0, "elevated"), (97.5, "high"))
"""Percentile below which a level is named; at and above the last it is `severe`."""


@dataclass(frozen=True, slots=True)
class IndexState:
    """The index at one moment with all that explains it.

    Attributes:
        indications: what it was computed from.
        aggregates: the forms, the headline and its contributions.
        index: the headline, 0..100; NaN while there is no information.
        percentile: its mid-rank among past finals, 0..100; NaN during their warm-up.
        level: name of the percentile's band, `unknown` without one.
        moved: exact split of the change since the last final, or None.
        coverage: weight of the inputs that are live and scored, 0..1.
        complete: whether every role is filled by an indicator that is wholly live and scored.
        stale: instruments that some indicator reads and that are too old, or were never seen, bool[N].
        max_age_us: age of the oldest live input, microseconds; NaN without one.
        begun: whether there was an index before.
    """

    indications: Indications
    aggregates: Aggregates
    index: float
    percentile: float
    level: str
    moved: Moved | None
    coverage: float
    complete: bool
    stale: Flags
    max_age_us: float
    begun: bool

    @property
    def final(self) -> bool:
        """Whether it closes its period."""
        return self.indications.final


class StressIndex(Step[Indications, IndexState, tuple[Any, ...] | None]):
    """Indications to the index.

    A period without data gives a reading of what is still live and teaches nothing: neither ranks nor correlations
    nor the final to compare with move, so that "no data" never becomes "calm".
    """

    name: ClassVar[str] = "index"
    fields: ClassVar[tuple[str, ...]] = ("begun",)
    parts: ClassVar[tuple[str, ...]] = ("rank", "zscore", "aggregate", "attribution", "standing")

    def __init__(self, market: Market) -> None:
        """Of a market."""
        indicators = [i for segment in market.segment for i in segment.indicator]
        names = [i.name for i in market.instrument]
        self.layout = tuple(i.name for i in indicators)
        self._segments = Layout.of(market)
        used = {name for i in indicators for name in i.of}
        self._used = np.array([name in used for name in names], np.bool_)
        warm_up, capacity = market.history.warm_up, market.history.capacity
        self.rank = RecursiveRank(len(indicators), warm_up, capacity)
        self.zscore = CausalZ(len(indicators), warm_up)
        self.aggregate = Aggregate(market)
        self.attribution = Attribution(market)
        self.standing = RecursiveRank(1, warm_up, capacity)
        """Of the index among its own finals."""
        self.begun = False

    def advance(self, x: Indications) -> tuple[IndexState, tuple[Any, ...] | None]:
        """The index as it stands with the period so far."""
        window = x.observation.window
        rank, of_rank = self.rank.advance(x.raw)
        z, of_z = self.zscore.advance(x.raw)
        found, of_aggregate = self.aggregate.advance(Scores(rank, z, x.live, window.fraction))
        index = found.value.index
        end = End(window.at_us, index, found.scores, found.live, found.correlation)
        moved, of_attribution = self.attribution.advance(end)
        standing, of_standing = self.standing.advance(np.array([index]))
        change = (of_rank, of_z, of_aggregate, of_attribution, of_standing)
        percentile = 100 * float(standing[0])
        state = self._state(x, found, percentile, moved)
        return state, change if x.observation.learns else None

    def commit(self, change: tuple[Any, ...] | None) -> None:
        """Closes the period; None (no data) teaches nothing."""
        if change is None:
            return
        for name, own in zip(self.parts, change, strict=True):
            getattr(self, name).apply(own)
        self.begun = self.begun or bool(self.standing.counts[0])

    def _state(self, x: Indications, found: Aggregates, percentile: float, moved: Moved | None) -> IndexState:
        """The state with what is said about its inputs."""
        seen = x.observation
        covered = self._segments.sums(found.live) / self._segments.sums(self._segments.roles.astype(np.float64))
        ages = seen.age_us[self._used & seen.live]
        return IndexState(
            indications=x,
            aggregates=found,
            index=found.value.index,
            percentile=percentile,
            level=level_of(percentile),
            moved=moved,
            coverage=float((self._segments.weight * covered).sum()),
            complete=bool((self._segments.filled(found.live)[self._segments.roles] >= 1).all()),
            stale=self._used & ~seen.live,
            max_age_us=float(ages.max()) if len(ages) else np.nan,
            begun=self.begun,
        )


def level_of(percentile: float) -> str:
    """Name of the band of a percentile; `unknown` for NaN."""
    if np.isnan(percentile):
        return "unknown"
    return next((name for bound, name in LEVELS if percentile < bound), "severe")
