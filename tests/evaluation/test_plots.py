"""Plots: SVG that parses, shows what it was given, is the same again, and keeps to itself in a page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from evaluation import plots
from schemas.market import Market
from tests.evaluation import made

DAYS = pd.bdate_range("2000-01-03", "2002-12-31")
EVENTS = {
    "listed": [
        {"date": "2001-06-01", "name": "first", "kind": "equity"},
        {"date": "2002-06-03", "name": "second", "kind": "fx"},
    ]
}


def market() -> Market:
    return made.market().model_copy(update={"episode": (plots_episode("2001-06-01"), plots_episode("1990-01-01"))})


def plots_episode(day: str) -> object:
    from schemas.market import Episode

    return Episode.model_validate({"name": f"day {day}", "on": day})


def table() -> pd.DataFrame:
    names = ["index", "coverage", "prices", "spreads", "macro", *made.market().forms_at(final=True)]
    values = np.random.default_rng(1).uniform(0.1, 0.9, (len(DAYS), len(names)))
    values[:, 3] -= 1  # a segment below zero
    return pd.DataFrame(values, DAYS, names)


def judged() -> pd.DataFrame:
    return table()[["index"]].assign(VIX=lambda t: t["index"] ** 2)


@pytest.fixture(scope="module")
def figures() -> dict[str, str]:
    return plots.figures(market(), table(), judged(), {"events": EVENTS})


def words(svg: str) -> set[str]:
    return {text.strip() for text in ET.fromstring(svg).itertext() if text.strip()}


def test_every_figure_parses_and_says_what_it_shows(figures: dict[str, str]) -> None:
    assert set(figures) == {"index", "forms", "contributions", "coverage", "roc"}
    assert {"index, 0 to 100", "1"} <= words(figures["index"])
    assert "2" not in words(figures["index"])  # a day before the first final
    assert set(made.market().forms_at(final=True)) <= words(figures["forms"])
    assert {"prices", "spreads", "macro"} <= words(figures["contributions"])
    assert "coverage" in words(figures["coverage"])
    assert {"index", "VIX", "events: all", "events: funding + rates + fx"} <= words(figures["roc"])


def test_without_events_there_is_no_roc() -> None:
    nothing = {"events": {"listed": [{"date": "1987-10-19", "name": "crash", "kind": "equity"}]}}
    assert "roc" not in plots.figures(market(), table(), judged(), nothing)


def test_figures_of_one_page_share_no_id(figures: dict[str, str]) -> None:
    ids = [one for svg in figures.values() for one in re.findall(r'\bid="([^"]+)"', svg)]
    assert len(ids) == len(set(ids)) > 20
    for name, svg in figures.items():
        used = re.findall(r'(?:url\(|href=")#([^")]+)', svg)
        assert used
        assert {u for u in used if f'id="{u}"' not in svg} == set(), name


def test_the_same_input_gives_the_same_bytes(figures: dict[str, str]) -> None:
    assert plots.figures(market(), table(), judged(), {"events": EVENTS}) == figures


def test_figures_are_small_and_light(figures: dict[str, str]) -> None:
    for svg in figures.values():
        assert len(svg) < 100_000
        assert not re.search(r"\d\.\d{2,}", svg.split("</defs>", 1)[1].split("<text", 1)[0])
        assert 'width="100%"' in svg
        assert "viewBox" in svg
