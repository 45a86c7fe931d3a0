"""The page of a report: every part of it, with and without plots."""

from __future__ import annotations

import re
from typing import Any

import pytest

from evaluation.page import page
from tests.evaluation import forecast_part, made

SVG = '<svg role="img" aria-hidden="true"></svg>'
ROW = {"weeks": 300} | {
    name: value
    for statistic in ("pearson", "spearman", "changes", "changes_spearman")
    for name, value in ((statistic, 0.9371), (f"{statistic}_interval", [0.91, 0.96]))
}
SERIES = {
    "auroc": 0.777, "auprc": 0.187, "auroc_before": 0.61, "detected": 14, "delay_median": 0.0, "false_alarm_days": 27.1,
}  # fmt: skip


LISTED = [
    {"date": "2019-09-17", "name": "Repo spike", "kind": "funding", "judged": True, "delay": {"index": None}},
    {"date": "1987-10-19", "name": "Crash", "kind": "equity", "judged": False},
]


@pytest.fixture
def report() -> dict[str, Any]:
    none = dict.fromkeys(ROW, None) | {"weeks": 0}
    difference = {"difference": -0.088, "interval": [-0.153, -0.026]}
    return {
        "market": "made", "version": "1-2-abc", "finals": 8956, "first": "1990-12-27", "last": "2026-07-23",
        "missing": ["<B>"], "unknown": [], "dropped": {}, "rejects": [], "coverage_median": 0.94, "band_median": 0.79,
        "agreement": {"STLFSI4": {"index": {"2000-2025": ROW, "1990s": none}}},
        "events": {
            "sample": {"first": "2000-01-03", "last": "2024-12-31", "days": 6289},
            "listed": LISTED,
            "groups": {"all": {
                "events": 20, "prevalence": 0.064, "series": {"index": SERIES},
                "differences": {"index": {"VIX": {"20": difference}}},
            }},
        },
        "robustness": None, "band": [{"lost": 0.1, "readings": 40, "held": 0.914, "width": 0.87}], "forecasts": None,
    }  # fmt: skip


def test_every_finding_is_on_it(report: dict[str, Any]) -> None:
    text = page(made.market(), report, {})
    for said in (
        "8,956, from 1990-12-27 to 2026-07-23", "0.94 <small>[0.91, 0.96]</small>", "6.4 %", "14 of 20",
        "-0.088 <small>[-0.153, -0.026]</small>", "Repo spike", "not judged", "left out", "&lt;B&gt;",
    ):  # fmt: skip
        assert said in text, said
    assert "This is coincident" in text
    assert "1990s" not in text  # no week of it
    assert "<svg" not in text


def test_forecasts_are_a_section_of_it(report: dict[str, Any]) -> None:
    assert "Forecasts, anomalies" not in page(made.market(), report, {})
    assert "Forecasts, anomalies" in page(made.market(), report | {"forecasts": forecast_part.made()}, {})


def test_the_band_is_shown_by_what_was_lost(report: dict[str, Any]) -> None:
    text = page(made.market(), report, {})
    assert re.search(r">10 %<.*?>40<.*?>91\.4<.*?>0\.87<", text, re.DOTALL)
    assert "Random losses" not in page(made.market(), report | {"band": []}, {})


def test_plots_stand_with_their_words(report: dict[str, Any]) -> None:
    figures = dict.fromkeys(("index", "forms", "contributions", "coverage", "roc"), SVG)
    text = page(made.market(), report, figures)
    assert text.count("<svg") == text.count('aria-label="') - text.count('role="region"') == 5
    assert "aria-hidden" not in text


def test_what_was_not_given_is_left_out(report: dict[str, Any]) -> None:
    report["agreement"] = {}
    report["events"]["groups"] = {}
    text = page(made.market(), report, {})
    assert "Agreement" not in text
    assert "No event lies in the days that can be judged" in text
