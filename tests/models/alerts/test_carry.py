"""State goes into bytes and back, and from one set of rules into the next."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from models.alerts.carry import carry, dump, load
from models.alerts.engine import Engine
from models.alerts.observe import Observer
from schemas.alert_rule import AlertRule
from tests.laws import canonical
from tests.models.alerts import made
from tests.models.alerts.made import SECOND_US, START_US, rule
from tests.models.alerts.samples import RULES


def run(engine: Engine, first: int, count: int) -> list[object]:
    observer, said = Observer(engine.wanted), []
    for n in range(first, first + count):
        at_us, final = START_US + n * SECOND_US, n % 10 == 9
        verdict = engine.update(observer.reading(made.reading(at_us, made.wave(n), final=final)))
        said.append([(engine.keys[i], n) for i in [*verdict.fired, *verdict.resolved]])
    return said


def test_bytes_and_back() -> None:
    engine, other = made.engine(*RULES), made.engine(*RULES)
    run(engine, 0, 100)
    other.restore(load(dump(engine)))
    assert canonical(other.snapshot()) == canonical(engine.snapshot())
    assert run(other, 100, 100) == run(engine, 100, 100)


@pytest.mark.parametrize("raw", [b"", b"nonsense", zlib.compress(b"\xc1"), zlib.compress(b"\x01")])
def test_other_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="saved state of the alerts"):
        load(raw)


def test_rules_that_stay_go_on_as_if_nothing_had_happened() -> None:
    stays: list[AlertRule] = [rule("index > 80", until="index < 60"), rule("rank(index, 60s) > 90 for 2s")]
    before = made.engine(rule("percentile > 3"), stays[0], stays[1])
    after = made.engine(stays[1], rule("max(index, 30s) > 95"), stays[0])
    run(before, 0, 90)
    assert carry(before.snapshot(), after) == frozenset(after.windows.layout[1:])
    keep = {one.name for one in stays}

    def of_those_that_stay(said: list[object]) -> list[object]:
        return [sorted(event for event in events if event[0] in keep) for events in said]  # type: ignore[attr-defined]

    assert of_those_that_stay(run(after, 90, 200)) == of_those_that_stay(run(before, 90, 200))


def test_a_changed_rule_begins_anew() -> None:
    before, after = made.engine(rule("index > 10", name="r 1")), made.engine(rule("index > 20", name="r 2"))
    run(before, 0, 30)
    assert carry(before.snapshot(), after) == frozenset()
    assert after.phases.phase.tolist() == [0]
    assert np.array_equal(after.last_us, before.last_us)
