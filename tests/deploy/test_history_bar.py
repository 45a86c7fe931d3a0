"""The bar of the replayed history: as long as there are sessions, and never still without a word."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from deploy.console import Console
from deploy.history_bar import HistoryBar
from deploy.published import Published


class Some:
    """What is published, as the bar asks for it."""

    def __init__(self, count: int, final: dict[str, Any] | None) -> None:
        self.count, self.final = lambda: count, lambda: final


def drawn(bar: HistoryBar, count: int, final: dict[str, Any] | None) -> None:
    """Draws the bar of a market with so many finals; it ends no wait."""
    assert bar.show(cast("Published", Some(count, final))) is False


def test_the_number_of_sessions_is_unknown_until_it_is_written(tmp_path: Path) -> None:
    bar, file = HistoryBar(tmp_path, Console()), tmp_path / "history.json"
    assert bar.sessions() == 0
    file.write_text('{"sent": 3')
    assert bar.sessions() == 0
    file.write_text('{"sent": 3, "sessions": 5033}')
    assert bar.sessions() == 5033


def test_it_is_there_before_the_first_final(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bar = HistoryBar(tmp_path, Console())
    drawn(bar, 0, None)
    assert not capsys.readouterr().err
    (tmp_path / "history.json").write_text('{"sent": 3, "sessions": 10}')
    drawn(bar, 0, None)
    assert capsys.readouterr().err == "us-open: 0% sent; the flow is starting\n"
    final = {"market": "us-open", "at": "1999-01-05T21:00:00Z", "index": None}
    drawn(bar, 1, final)
    assert "us-open: 10% 1999-01-05  no index yet\n" in capsys.readouterr().err
    drawn(bar, 12, {**final, "index": 31.416})
    assert "The history is published.\nus-open: 100% 1999-01-05  index 31.4\n" in capsys.readouterr().err
