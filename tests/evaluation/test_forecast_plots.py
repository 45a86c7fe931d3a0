"""Plots of forecasts: SVG that shows what it was given, and nothing where there is nothing."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from evaluation import forecast_plots
from tests.evaluation import forecast_part


@pytest.fixture(scope="module")
def figures() -> dict[str, str]:
    return forecast_plots.figures(forecast_part.made())


def words(svg: str) -> set[str]:
    return {text.strip() for text in ET.fromstring(svg).itertext() if text.strip()}


def test_every_figure_parses_and_says_what_it_shows(figures: dict[str, str]) -> None:
    assert set(figures) == {"pit", "over_time", "entries", "murphy"}
    assert {"share over nominal", "probability integral transform"} <= words(figures["pit"])
    assert "share within 90 %" in words(figures["over_time"])
    assert {"AUROC", "ensemble", "index", "VIX", "not in stress", "dated events"} <= words(figures["entries"])
    assert {"quantile at 95 %", "har", "ensemble", "mean elementary loss, less persistence's"} <= words(
        figures["murphy"]
    )


def test_the_same_input_gives_the_same_bytes(figures: dict[str, str]) -> None:
    assert forecast_plots.figures(forecast_part.made()) == figures
    assert all(len(svg) < 100_000 for svg in figures.values())


def test_a_short_history_has_none() -> None:
    found = forecast_part.made()
    found["headline"]["2000-2025"] = None
    found |= {"murphy": None, "over_time": {"labels": 250, "until": [], "share": []}}
    found["entries"]["by"]["not in stress"] = {}
    assert forecast_plots.figures(found) == {}
