"""Every field of a reading that a rule may name: type, unit and meaning. docs/alerts.md is held to this list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Final, Literal, get_args

from schemas.market import Form, Market

Kind = Literal["number", "truth", "level"]
Source = Literal["reading", "details", "time", "scores", "score details"]
Path = tuple[str, ...]
"""A field's parts: `contributions.equity` and `contributions["equity"]` are both `("contributions", "equity")`."""

LEVELS: Final = ("calm", "normal", "elevated", "high", "severe")
"""Levels of a reading, from the calmest on."""

QUANTILES: Final[dict[str, int]] = {"q05": 0, "q25": 1, "q50": 2, "q75": 3, "q95": 4}
"""What a reading's forecast holds, and where: q95 is the upper bound of the interval that holds nine times in ten."""

REGIMES: Final = ("calm", "tense", "stress")
"""Regimes of a reading, from the calmest on."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that a market brings.

    Attributes:
        segments: its segments.
        indicators: its indicators.
        instruments: its instruments.
        forms: the aggregation forms that readings give.
        scores: whether readings carry forecast, regime, anomaly and drift.
    """

    segments: tuple[str, ...]
    indicators: tuple[str, ...]
    instruments: tuple[str, ...]
    forms: tuple[str, ...] = get_args(Form)
    scores: bool = False


def vocabulary_of(market: Market) -> Vocabulary:
    """The names of a market file."""
    indicators = tuple(i.name for part in market.segment for i in part.indicator)
    instruments = tuple(i.name for i in market.instrument)
    segments = tuple(part.name for part in market.segment)
    return Vocabulary(segments, indicators, instruments, scores=market.scores.enabled)


@dataclass(frozen=True, slots=True)
class Field:
    """One documented field, or one for each of the market's names.

    Attributes:
        pattern: its path; a part in angle brackets stands for each name of that sort.
        kind: its type.
        source: `reading` for every reading; `details` for finals (between them the last final's value stands);
            `time` for what tocks tell; `scores` for what readings say of the future and of the unusual in markets that
            ask for it, `score details` for what only finals say of it.
        unit: of the number.
        about: its meaning.
    """

    pattern: Path
    kind: Kind
    source: Source
    unit: str
    about: str

    @property
    def needs_scores(self) -> bool:
        """Whether only markets with scores have it."""
        return self.source in {"scores", "score details"}

    @property
    def of_finals(self) -> bool:
        """Whether only finals say it; between them its last value stands."""
        return self.source in {"details", "score details"}

    @property
    def written(self) -> str:
        """As it stands in the documentation: `indicators["<indicator>"].score`."""
        text = self.pattern[0]
        for names in self.pattern[1:]:
            quoted = ", ".join(f'"<{name}>"' for name in names.strip("<>").split(","))
            text += f"[{quoted}]" if names[0] == "<" else f".{names}"
        return text


