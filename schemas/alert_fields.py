"""Every field of a reading that a rule may name: type, unit and meaning. docs/alerts.md is held to this list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Final, Literal, get_args

from schemas.market import Form, Market

Kind = Literal["number", "truth", "level"]
Source = Literal["reading", "details", "time", "scores"]
Path = tuple[str, ...]
"""A field's parts: `contributions.equity` and `contributions["equity"]` are both `("contributions", "equity")`."""

LEVELS: Final = ("calm", "normal", "elevated", "high", "severe")
"""Levels of a reading, from the calmest on."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that a market brings.

    Attributes:
        segments: its segments.
        indicators: its indicators.
        instruments: its instruments.
        forms: the aggregation forms that readings give.
    """

    segments: tuple[str, ...]
    indicators: tuple[str, ...]
    instruments: tuple[str, ...]
    forms: tuple[str, ...] = get_args(Form)


def vocabulary_of(market: Market) -> Vocabulary:
    """The names of a market file."""
    indicators = tuple(i.name for part in market.segment for i in part.indicator)
    instruments = tuple(i.name for i in market.instrument)
    return Vocabulary(tuple(part.name for part in market.segment), indicators, instruments)


@dataclass(frozen=True, slots=True)
class Field:
    """One documented field, or one for each of the market's names.

    Attributes:
        pattern: its path; a part in angle brackets stands for each name of that sort.
        kind: its type.
        source: `reading` for every reading; `details` for finals (between them the last final's value stands);
            `time` for what tocks tell; `scores` for what comes with forecasts, anomalies and regimes.
        unit: of the number.
        about: its meaning.
    """

    pattern: Path
    kind: Kind
    source: Source
    unit: str
    about: str

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
    Field(("forecast", "<quantile>"), "number", "scores", "points", "quantile at the horizon, such as q90"),
    Field(("anomaly", "tail"), "number", "scores", "0..1", "probability of a reading as odd as this one"),
    Field(("regime", "<regime>"), "truth", "scores", "", "whether the market is in this regime"),
)
"""The documented fields, in the order of the documentation."""


@dataclass(frozen=True, slots=True)
class Named:
    """One field of one market: its path with the names put in."""

    path: Path
    field: Field


@lru_cache(maxsize=64)
def fields_of(vocabulary: Vocabulary) -> dict[Path, Named]:
    """Every field of a market by its path; the scores' fields stand under their first word alone."""
    found = (Named(path, field) for field in FIELDS for path in _paths(field, vocabulary))
    return {named.path: named for named in found}


def _paths(field: Field, vocabulary: Vocabulary) -> Iterator[Path]:
    if field.source == "scores":
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
}
