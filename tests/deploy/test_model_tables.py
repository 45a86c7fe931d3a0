"""Models on a terminal: every fault has its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy import model_tables

ONE: dict[str, Any] = {
    "name": "lstm", "version": "4", "roles": ["champion"], "fault": None,
    "manifest": {"market": "us", "kind": "forecast", "horizon": 1, "trained_to": "2019-12-31T21:00:00Z",
                 "metrics": {"pinball": 0.19}, "files": {"model.onnx": "ab"}},
    "verdict": {"at": "2026-11-26T12:00:00Z", "losses": {"candidate": 0.1934}},
    "refused": [{"feed": "us", "order": "4:2", "reason": "too_slow", "text": "takes 9 ms"}],
}  # fmt: skip
BAD: dict[str, Any] = {
    "name": "lstm", "version": "5", "roles": [], "manifest": None, "fault": "missing: half written",
    "verdict": {"at": "2026-11-26T12:00:00Z", "reason": "missing", "text": "half written"}, "refused": [],
}  # fmt: skip


def test_a_line_a_version_and_one_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    model_tables.show_versions([ONE, BAD], Path("/registry"))
    told = capsys.readouterr().out
    assert "0.1934" in told
    assert "lstm 4: refused by the flow of us (too_slow): takes 9 ms" in told
    assert "lstm 5: missing: half written" in told
    assert "lstm 5: stays out (missing): half written" in told
    model_tables.show_versions([], Path("/registry"))
    assert "/registry holds no models" in capsys.readouterr().out


def test_a_version_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    model_tables.show_version(ONE)
    told = capsys.readouterr().out
    for said in ("metric pinball", "sha256 model.onnx", "loss of the candidate", "champion", "sound"):
        assert said in told
    model_tables.show_version(BAD)
    assert "half written" in capsys.readouterr().out


def test_differences_and_verdicts(capsys: pytest.CaptureFixture[str]) -> None:
    model_tables.show_difference({"metrics.pinball": (0.2, None), "trained_to": ("2019", "2020")}, "1", "2")
    told = capsys.readouterr().out.splitlines()
    assert told[1].split() == ["metrics.pinball", "0.2", "-"]
    model_tables.show_verdict("lstm", "2", {"losses": {"candidate": 0.2, "champion": 0.3}, "against": "1"})
    assert capsys.readouterr().out == "lstm 2 is sound; loss on its gate set against 1: candidate 0.2, champion 0.3\n"
