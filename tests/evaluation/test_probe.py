"""Made-up sessions after the end: the same for the same state, others for another."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

from evaluation import reference
from evaluation.probe import SESSIONS, probe
from tests.evaluation import made


def test_the_probe_tells_states_and_markets_apart_and_repeats_itself(tmp_path: Path) -> None:
    inputs, macro = made.write(tmp_path)
    market = made.lasting()
    state = reference.build(market, inputs, macro, date(2000, 12, 29)).state
    said = probe(state, market)
    assert said == probe(state, market)
    assert len({name.split()[0] for name in said}) == SESSIONS
    assert all(math.isfinite(value) for value in said.values())
    index = state["pipeline"]["index"]
    moved = index | {"zscore": index["zscore"] | {"mean": index["zscore"]["mean"] + 1e-6}}
    other = probe(state | {"pipeline": state["pipeline"] | {"index": moved}}, market)
    assert other.keys() == said.keys()
    assert other != said
