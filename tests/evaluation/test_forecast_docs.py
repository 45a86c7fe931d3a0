"""What docs/forecast.md says of forecasts, entries, anomalies and regimes is what the kept report holds.

What is missing is printed as it should stand; after `make evaluate-forecasts` the page is renewed by it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from evaluation.walks import ROWS
from tests.servers import CHECKOUT

KEPT = CHECKOUT / "docs" / "evaluation" / "forecasts.json"
PAGE = " ".join((CHECKOUT / "docs" / "forecast.md").read_text().split())
FORMS = ("headline", "least_smoothed", "shuffled")
SPAN = "2000-2025"
OVER = {
    "persistence": "persistence", "har": "HAR", "har_log": "log HAR", "garch": "`garch`",
    "garch_scaled": "`garch_scaled`", "auto_arima": "`auto_arima`", "unweighted": "`unweighted`",
}  # fmt: skip
_SIDES = ("within", "without")
TARGETS = ("not in stress", "not in stress for 20 finals", "dated events")


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(KEPT.read_text())
    return told


def _p(p: float) -> str:
    return "p < 0.0001" if p < 0.0001 else f"p {p:.4f}"


def _skill(row: dict[str, Any], over: str) -> str:
    test = row["diebold_mariano"][over]
    return f"{100 * row['skill'][over]:.2f} % (t {test['t']:.1f}, {_p(test['p'])})"


def _losses(kept: dict[str, Any]) -> Iterator[str]:
    told = {form: kept[form][SPAN] for form in FORMS}
    rows = {form: one["rows"] for form, one in told.items()}
    labels = {one["labels"] for one in told.values()}
    assert len(labels) == 1
    yield f"{labels.pop():,} labels from 2000 to 2025"
    yield "| CRPS of the ensemble | " + " | ".join(f"{of['ensemble']['crps']:.4f}" for of in rows.values()) + " |"
    for name, written in OVER.items():
        cells = [
            f"{of[name]['crps']:.4f}: {_skill(of['ensemble'], name)}" if name in of else "" for of in rows.values()
        ]
        yield f"| skill over {written} | " + " | ".join(cells).rstrip() + " |"
    best = min(ROWS[:-1], key=lambda name: rows["headline"][name]["crps"])
    yield f"The best expert alone is `{best}` ({100 * rows['headline'][best]['skill']['persistence']:.2f} %)"


def _by_span(kept: dict[str, Any]) -> Iterator[str]:
    for span in ("1992-1999", "2000-2014", "2015-2025"):
        row = kept["headline"][span]["rows"]["ensemble"]
        skills = " | ".join(_skill(row, name) for name in ("persistence", "har", "garch_scaled"))
        yield f"| {span.replace('-', ' to ')} | {skills} |"


def _coverage(kept: dict[str, Any]) -> Iterator[str]:
    by = [kept[form][SPAN]["coverage"]["ensemble"]["0.9"] for form in FORMS[:2]]
    for name, written in (("overall", "holds"), ("stress", "... in stress"), ("worst", "... in the worst 60 labels")):
        cells = " | ".join(f"{100 * one[name]['value']:.1f} %" for one in by)
        yield f"| {'90 % interval ' * (name == 'overall')}{written} | {cells} | |"
    yield f"({by[0]['in_stress']} and {by[1]['in_stress']} labels)"
    perfect = {name: by[0][name]["perfect"] for name in ("overall", "stress", "worst")}
    ends = {name: f"{100 * low:.1f} to {100 * high:.1f} %" for name, (low, high) in perfect.items()}
    yield f"at {ends['overall']} overall, {ends['stress']} in stress, and {ends['worst']} in its worst 60 labels"


def _murphy(kept: dict[str, Any]) -> Iterator[str]:
    for name in ("ensemble", "unweighted", "river_quantile", "persistence", "har", "garch_scaled", "auto_arima"):
        parts = kept["murphy"]["crps"][name]
        told = " | ".join(f"{parts[part]:.4f}" for part in ("loss", "reliability", "resolution"))
        yield f"| `{name}` | {told} |"
    yield f"the uncertainty is {kept['murphy']['crps']['ensemble']['uncertainty']:.4f}"


def _interval(value: float, ends: list[float]) -> str:
    return f"{value:.3f} [{ends[0]:.3f}, {ends[1]:.3f}]"


def _entries(kept: dict[str, Any]) -> Iterator[str]:
    yield f"{kept['entries']['entries']} entries in 26 years"
    for target in TARGETS:
        for h in (1, 5, 10, 20):
            one = kept["entries"]["by"][target][str(h)]
            aurocs = " | ".join(f"{one['auroc'][name]:.3f}" for name in ("ensemble", "index", "VIX"))
            apart = [one["differences"][name] for name in ("index", "VIX")]
            told = " | ".join(_interval(d["difference"], d["interval"]) for d in apart)
            yield f"| {target} | {h} | {one['positive']} of {one['origins']:,} | {aurocs} | {told} |"


def _hits(one: dict[str, Any]) -> str:
    return f"{one['hits']} of {one['events']} dated events (by chance {one['by_chance']:.1f}, p {one['p']:.3f})"


def _watches(kept: dict[str, Any]) -> Iterator[str]:
    for threshold, one in kept["anomaly"]["by"].items():
        alarms = f"on {one['days']} sessions, {one['false_alarms']:.1f} false alarms a year"
        yield f"below {threshold} {alarms}, and hit {_hits(one)}"
    regimes, recessions = kept["regimes"], kept["regimes"]["recessions"]
    dwell = [f"{regimes['states'][state]['dwell_median']:.0f} ({state})" for state in ("calm", "tense", "stress")]
    yield f"{regimes['changes']:.1f} changes of regime a year"
    yield f"median dwell {dwell[0]}, {dwell[1]} and {dwell[2]} sessions"
    within, without = ({state: f"{100 * share:.0f} per cent" for state, share in recessions[n].items()} for n in _SIDES)
    yield f"Of the {recessions['finals']} sessions in NBER recessions {within['stress']} were `stress`"
    yield f"{within['tense']} `tense`; of the others {without['stress']} were `stress`"
    yield f"kappa {recessions['kappa']:.2f}"
    yield f"AUROC of its probability {_interval(recessions['auroc'], recessions['interval'])}"
    yield f"`stress` came within 20 sessions of {_hits(regimes['events']['stress'])}"
    yield f"`tense` or `stress` of {_hits(regimes['events']['tense or stress'])}"


@pytest.mark.parametrize("said", [_losses, _by_span, _coverage, _murphy, _entries, _watches])
def test_the_page_says_what_the_kept_report_holds(kept: dict[str, Any], said: Any) -> None:
    missing = [claim for claim in said(kept) if " ".join(claim.split()) not in PAGE]
    assert not missing, "docs/forecast.md lacks:\n" + "\n".join(missing)


def test_what_was_asked_is_met_as_the_page_says(kept: dict[str, Any]) -> None:
    assert [one["what"] for one in kept["demands"] if not one["met"]] == []
    assert f"All {len(kept['demands'])} demands" in PAGE


def test_the_kept_report_is_of_us_small_and_of_the_version_that_the_page_names(kept: dict[str, Any]) -> None:
    assert kept["market"] == "us"
    assert f"version {kept['version']}" in PAGE
    assert KEPT.stat().st_size < 300_000
    assert KEPT.with_suffix(".html").stat().st_size < 600_000
    assert kept["yardsticks"]["refused"] == 0


def test_there_is_no_skill_in_the_shuffled_history(kept: dict[str, Any]) -> None:
    row = kept["shuffled"][SPAN]["rows"]["ensemble"]
    assert all(row["diebold_mariano"][name]["t"] < 2 for name in ("persistence", "har"))
