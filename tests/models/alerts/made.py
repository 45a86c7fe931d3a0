"""A small market, its readings, and an engine over its rules, for tests."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from msgspec import structs

from models.alerts.engine import Compiled, Engine
from models.alerts.kinds import checked
from models.alerts.observe import Observer
from schemas.alert_fields import Vocabulary
from schemas.alert_rule import AlertRule
from schemas.reading import Change, Details, IndicatorRow, Matrix, Reading, Staleness, rfc3339
from schemas.scores import Anomaly, Drift, Forecast, Regime

MARKET = Vocabulary(("credit", "equity"), ("Equity volatility", "Default spread"), ("SPX", "BAA", "AAA"))
SCORED = replace(MARKET, scores=True)
START_US = 1_700_000_000_000_000
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US


def reading(at_us: int, index: float | None, *, final: bool = False, **said: Any) -> Reading:
    """A reading whose segments share the index evenly."""
    parts = {} if index is None else {"credit": index / 2, "equity": index / 2}
    change = Change(rfc3339(at_us - SECOND_US), 1.5, {"credit": 1.0, "equity": 0.25}, 0.25, 0.0)
    told: dict[str, Any] = {
        "percentile": index, "level": "normal", "form": "ciss", "contributions": parts, "forms": {"ciss": index},
        "change": change, "coverage": 1.0, "staleness": Staleness(2.0, 0), "flags": [], "version": "1",
    }  # fmt: skip
    return Reading(market="test", at=rfc3339(at_us), final=final, index=index, **(told | said))


def details(at_us: int, score: float = 0.5, correlation: float | None = 0.25) -> Details:
    """Details of a final."""
    rows = [IndicatorRow("Equity volatility", "equity", "realized_volatility", 0.2, score, 12.5, 0.5, 3.0)]
    segments = Matrix(["credit", "equity"], [[1.0, correlation], [correlation, 1.0]])
    instruments = Matrix(["SPX", "BAA"], [[1.0, -0.5], [-0.5, 1.0]])
    return Details("test", rfc3339(at_us), rows, segments, instruments, {"SPX": 0.2, "BAA": None}, [], "1")


def scored_reading(at_us: int, *, final: bool = False, **said: Any) -> Reading:
    """A reading of a market with scores."""
    told: dict[str, Any] = {"forecast": [30.0, 35.0, 40.0, 45.0, 62.5], "regime": "tense", "anomaly": 0.0004}
    return reading(at_us, 40.0, final=final, **(told | said))


def scored_details(at_us: int, found: Sequence[str] = ("adwin",)) -> Details:
    """Details of a final of a market with scores, whose forecasts look one period ahead, and five."""
    ahead = [
        Forecast(periods, [0.05, 0.95], [30.0, 62.5], skill, [], [300, 30], [])
        for periods, skill in ((1, 0.5), (5, 0.02))
    ]
    scores = {"forecast": ahead, "regime": Regime("tense", 7, {"tense": 0.9}, 0.25, 12)}
    drift = Drift(list(found), {"adwin": 3}, 0 if found else 4, "drift" if found else None)
    return structs.replace(details(at_us), **scores, anomaly=Anomaly(0.0004, 0.9, 3.0), drift=drift)


def rule(text: str, **more: Any) -> AlertRule:
    """A rule in the language."""
    return AlertRule.model_validate({"name": text[:80], "when": text} | more)


def compiled(rules: Iterable[AlertRule]) -> list[Compiled]:
    """Rules of the small market as the engine takes them."""
    return [Compiled(r.name, checked(r, SCORED), r.keep, r.every == "final") for r in rules]


def engine(*rules: AlertRule) -> Engine:
    """An engine over rules of the small market."""
    return Engine(compiled(rules))


def told(
    rules: Sequence[AlertRule], indices: Sequence[float | None], pace_us: int = SECOND_US, every: int = 10**9
) -> list[tuple[int, str, str]]:
    """(number of the reading, `fired` or `resolved`, rule) over a stream of readings, one in `every` a final."""
    made = engine(*rules)
    observer, found = Observer(made.wanted), []
    for n, index in enumerate(indices):
        final = n % every == every - 1
        verdict = made.update(observer.reading(reading(START_US + n * pace_us, index, final=final)))
        found += [(n, "resolved", made.keys[i]) for i in verdict.resolved]
        found += [(n, "fired", made.keys[i]) for i in verdict.fired]
    return found


def wave(n: int) -> float:
    """A number between 0 and 100 that comes and goes."""
    return 50.0 + 49.0 * math.sin(n / 7.0) * math.cos(n / 3.0)
