"""The stress index: scores, aggregation, percentile and the reasons for its move, as one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from models.signals.aggregate import Aggregate, Aggregates, Scores
from models.signals.attribution import Attribution, End, Moved
from models.signals.band import Band
from models.signals.bank import Indications
from models.signals.compiled import compiled
from models.signals.episodes import Compared, Episodes, Level
from models.signals.factor import Factor
from models.signals.forms import SCORE
from models.signals.inputs import InputWatch, Oddities
from models.signals.layout import Layout
from models.signals.ranks import RecursiveRank
from models.signals.sketch import SketchedRank
from models.signals.step import Flags, Floats, Step
from models.signals.tails import Standing, TailScore
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
        band: half-width of the band that holds it nine times in ten, points; NaN without an index.
        compared: the remembered days that it stands above and below.
        moved: exact split of the change since the last final, or None.
        coverage: weight of the inputs that are live and scored, 0..1.
        complete: whether every role is filled by an indicator that is wholly live and scored.
        odd: what is odd about the inputs.
        stale: instruments that some indicator reads and that are too old, or were never seen, bool[N].
        max_age_us: age of the oldest live input, microseconds; NaN without one.
        begun: whether there was an index before.
    """

    indications: Indications
    aggregates: Aggregates
    index: float
    percentile: float
    level: str
    band: float
    compared: Compared
    moved: Moved | None
    coverage: float
    complete: bool
    odd: Oddities
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
    version: ClassVar[int] = 3
    fields: ClassVar[tuple[str, ...]] = ("begun",)
    parts: ClassVar[tuple[str, ...]] = (
        "rank",
        "zscore",
        "tail",
        "factor",
        "aggregate",
        "attribution",
        "standing",
        "episodes",
        "inputs",
    )

    def __init__(self, market: Market) -> None:
        """Of a market."""
        indicators = [i for segment in market.segment for i in segment.indicator]
        names = [i.name for i in market.instrument]
        self.layout = tuple(i.name for i in indicators)
        self._segments = Layout.of(market)
        used = {name for i in indicators for name in i.of}
        self._used = np.array([name in used for name in names], np.bool_)
        warm_up, capacity = market.history.warm_up, market.history.capacity
        self.rank: RecursiveRank | SketchedRank = (
            SketchedRank(len(indicators), warm_up)
            if market.history.memory == "sketch"
            else RecursiveRank(len(indicators), warm_up, capacity)
        )
        self.zscore = CausalZ(len(indicators), warm_up)
        self.tail = TailScore(len(indicators))
        self.factor = Factor(len(indicators))
        self.aggregate = Aggregate(market)
        self.attribution = Attribution(market)
        self.standing = RecursiveRank(1, warm_up, capacity)
        """Of the index among its own finals."""
        self.episodes = Episodes(market)
        self.inputs = InputWatch(market)
        self._band = Band(market)
        at_step = {SCORE[form] for form in market.forms_at(final=False)}
        self._ranks, self._tails = bool(at_step & {"rank", "tail"}), "tail" in at_step
        """Whether provisional readings need them; a rank costs a search in the whole past."""
        self._weighs = np.array([i.weight > 0 for i in indicators], np.bool_)
        """Those that are only watched count in no form."""
        self._unknown: Floats = np.full(len(indicators), np.nan)
        self.begun = False

    def advance(self, x: Indications) -> tuple[IndexState, tuple[Any, ...] | None]:
        """The index as it stands with the period so far."""
        window = x.observation.window
        z, of_z = self.zscore.advance(x.raw)
        rank, of_rank = self.rank.advance(x.raw) if x.final or self._ranks else (self._unknown, None)
        tail, of_tail = self.tail.advance(Standing(rank, z)) if x.final or self._tails else (self._unknown, None)
        loading, of_factor = self.factor.advance(np.where(self._weighs, z, np.nan))
        loading = np.where(self._weighs, loading, 0.0)
        scores = Scores(rank, z, tail, x.live, loading, window.fraction, x.final)
        found, of_aggregate = self.aggregate.advance(scores)
        index = found.value.index
        end = End(window.at_us, index, found.scores, found.live, found.correlation, found.loading)
        moved, of_attribution = self.attribution.advance(end)
        standing, of_standing = self.standing.advance(np.array([index]))
        compared, of_episodes = self.episodes.advance(Level(window.at_us, index))
        odd, of_inputs = self.inputs.advance(x.observation)
        change = (of_rank, of_z, of_tail, of_factor, of_aggregate, of_attribution, of_standing, of_episodes, of_inputs)
        percentile = 100 * float(standing[0])
        state = self._state(x, found, percentile=percentile, compared=compared, moved=moved, odd=odd)
        return state, change if x.observation.learns else None

    def commit(self, change: tuple[Any, ...] | None) -> None:
        """Closes the period; None (no data) teaches nothing."""
        if change is None:
            return
        for name, own in zip(self.parts, change, strict=True):
            getattr(self, name).apply(own)
        self.begun = self.begun or bool(self.standing.counts[0])

    def _state(
        self,
        x: Indications,
        found: Aggregates,
        *,
        percentile: float,
        compared: Compared,
        moved: Moved | None,
        odd: Oddities,
    ) -> IndexState:
        """The state with what is said about its inputs."""
        seen, coverage = x.observation, self._segments.coverage(found.live)
        return IndexState(
            indications=x,
            aggregates=found,
            index=found.value.index,
            percentile=percentile,
            level=level_of(percentile),
            band=self._band.half_width(found, x.age_us),
            compared=compared,
            moved=moved,
            coverage=coverage,
            complete=self._segments.complete(found.live),
            odd=odd,
            stale=self._used & ~seen.live,
            max_age_us=float(_oldest(seen.age_us, seen.live, self._used)),
            begun=self.begun,
        )


@compiled
def _oldest(age_us: Floats, live: Flags, used: Flags) -> float:
    """The greatest age among live inputs that are read; NaN without one."""
    oldest = np.nan
    for c in range(len(age_us)):
        if used[c] and live[c] and not age_us[c] <= oldest:
            oldest = age_us[c]
    return oldest


def level_of(percentile: float) -> str:
    """Name of the band of a percentile; `unknown` for NaN."""
    if np.isnan(percentile):
        return "unknown"
    return next((name for bound, name in LEVELS if percentile < bound), "severe")
