"""Ten thousand rules over the readings of one market."""

from __future__ import annotations

import time
from typing import Final

import numpy as np

from bench.case import Figure, require
from models.alerts.engine import Compiled, Engine
from models.alerts.kinds import checked
from models.alerts.observe import Observer
from schemas.alert_fields import Vocabulary
from schemas.alert_rule import AlertRule
from schemas.reading import Reading, Staleness, rfc3339

WORK: Final = (
    "10,000 different rules of ten shapes (thresholds, sums, levels, 90 looks at the past by rank, change, max, "
    "quantile) over one market's readings a second apart; all rules on one reading, its fields taken out included"
)
RULES: Final = 10_000
READINGS: Final = 600
COUNTED: Final = 300
REPEATS: Final = 3
START_US: Final = 1_700_000_000_000_000
MARKET: Final = Vocabulary(("credit", "equity"), ("I",), ("X",))


def texts(count: int) -> list[str]:
    """Conditions that all differ."""
    shapes = (
        "index > {x}",
        "index > {x} and coverage > 0.5 for 5s",
        "percentile > {x} or contributions.equity > {x}",
        "rank(index, {few}m) > {x}",
        "change(index, {few}m) > {x} / 10",
        "max(index, {few}h) > {x}",
        "not flags.no_data and level >= high and index > {x}",
        "contributions.equity / index > {x} / 100",
        "quantile(index, 0.9{digit}, {few}d) < index - {x}",
        "index > {x} and index < {x} + 10 and staleness.max_s < 60",
    )
    values = [(shapes[n % 10], n * 100 / count, 1 + n // 10 % 10, n // 100 % 10) for n in range(count)]
    return [shape.format(x=x, few=few, digit=digit) for shape, x, few, digit in values]


def engine(count: int) -> Engine:
    """An engine over so many rules."""
    rules = [AlertRule(name=f"r{n}", when=text) for n, text in enumerate(texts(count))]
    return Engine([Compiled(rule.name, checked(rule, MARKET)) for rule in rules])


def reading(number: int) -> Reading:
    """A reading whose index comes and goes."""
    index = float(50 + 49 * np.sin(number / 7) * np.cos(number / 3))
    parts = {"credit": index / 4, "equity": index * 3 / 4}
    at, level = rfc3339(START_US + number * 1_000_000), "severe" if index > 80 else "normal"
    return Reading("bench", at, False, index, index, level, "ciss", parts, {}, None, 1.0, Staleness(0.0, 0), [], "1")


def check(made: Engine, last: Reading, count: int) -> None:
    """The plain thresholds alert exactly where the last reading is above them.

    Raises:
        WrongOutputError: another rule does, or one of them does not.
    """
    alerting = set(made.alerting().tolist())
    assert last.index is not None
    want = {n for n in range(0, count, 10) if last.index > n * 100 / count}
    require(alerting & set(range(0, count, 10)) == want, "other thresholds alert than the last reading exceeds")
    require(any(n % 10 in {3, 5, 8} for n in alerting), "no rule that looks back alerts")


def _once() -> tuple[float, float]:
    """Milliseconds of CPU and by the wall clock, each the 99th percentile."""
    made = engine(RULES)
    observer, taken = Observer(made.wanted), []
    for number in range(READINGS):
        said = reading(number)
        began = time.process_time(), time.perf_counter()
        made.update(observer.reading(said))
        taken.append((time.process_time() - began[0], time.perf_counter() - began[1]))
    check(made, reading(READINGS - 1), RULES)
    cpu, wall = np.percentile(np.array(taken[-COUNTED:]), 99, axis=0) * 1e3
    return float(cpu), float(wall)


def measure() -> list[Figure]:
    """The 99th percentile over five minutes of readings."""
    cpu, wall = zip(*(_once() for _ in range(REPEATS)), strict=True)
    beside = "the same by the wall clock, on cores that others may use, too"
    return [
        Figure("alert_rules", cpu, "ms of CPU, p99", 20.0, higher_is_better=False, work=WORK),
        Figure("alert_rules/wall", wall, "ms, p99", higher_is_better=False, work=beside),
    ]
