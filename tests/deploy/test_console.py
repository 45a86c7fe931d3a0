"""What people see: nothing twice, a line per tenth without a terminal, a bar with one."""

from __future__ import annotations

import pytest

from deploy.console import Console


def test_a_sentence_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    for _ in range(3):
        console.tell("flow: fell [again]")
    console.tell("other")
    assert capsys.readouterr().err == "flow: fell [again]\nother\n"


def test_without_a_terminal_each_tenth_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Console() as console:
        for done in range(101):
            console.progress("us-open", done, 100, "day")
        console.finish()
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert lines[0] == "us-open: 0% day"
    assert lines[-1] == "us-open: 100% day"
    assert len(lines) == 11


def test_on_a_terminal_there_is_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with Console() as console:
        console.progress("us-open", 1, 2, "2008-10-10")
        console.progress("us-open", 2, 2, "2018-12-31")
    assert "2018-12-31" in capsys.readouterr().err
