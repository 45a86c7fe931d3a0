"""Every job is run between two words to valgrind; dumps are read in the order in which they were made."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import grind
from bench.case import WrongOutputError


def test_every_job_is_run_once_and_twice_between_two_dumps(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(grind.gc, "disable", lambda: None)
    grind.count([grind.Job(lambda name=name: said.append(name), 1, "tick", "") for name in "ab"], said.append)
    spans = [["a"], ["a", "a"], ["b"], ["b", "b"]]
    assert said == ["a", "b", "--instr=on", *[one for span in spans for one in ("--zero", *span, "--dump")]]


def test_dumps_are_read_in_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    for number in (2, 10, 1):
        (tmp_path / f"out.{number}").write_text(f"events: Ir\nfn=(1) x\n1 5\ntotals: {number}00\n")
    (tmp_path / "out").write_text("totals: 7\n")
    assert grind.totals(tmp_path) == [100, 200, 1000]
    with pytest.raises(WrongOutputError, match="without a total"):
        grind.total("events: Ir\n")


def test_what_two_dumps_have_in_common_falls_out() -> None:
    assert grind.each([10, 10], [1_050, 1_100, 70, 140]) == [5.0, 7.0]
    with pytest.raises(WrongOutputError, match="1 dumps of 1 jobs"):
        grind.each([1], [1])
    with pytest.raises(WrongOutputError, match="two runs took less"):
        grind.each([1], [2, 1])
