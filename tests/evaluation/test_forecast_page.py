"""The forecast section: every finding is on it, with and without plots, and with what a short history lacks."""

from __future__ import annotations

from evaluation.forecast_page import forecasts, page
from tests.evaluation import forecast_part

SVG = '<svg role="img" aria-hidden="true"></svg>'


def test_every_finding_is_on_it() -> None:
    text = forecasts(forecast_part.made(), {})
    for said in (
        "&lt;entries&gt;", "0.968 and 0.874", "1.12 <small>2.8, 0.006</small>", "0.2108",
        "89.9 <small>[89.3, 90.7]</small>", "76.7 <small>[71.7, 80.0]</small>", "0.0032", "22 entries into stress",
        "5 (100 of 5,725)", "0.968 <small>[0.946, 0.984]</small>", "-0.002 <small>[-0.017, 0.015]</small>",
        "0.874</td>", "below 0.01", "9 of 20", "3.2 changes a year", "24.5", "0.941 <small>[0.836, 0.994]</small>",
        "shuffled history, 2000-2025", "least smoothed form", "0.0500", "Pinball loss by quantile, headline",
    ):  # fmt: skip
        assert said in text, said
    assert "1992-1999" not in text  # no label of it
    assert "<svg" not in text


def test_plots_stand_with_their_words() -> None:
    text = forecasts(forecast_part.made(), dict.fromkeys(("pit", "over_time", "entries", "murphy", "roc"), SVG))
    assert text.count("<svg") == 4  # the last one is not of forecasts
    assert "aria-hidden" not in text


def test_a_short_history_has_a_shorter_section() -> None:
    found = forecast_part.made()
    found |= {"murphy": None, "demands": [], "entries": {"entries": 0, "by": {"not in stress": {}}}}
    found["anomaly"]["by"] = {}
    found["regimes"] |= {"recessions": None, "events": {}}
    found["regimes"]["states"]["calm"] = {"share": None, "visits": 0, "dwell_median": None}
    assert "Kappa" not in forecasts(found, {})
    assert forecasts(None, {}) == ""


def test_it_is_a_page_of_its_own_too() -> None:
    text = page("us: forecasts", forecast_part.made(), {})
    assert text.startswith("<!doctype html>")
    assert "<h1>us: forecasts</h1>" in text
    assert "http" not in text.partition("</head>")[2]  # no network
