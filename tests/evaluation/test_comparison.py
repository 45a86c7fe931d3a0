"""Two artifacts of the same inputs: the same bytes, equal numbers, or named differences."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from evaluation import comparison, reference
from models.reference import Reference
from tests.evaluation import made


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    folder: Path = tmp_path_factory.mktemp("made")
    inputs, macro = made.write(folder)
    return reference.build(made.lasting(), inputs, macro, date(2000, 12, 29))


def test_the_same_is_identical(built: Reference) -> None:
    verdict = comparison.compare(built, built)
    assert (verdict.identical, verdict.same_machine, verdict.holds) == (True, True, True)


def nudged(built: Reference, by: float, cpu: str | None = None) -> Reference:
    """The same with all means of z-scores and all indices moved, as if another machine had built it."""
    state: dict[str, Any] = dict(built.state)
    index = state["pipeline"]["index"]
    moved = index["zscore"] | {"mean": index["zscore"]["mean"] * (1 + by)}
    state["pipeline"] = state["pipeline"] | {"index": index | {"zscore": moved}}
    finals = []
    for raw in built.finals:
        told = msgspec.json.decode(raw)
        finals.append(msgspec.json.encode(told | {"index": told["index"] and told["index"] * (1 + by)}))
    manifest = msgspec.structs.replace(built.manifest, cpu=cpu or built.manifest.cpu)
    return replace(built, state=state, finals=tuple(finals), manifest=manifest)


def test_on_the_same_machine_other_bytes_do_not_hold(built: Reference) -> None:
    verdict = comparison.compare(built, nudged(built, 1e-13))
    assert (verdict.identical, verdict.same_machine, verdict.holds) == (False, True, False)
    assert 0 < verdict.largest < 1e-12


@pytest.mark.parametrize(("by", "holds"), [(1e-13, True), (1e-8, False)])
def test_on_another_machine_numbers_are_equal_to_a_billionth(built: Reference, by: float, holds: bool) -> None:
    verdict = comparison.compare(built, nudged(built, by, "arm64 other"))
    assert (verdict.identical, verdict.same_machine, verdict.differs, verdict.holds) == (False, False, (), holds)
    assert verdict.largest == pytest.approx(by, rel=0.01)


def test_what_cannot_differ_by_rounding_is_named(built: Reference) -> None:
    other = nudged(built, 0.0, "arm64 other")
    finals = list(other.finals)
    finals[30] = finals[30].replace(b'"level":"', b'"level":"un')
    finals[31] = finals[31].replace(b'"coverage":', b'"covered":')
    state = dict(other.state)
    state["fold"] = state["fold"] | {"values": np.full_like(state["fold"]["values"], np.nan)}
    verdict = comparison.compare(built, replace(other, finals=tuple(finals), state=state))
    assert not verdict.holds
    assert set(verdict.differs) >= {".finals[30].level", ".finals[31]", ".state.fold.values"}
