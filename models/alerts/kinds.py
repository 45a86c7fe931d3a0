"""The ready-made kinds of rules, said in the rule language: one evaluator for all, and everybody sees what is meant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from models.alerts.check import check, check_number
from models.alerts.nodes import Condition, Node
from schemas.alert_fields import Vocabulary
from schemas.alert_rule import AlertRule, RuleKind
from schemas.duration import DAY_US

_YEAR_US: Final = 365 * DAY_US
_SECOND_US: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Checked:
    """A rule that fits its market.

    Attributes:
        when: the condition, with the time for which it must hold.
        until: the condition that ends the alert, or None for "when it no longer holds".
        when_text: `when` as it is written.
        until_text: `until` likewise.
    """

    when: Condition
    until: Condition | None
    when_text: str
    until_text: str | None


def checked(rule: AlertRule, vocabulary: Vocabulary) -> Checked:
    """A rule's conditions, checked against a market.

    Raises:
        RuleError: a name is unknown, a type does not fit, or it costs too much; the message shows the place.
    """
    if rule.of is not None:
        check_number(rule.of, vocabulary)
    when_text, until_text = written(rule, vocabulary)
    when = check(when_text, vocabulary)
    until = check(until_text, vocabulary) if until_text is not None else None
    seconds = max(when.seconds, rule.lasting / _SECOND_US)
    return Checked(replace(when, seconds=seconds), until, when_text, until_text)


def written(rule: AlertRule, vocabulary: Vocabulary) -> tuple[str, str | None]:
    """A rule in the rule language: when an alert begins, and when it ends (None: when that no longer holds)."""
    return _WRITERS[rule.kind](rule, vocabulary)


def shown_node(condition: Condition) -> Node | None:
    """The number that an alert shows: the left side of the condition's first comparison, if it is one."""
    node = condition.node
    while node.op in {"and", "or", "not"}:
        node = node.args[0]
    return node.args[0] if node.op in {"==", "!=", ">=", "<=", ">", "<"} else None


def _quoted(name: str) -> str:
    return f"'{name}'" if '"' in name else f'"{name}"'


def _span(us: int) -> str:
    """A duration as the language writes it, in its largest whole unit."""
    units = (("d", DAY_US), ("h", 3_600_000_000), ("m", 60_000_000), ("s", _SECOND_US), ("ms", 1_000), ("us", 1))
    return next(f"{us // size}{unit}" for unit, size in units if us % size == 0)


def _beyond(number: str, rule: AlertRule) -> tuple[str, str | None]:
    """Above or below a line, with hysteresis where the rule has `clear`."""
    sign, line, back = (">", rule.above, "<") if rule.above is not None else ("<", rule.below, ">")
    until = None if rule.clear is None else f"{number} {back} {rule.clear!r}"
    return f"{number} {sign} {line!r}", until


def _of(rule: AlertRule) -> str:
    return f"({rule.of})" if rule.of else "index"


def _expression(rule: AlertRule, vocabulary: Vocabulary) -> tuple[str, str | None]:
    return rule.when or "", rule.until


def _threshold(rule: AlertRule, vocabulary: Vocabulary) -> tuple[str, str | None]:
    return _beyond(_of(rule), rule)


def _adaptive(rule: AlertRule, vocabulary: Vocabulary) -> tuple[str, str | None]:
    number, window = _of(rule), _span(rule.window or _YEAR_US)
    return f"{number} > budget({number}, {rule.per_day!r}, {window})", None


def _rate(rule: AlertRule, vocabulary: Vocabulary) -> tuple[str, str | None]:
    return _beyond(f"change({_of(rule)}, {_span(rule.window or 0)})", rule)


def _contribution(rule: AlertRule, vocabulary: Vocabulary) -> tuple[str, str | None]:
    name = rule.input or ""
    if name in vocabulary.indicators and name not in vocabulary.segments:
        return _beyond(f"indicators[{_quoted(name)}].contribution", rule)
    return _beyond(f"contributions[{_quoted(name)}]", rule)


def _correlation(rule: AlertRule, vocabulary: Vocabulary) -> tuple[str, str | None]:
    if rule.between is None:
        return _beyond("segment_correlation.mean", rule)
    known = set(rule.between) <= set(vocabulary.instruments) - set(vocabulary.segments)
    of = "instrument_correlation" if known else "segment_correlation"
    return _beyond(f"{of}[{', '.join(map(_quoted, rule.between))}]", rule)


def _anomaly(rule: AlertRule, vocabulary: Vocabulary) -> tuple[str, str | None]:
    return _beyond("anomaly.tail", rule)


def _forecast(rule: AlertRule, vocabulary: Vocabulary) -> tuple[str, str | None]:
    return _beyond(f"forecast.q{100 * (rule.quantile or 0):02.0f}", rule)


def _regime(rule: AlertRule, vocabulary: Vocabulary) -> tuple[str, str | None]:
    return f"regime[{_quoted(rule.input or '')}]", None


def _drift(rule: AlertRule, vocabulary: Vocabulary) -> tuple[str, str | None]:
    return "drift.found > 0", None


def _coverage(rule: AlertRule, vocabulary: Vocabulary) -> tuple[str, str | None]:
    return _beyond("coverage", rule)


def _staleness(rule: AlertRule, vocabulary: Vocabulary) -> tuple[str, str | None]:
    return f"staleness.max_s > {_span(rule.window or 0)}", None


def _absence(rule: AlertRule, vocabulary: Vocabulary) -> tuple[str, str | None]:
    return f"silence > {_span(rule.window or 0)}", None


_WRITERS: Final[dict[RuleKind, Callable[[AlertRule, Vocabulary], tuple[str, str | None]]]] = {
    "expression": _expression,
    "threshold": _threshold,
    "adaptive": _adaptive,
    "rate": _rate,
    "contribution": _contribution,
    "correlation": _correlation,
    "anomaly": _anomaly,
    "forecast": _forecast,
    "regime": _regime,
    "drift": _drift,
    "coverage": _coverage,
    "staleness": _staleness,
    "absence": _absence,
}
