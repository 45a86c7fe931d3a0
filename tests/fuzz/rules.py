"""Rules through all that a rule goes through: model, parser, check, engine. Only refusals with a reason may come."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from pydantic import ValidationError

from models.alerts.engine import Compiled, Engine
from models.alerts.kinds import checked
from models.alerts.nodes import RuleError
from models.alerts.observe import Observer
from schemas.alert_rule import TAKES, AlertRule
from tests.fuzz.texts import NUMBERS, SPANS, text
from tests.models.alerts import made

SLOW_S: Final = 1.0
"""A text that takes more of the processor than this is a fault, too: cost is bounded."""

Tell = Callable[[int, "Counter[str]"], None]


def rule(chance: random.Random) -> dict[str, Any]:
    """What somebody may send as a rule: mostly an expression, else another kind with whatever fields."""
    if chance.random() < 0.8:
        said: dict[str, Any] = {"name": "r", "when": text(chance)}
        return said | ({"until": text(chance)} if chance.random() < 0.2 else {})
    kind = chance.choice(list(TAKES))
    needs, may = TAKES[kind]
    return {"name": "r", "kind": kind} | {name: value(chance, name) for name in (*needs, *may) if chance.random() < 0.8}


def value(chance: random.Random, name: str) -> Any:
    """A value for a field, mostly of its sort."""
    if chance.random() < 0.1:
        return chance.choice((None, True, [], {}, "", -1, 2**70, "nan", text(chance)))
    by_name: dict[str, tuple[Any, ...]] = {
        "window": SPANS, "of": (text(chance), "index", "percentile"), "quantile": (0.05, 0.5, 0.9, 0.95, 0, 1),
        "input": ("equity", "stress", "Equity volatility", "tulips", '"', "'"),
        "between": (["credit", "equity"], ["SPX", "AAA"], ["a"], ["x", "x"]),
    }  # fmt: skip
    numbers = (0, 1, 80, 0.001, -5, 1e308, *NUMBERS)
    return chance.choice(by_name.get(name, numbers))


def outcome(said: dict[str, Any]) -> str:
    """What became of a rule: `refused`, `faulty`, or `evaluated` over a few readings; anything else is raised."""
    try:
        found = AlertRule.model_validate(said)
    except ValidationError:
        return "refused"
    try:
        conditions = checked(found, made.SCORED)
    except RuleError as error:
        return "faulty" if error.fault and "line" in str(error) else "unexplained"
    engine = Engine([Compiled("r", conditions, found.keep, found.every == "final")])
    observer = Observer(engine.wanted)
    for n, final in enumerate((False, True, False)):
        at_us = made.START_US + n * made.SECOND_US
        behind = made.scored_details(at_us) if final else None
        engine.update(observer.reading(made.scored_reading(at_us, final=final), behind))
    return "evaluated"


def run(seed: int, count: int, tell: Tell) -> Counter[str]:
    """Tries so many rules; what is wrong is raised with the rule that brought it."""
    chance, outcomes = random.Random(seed), Counter[str]()
    for n in range(count):
        said, begin = rule(chance), time.process_time()
        try:
            outcomes[outcome(said)] += 1
        except Exception as error:
            error.add_note(f"seed {seed}, number {n}: {said!r}")
            raise
        if (took := time.process_time() - begin) > SLOW_S:
            outcomes["slow"] += 1
            tell(n, Counter({f"{took:.1f} s for {said!r}": 1}))
        if n % 10_000 == 9_999:
            tell(n + 1, outcomes)
    return outcomes