FIELDS: Final = (
    Field(("index",), "number", "reading", "0..100", "the index"),
    Field(("percentile",), "number", "reading", "0..100", "share of the market's past finals below the index"),
    Field(("level",), "level", "reading", "", "calm, normal, elevated, high or severe, in this order"),
    Field(("band",), "number", "reading", "points", "half-width of the band that the index is in nine times in ten"),
    Field(("coverage",), "number", "reading", "0..1", "weight of live inputs"),
    Field(("final",), "truth", "reading", "", "whether the reading closes a period"),
    Field(("contributions", "<segment>"), "number", "reading", "points", "points of the index from a segment"),
    Field(("forms", "<form>"), "number", "reading", "0..100", "the index by another aggregation form"),
    Field(("change", "total"), "number", "reading", "points", "index minus the index of the last final"),
    Field(("change", "level", "<segment>"), "number", "reading", "points", "its part that a segment's scores made"),
    Field(("change", "correlation"), "number", "reading", "points", "its part that joint movement made"),
    Field(("change", "composition"), "number", "reading", "points", "its part that inputs made which came or went"),
    Field(("staleness", "max_s"), "number", "reading", "s", "age of the oldest live input"),
    Field(("staleness", "stale"), "number", "reading", "inputs", "inputs left out for age"),
    Field(("flags", "warming_up"), "truth", "reading", "", "whether the past is too short yet"),
    Field(("flags", "no_data"), "truth", "reading", "", "whether nothing came in the period"),
    Field(("flags", "degraded"), "truth", "reading", "", "whether inputs are missing"),
    Field(("flags", "synthetic"), "truth", "reading", "", "whether the market is made up"),
    Field(("silence",), "number", "time", "s", "time without a reading, while the market should give some"),
    Field(("indicators", "<indicator>", "raw"), "number", "details", "its own", "value of an indicator"),
    Field(("indicators", "<indicator>", "score"), "number", "details", "0..1", "its place in its own past"),
    Field(("indicators", "<indicator>", "contribution"), "number", "details", "points", "points of the index from it"),
    Field(("indicators", "<indicator>", "age_s"), "number", "details", "s", "age of its inputs"),
    Field(("volatility", "<instrument>"), "number", "details", "a year", "annualised volatility of an instrument"),
    Field(("segment_correlation", "mean"), "number", "details", "-1..1", "mean over all pairs of segments"),
    Field(("segment_correlation", "<segment,segment>"), "number", "details", "-1..1", "of two segments"),
    Field(("instrument_correlation", "<instrument,instrument>"), "number", "details", "-1..1", "of two instruments"),
    Field(("forecast", "<quantile>"), "number", "scores", "0..100", "index a horizon ahead: q05, q25, q50, q75, q95"),
    Field(("forecast", "skill"), "number", "score details", "up to 1", "of the forecast, against `as now`, lately"),
    Field(("anomaly", "tail"), "number", "scores", "0..1", "probability of a reading as odd as this one, to 0.0001"),
    Field(("regime", "<regime>"), "truth", "scores", "", "whether the market is in this regime: calm, tense, stress"),
    Field(("regime", "dwell"), "number", "score details", "finals", "how long it has been in its regime"),
    Field(("regime", "change"), "number", "score details", "0..1", "probability of a change point within 5 labels"),
    Field(("drift", "found"), "number", "score details", "detectors", "how many saw forecast errors drift"),
    Field(("drift", "since"), "number", "score details", "labels", "since one of them did"),
)
"""The documented fields, in the order of the documentation."""


@dataclass(frozen=True, slots=True)
class Named:
    """One field of one market: its path with the names put in."""

    path: Path
    field: Field


@lru_cache(maxsize=64)
def fields_of(vocabulary: Vocabulary) -> dict[Path, Named]:
    """Every field of a market by its path; without scores, their fields stand under their first word alone."""
    found = (Named(path, field) for field in FIELDS for path in _paths(field, vocabulary))
    return {named.path: named for named in found}


def _paths(field: Field, vocabulary: Vocabulary) -> Iterator[Path]:
    if field.needs_scores and not vocabulary.scores:
        yield field.pattern[:1]
        return
    place = next((n for n, part in enumerate(field.pattern) if part[0] == "<"), None)
    if place is None:
        yield field.pattern
        return
    for names in _NAMES[field.pattern[place]](vocabulary):
        yield (*field.pattern[:place], *names, *field.pattern[place + 1 :])


_NAMES: Final[dict[str, Callable[[Vocabulary], Iterator[Path]]]] = {
    "<segment>": lambda v: ((name,) for name in v.segments),
    "<indicator>": lambda v: ((name,) for name in v.indicators),
    "<instrument>": lambda v: ((name,) for name in v.instruments),
    "<form>": lambda v: ((name,) for name in v.forms),
    "<segment,segment>": lambda v: combinations(v.segments, 2),
    "<instrument,instrument>": lambda v: combinations(v.instruments, 2),
    "<quantile>": lambda _: ((name,) for name in QUANTILES),
    "<regime>": lambda _: ((name,) for name in REGIMES),
}

_ROOTS_OF_FINALS: Final = frozenset(field.pattern[0] for field in FIELDS if field.source == "details") | {"drift"}
_PATHS_OF_FINALS: Final = frozenset(field.pattern for field in FIELDS if field.source == "score details")


def of_finals(path: Path) -> bool:
    """Whether only the details of finals say what stands at a path."""
    return path[0] in _ROOTS_OF_FINALS or path in _PATHS_OF_FINALS
