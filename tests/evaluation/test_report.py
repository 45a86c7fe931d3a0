"""Files of a report: all or none, and a clear word where plots cannot be drawn."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation import report
from tests.evaluation import forecast_part, made

TABLE = pd.DataFrame({"index": [20.5]}, pd.DatetimeIndex(["2001-01-02"], name="date"))
FOUND: dict[str, Any] = {
    "market": "made", "version": "1", "finals": 1, "first": "2001-01-02", "last": "2001-01-02", "missing": [],
    "unknown": [], "dropped": {}, "rejects": [], "coverage_median": 1.0, "band_median": None, "agreement": {},
    "events": {"sample": {"first": None, "last": None, "days": 0}, "listed": [], "groups": {}}, "robustness": None,
    "band": [{"lost": 0.1, "readings": 40, "held": 0.914, "width": 0.87}],
    "forecasts": None,
}  # fmt: skip


def test_three_files_are_written_and_nothing_else(tmp_path: Path) -> None:
    report.write(tmp_path / "out", made.market(), TABLE, TABLE, FOUND, plots=False)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(report.FILES)
    assert (tmp_path / "out" / "readings.csv").read_text() == "date,index\n2001-01-02,20.5\n"
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == FOUND
    assert "made: evaluation" in (tmp_path / "out" / "report.html").read_text()


def test_forecasts_are_written_by_themselves_too_and_never_outlive_their_report(tmp_path: Path) -> None:
    part = forecast_part.made()
    part["murphy"]["at"] = [1 / 3, None, 250]
    report.write(tmp_path, made.market(), TABLE, TABLE, FOUND | {"forecasts": part}, plots=False)
    assert {path.name for path in tmp_path.iterdir()} == {*report.FILES, *report.OF_FORECASTS}
    own = json.loads((tmp_path / "forecasts.json").read_text())
    assert own["murphy"].pop("at") == [0.333333, None, 250]
    assert part["murphy"].pop("at") == [1 / 3, None, 250]
    assert own == json.loads(json.dumps(part)) | {name: FOUND[name] for name in own if name not in part}
    assert own["finals"] == 1
    assert "made: forecasts" in (tmp_path / "forecasts.html").read_text()
    assert "Forecasts, anomalies, regimes" in (tmp_path / "report.html").read_text()
    report.write(tmp_path, made.market(), TABLE, TABLE, FOUND, plots=False)
    assert {path.name for path in tmp_path.iterdir()} == set(report.FILES)


def test_a_report_that_cannot_be_made_leaves_what_was_there(tmp_path: Path) -> None:
    report.write(tmp_path, made.market(), TABLE, TABLE, FOUND, plots=False)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(KeyError):
        report.write(tmp_path, made.market(), TABLE, TABLE, {"market": "made"}, plots=False)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_write_that_fails_leaves_nothing_half_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, _text: str) -> None:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        report.write(tmp_path, made.market(), TABLE, TABLE, FOUND, plots=False)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_number_is_spelled_none() -> None:
    told = {"a": [1.5, float("nan"), (float("inf"), 2)], "b": {"c": None, "d": "x"}}
    assert report.plain(told) == {"a": [1.5, None, [None, 2]], "b": {"c": None, "d": "x"}}
    assert report.plain(np.float64("nan")) is None


def test_a_missing_package_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    report.require_plots()  # it is part of what tests need
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(report.MissingPackageError, match=r"'\.\[evaluate\]', or leave the plots out with --no-plots"):
        report.require_plots()


def test_a_missing_yardstick_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    report.require_forecasts()
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    with pytest.raises(report.MissingPackageError, match=r"'\.\[evaluate\]', or leave the forecasts out"):
        report.require_forecasts()
