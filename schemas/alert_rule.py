"""What a rule says: when somebody is called, how urgently, and in which words. Market files and REST share it."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from schemas.duration import Duration, Span, microseconds
from schemas.market_words import Slug, Strict, Text

Severity = Literal["info", "warning", "error", "critical"]
SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "error", "critical")
"""From the least urgent on; the words of PagerDuty."""

RuleKind = Literal[
    "expression", "threshold", "adaptive", "rate", "contribution", "correlation", "anomaly", "forecast", "regime",
    "drift", "coverage", "staleness", "absence",
]  # fmt: skip

MAX_TEXT: Final = 2_000
"""Characters of an expression at most."""

Expression = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
Title = Annotated[Text, Field(min_length=1, max_length=80)]

_LEVELS: Final = ("above", "below", "clear")
TAKES: Final[dict[RuleKind, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "expression": (("when",), ("until",)),
    "threshold": ((), ("of", *_LEVELS)),
    "adaptive": (("per_day",), ("of", "window")),
    "rate": (("window",), ("of", *_LEVELS)),
    "contribution": (("input",), _LEVELS),
    "correlation": ((), ("between", *_LEVELS)),
    "anomaly": (("below",), ("clear",)),
    "forecast": (("quantile",), _LEVELS),
    "regime": (("input",), ()),
    "drift": ((), ()),
    "coverage": (("below",), ("clear",)),
    "staleness": (("window",), ()),
    "absence": (("window",), ()),
}
"""By kind: the fields that it needs, and those that it may have, beside those of every rule."""

_OWN: Final = frozenset(name for needs, may in TAKES.values() for name in (*needs, *may))
_TWO_SIDED: Final = frozenset({"threshold", "rate", "contribution", "correlation", "forecast"})


class AlertRule(Strict):
    """One rule. Durations are microseconds here; those of the market's time end in the field's own words.

    Attributes:
        name: what the alert is called; unique in its market.
        kind: `expression` for a condition in the rule language, or one of the ready-made ones.
        when: the condition, such as `index > 80 and coverage > 0.9 for 5m`.
        until: the condition that ends the alert; without it, that `when` no longer holds.
        of: the number that is looked at, an expression.
        above: alert while it is greater than this.
        below: alert while it is less than this.
        clear: the value at which the alert ends, on the calm side of `above` or `below` (hysteresis).
        window: how far it looks back (adaptive, rate), or how long is too long (staleness, absence).
        per_day: false alarms a day that are put up with.
        input: a segment or an indicator (contribution), or a regime.
        between: two segments, or two instruments; without it, the mean over all pairs of segments.
        quantile: of the forecast, 0.05, 0.25, 0.5, 0.75 or 0.95.
        lasting: how long it must hold without a break, in the market's time.
        keep: how long an alert stays at least, in the market's time.
        every: whether every reading is looked at, or finals only.
        severity: how urgent.
        segment: what it is grouped by beside market and severity.
        about: what to do, in a few sentences; it goes with the alert.
        repeat: after how long it is sent again while nobody has acknowledged it, in people's time; 0 for never.
        receivers: who is told; without it, or where none of them is there, everybody who takes alerts of this market
            and severity.
        enabled: whether it is evaluated.
    """

    name: Title
    kind: RuleKind = "expression"
    when: Expression | None = None
    until: Expression | None = None
    of: Expression | None = None
    above: float | None = None
    below: float | None = None
    clear: float | None = None
    window: Span | None = None
    per_day: float | None = Field(default=None, gt=0, le=10_000)
    input: Title | None = None
    between: tuple[Title, Title] | None = None
    quantile: float | None = Field(default=None, gt=0, lt=1)
    lasting: Duration = 0
    keep: Duration = 0
    every: Literal["reading", "final"] = "reading"
    severity: Severity = "warning"
    segment: Annotated[Text, Field(max_length=80)] = ""
    about: Annotated[Text, Field(max_length=2_000)] = ""
    repeat: Duration = microseconds("4h")
    receivers: tuple[Slug, ...] = Field(default=(), max_length=20)
    enabled: bool = True

    @model_validator(mode="after")
    def _says_what_its_kind_needs(self) -> Self:
        needs, may = TAKES[self.kind]
        given = {name for name in _OWN if getattr(self, name) is not None}
        if missing := sorted(set(needs) - given):
            msg = f"a rule of kind {self.kind} needs {' and '.join(missing)}"
            raise ValueError(msg)
        if strange := sorted(given - {*needs, *may}):
            allowed = ", ".join((*needs, *may))
            msg = f"{' and '.join(strange)} says nothing to a rule of kind {self.kind}, which takes {allowed}"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _has_one_side(self) -> Self:
        if self.kind in _TWO_SIDED and (self.above is None) == (self.below is None):
            msg = f"a rule of kind {self.kind} needs either above or below"
            raise ValueError(msg)
        if self.clear is not None and (
            (self.above is not None and self.clear > self.above) or (self.below is not None and self.clear < self.below)
        ):
            raise ValueError("clear must lie on the calm side: at most above, or at least below")
        return self
