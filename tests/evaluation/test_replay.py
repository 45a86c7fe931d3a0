"""A replay that is cut and goes on says what one in a piece says, and what was refused is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation import panel
from evaluation.panel import Panel
from evaluation.replay import Replay, day_of, part
from tests.evaluation import made


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    return panel.read(made.market(), *made.write(tmp_path_factory.mktemp("panel")))


def test_it_is_the_run_of_the_panel(read: Panel) -> None:
    assert list(Replay(made.market()).run(read)) == list(panel.run(made.market(), read))


def test_parts_make_the_whole(read: Panel) -> None:
    replay, n = Replay(made.market()), len(read.closes_us)
    said = [p for a, b in ((0, 1), (1, 200), (200, n)) for p in replay.run(part(read, a, b))]
    assert said == list(Replay(made.market()).run(read))


def test_it_goes_on_from_a_snapshot_to_the_same_bytes(read: Panel) -> None:
    first, second, n = Replay(made.market()), Replay(made.market()), len(read.closes_us)
    list(first.run(part(read, 0, 300)))
    state = first.snapshot()
    rest = list(first.run(part(read, 300, n)))
    second.restore(state)
    assert list(second.run(part(read, 300, n))) == rest
    assert len(rest) == n - 300


def test_what_is_refused_is_told_with_its_day_and_reason(tmp_path: Path) -> None:
    table = made.table()
    table.loc["2001-03-07", "A"] *= 100
    table.loc["2001-03-08", "B"] = -1
    replay = Replay(made.market())
    list(replay.run(panel.read(made.market(), *made.write(tmp_path, table))))
    assert replay.rejects == [("A", "2001-03-07", "absurd_price"), ("B", "2001-03-08", "negative_price")]


def test_progress_reaches_its_end(read: Panel) -> None:
    told: list[tuple[int, int]] = []
    list(Replay(made.market()).run(read, lambda *n: told.append(n)))
    assert told[-1] == (len(read.closes_us), len(read.closes_us))


def test_a_day_is_a_utc_date() -> None:
    assert day_of(86_400_000_000) == "1970-01-02"
