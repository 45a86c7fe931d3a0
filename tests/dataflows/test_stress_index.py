"""The sentence gives what the pure steps give, market by market."""

from __future__ import annotations

from typing import Any

import pytest
from bytewax.testing import TestingSink, TestingSource, run_main

from dataflows.hops import UNTRACED
from dataflows.intake import Intake
from dataflows.stress_index import build
from models.pipeline import Pipeline
from models.signals.bars import BarFold
from schemas.bars import Partial
from schemas.instruments import Instruments
from schemas.market_parts import Scoring
from tests.dataflows import tape


@pytest.fixture(scope="module")
def partials() -> list[Partial]:
    """What the partitions of a short tape say, in turns."""
    given: list[Partial] = []
    for number, part in enumerate(tape.records(tape.rows(25), "arrow")):
        intake = Intake("f", number, BarFold(tape.market("f")), Instruments(tape.INSTRUMENTS), lambda _: None)
        folded = [f for f in intake.take(list(part)) if len(f.reached_us)]
        given += [Partial(number, f.reached_us, f.bars) for f in folded]
    return given


@pytest.mark.parametrize("batch", [1, 7])
def test_the_flow_publishes_what_the_steps_say(partials: list[Partial], batch: int) -> None:
    other = {"name": "second", "form": "z_mean", "horizon": "20s", "scores": Scoring(enabled=True)}
    first, second = tape.market("f"), tape.market("f").model_copy(update=other)
    markets = {"tape~r1": first, "second~r1": second}
    said: list[Any] = []
    source = TestingSource([(name, (name, p, UNTRACED)) for p in partials for name in markets], batch_size=batch)
    flow = build(source, TestingSink(said), markets, tape.PARTITIONS, "r1")  # type: ignore[arg-type]
    run_main(flow)
    for name, market in markets.items():
        pipeline = Pipeline(market, tape.PARTITIONS, "r1")
        wanted = [published for partial in partials for published in pipeline.feed(partial)]
        assert len(wanted) > 20
        assert [p.reading for key, (_, p, _) in said if key == name] == [p.reading for p in wanted]


def test_the_steps_are_named_for_the_recovery_store() -> None:
    """A renamed step would not find its saved state."""
    flow = build(TestingSource([]), TestingSink([]), {"tape": tape.market("f")}, 4)  # type: ignore[arg-type]
    assert [o.step_name for o in flow.substeps] == [
        "read", "merge", "path", "volatility", "correlation", "indicators", "index", "scores", "publication", "publish",
    ]  # fmt: skip
