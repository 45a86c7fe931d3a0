"""Robustness through the cores: what ends, jumps or freezes, and what the readings say of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from evaluation import panel, robustness
from evaluation.disturbances import Case, cases
from evaluation.readings import Told, tabulate
from evaluation.replay import Replay
from evaluation.robustness import compared, outcome
from evaluation.stretches import Stretch, prepared
from schemas.reading import Reading, Staleness
from tests.evaluation import made


@pytest.fixture(scope="module")
def stretch(tmp_path_factory: pytest.TempPathFactory) -> Stretch:
    market = made.market()
    read = panel.read(market, *made.write(tmp_path_factory.mktemp("panel")))
    return prepared(market, read, [300])[0]


def test_an_instrument_that_ends_is_told_by_coverage_and_staleness(stretch: Stretch) -> None:
    found = outcome(made.market(), stretch, Case("instrument", "S"))
    assert abs(found.move) > 0.1
    assert found.coverage < found.coverage_before
    assert found.stale == found.stale_before + 1
    assert found.silent == 0


def test_a_bad_print_is_refused_and_moves_little(stretch: Stretch) -> None:
    found = outcome(made.market(), stretch, Case("print", "A"))
    assert found.refused == 1
    assert found.beyond == 0


def test_a_segment_that_ends_takes_its_share_of_the_coverage(stretch: Stretch) -> None:
    found = outcome(made.market(), stretch, Case("segment", "prices"))
    assert found.stale == found.stale_before + 2
    assert found.coverage == pytest.approx(found.coverage_before - 1 / 3)


SAID = frozenset(["B: no value for 1 session"])
"""What a final would have said anyway."""


def reading(index: float | None, **changes: object) -> Reading:
    base = Reading(
        market="made", at="2001-03-05T23:00:00Z", final=True, index=index, percentile=None, level="calm", form="z_mean",
        contributions={}, forms={}, change=None, coverage=1.0, staleness=Staleness(0.0, 0), flags=[], version="1",
        band=1.0,
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


@pytest.mark.parametrize(
    ("after", "reasons", "beyond", "unexplained"),
    [
        (reading(20.9), SAID, 0, 0),
        (reading(22.0), SAID, 1, 1),
        (reading(22.0), SAID | {"A: the same value for 3 sessions"}, 1, 0),
        (reading(22.0), [], 1, 1),
        (reading(22.0, coverage=0.9), SAID, 1, 0),
        (reading(22.0, staleness=Staleness(0.0, 1)), SAID, 1, 0),
        (reading(22.0, flags=["degraded"]), SAID, 1, 0),
        (reading(22.0, band=3.0), SAID, 0, 0),
    ],
)
def test_a_move_beyond_the_band_needs_a_reason_in_the_final(
    after: Reading, reasons: Iterable[str], beyond: int, unexplained: int
) -> None:
    found = compared([Told(reading(20.0), SAID)], [Told(after, frozenset(reasons))], refused=0)
    assert (found.beyond, found.unexplained) == (beyond, unexplained)
    assert found.move == pytest.approx((after.index or 0) - 20.0)


def test_a_reading_without_an_index_is_silent() -> None:
    found = compared([Told(reading(20.0), SAID)], [Told(reading(None, coverage=0.0), SAID)], refused=2)
    assert (found.silent, found.refused) == (1, 2)
    assert np.isnan(found.move)


@pytest.mark.parametrize("processes", [1, 2])
def test_every_case_has_its_row_and_progress_ends(tmp_path: Path, processes: int) -> None:
    """With one process or several the same."""
    market = made.market()
    read = panel.read(market, *made.write(tmp_path))
    _, readings = tabulate(market, Replay(market).run(read))
    by_close = [readings.get(at) for at in read.closes_us.tolist()]
    told: list[tuple[int, int]] = []
    found = robustness.robustness(
        market, read, by_close, processes=processes, progress=lambda done, of: told.append((done, of))
    )
    assert [(r["case"], r["of"]) for r in found["rows"]] == [(c.kind, c.of) for c in cases(market)]
    assert told[-1][0] == told[-1][1]
    assert len(found["stretches"]) >= 2
    by_case = {(r["case"], r["of"]): r for r in found["rows"]}
    assert abs(by_case["segment", "prices"]["move"]) >= by_case["segment", "prices"]["typical"] > 0
    _same[processes] = found["rows"]
    assert all(rows == found["rows"] for rows in _same.values())


_same: dict[int, list[dict[str, object]]] = {}


def test_a_short_history_has_nothing_to_run(tmp_path: Path) -> None:
    read = panel.read(made.market(), *made.write(tmp_path, made.table().iloc[:70]))
    nothing = [None] * len(read.closes_us)
    found = robustness.robustness(made.market(), read, nothing, processes=1, progress=lambda *_: None)
    assert found == {"stretches": [], "rows": []}


def test_cores_are_those_this_process_may_use() -> None:
    assert 1 <= robustness.cores() <= (os.cpu_count() or 1)
