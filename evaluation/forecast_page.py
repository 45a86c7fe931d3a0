"""The forecast part of a report as a section of its page, or as a page of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Final

from evaluation import markup
from evaluation.baselines import VIX
from evaluation.entries import HORIZONS, STANDING
from evaluation.markup import number, with_interval
from models.ensemble.forecaster import ENSEMBLE, PERSISTENCE

FORMS: Final = {"headline": "headline", "least_smoothed": "least smoothed form", "shuffled": "shuffled history"}

BESIDE: Final = (PERSISTENCE, "har", "garch", "garch_scaled", "auto_arima", "unweighted")
"""Yardsticks that the table of losses has columns for."""

SHOWN_AT: Final = (1, 2, 5, 10, 15, 20)
"""Horizons of the table; the plot has all."""

_FIGURES: Final = {
    "pit": (
        "Share of labels between neighbouring quantiles of the ensemble, beside what was promised",
        "Share of labels between neighbouring quantiles, over the share that was promised: 1 is calibrated.",
    ),
    "over_time": (
        "Coverage of the 90 per cent interval in the last 250 labels",
        "Share of the last 250 labels within the 90 % interval; the band holds 95 of 100 such shares of a perfect one.",
    ),
    "entries": (
        "AUROC of stress entries by horizon for the forecast, the index's standing and VIX",
        "AUROC by horizon. “Index” is how far the index stands below its threshold, without any forecast.",
    ),
    "murphy": (
        "Murphy diagrams of three quantiles for the ensemble and two yardsticks, less persistence's",
        "Mean elementary loss by threshold, less persistence's: lower everywhere is better for all (Ehm et al. 2016).",
    ),
}


def forecasts(found: dict[str, Any] | None, figures: Mapping[str, str]) -> str:
    """The section; empty without a forecast part.

    Args:
        found: the forecast part, as `evaluation.forecasts.forecasts` gives it.
        figures: SVG by name, as `evaluation.forecast_plots.figures` gives them; may be empty.
    """
    if found is None:
        return ""
    note = (
        "Every forecast was made before its label, by the steps that serve. CRPS and skill are of the index's change; "
        "t and p are Diebold and Mariano's, with HAC errors."
    )
    parts = [_demands(found["demands"]), *_losses(found), _coverage(found), _figure("pit", figures)]
    parts += [_figure("over_time", figures), _murphy(found["murphy"]), _figure("murphy", figures)]
    parts += [*_entries(found["entries"]), _figure("entries", figures), _anomaly(found["anomaly"])]
    parts += [*_regimes(found["regimes"])]
    return markup.section("Forecasts, anomalies, regimes", markup.paragraph(note), *parts)


def page(title: str, found: dict[str, Any], figures: Mapping[str, str]) -> str:
    """A page of its own; arguments as of `forecasts`."""
    return markup.document(title, forecasts(found, figures))


def _figure(name: str, figures: Mapping[str, str]) -> str:
    return markup.figure(figures[name], *_FIGURES[name]) if name in figures else ""


def _demands(demands: Iterable[dict[str, Any]]) -> str:
    rows = [(d["what"], escape(d["asked"]), escape(d["figure"]), "yes" if d["met"] else "no") for d in demands]
    return markup.table("What was asked", ["", "asked", "figure", "met"], rows, texts=(1, 2, 3))


def _losses(found: dict[str, Any]) -> list[str]:
    parts = []
    for form, named in FORMS.items():
        for span, told in found[form].items():
            if told:
                table = _losses_of(f"Losses, {named}, {span}: {number(told['labels'])} labels", told["rows"])
                parts.append(table if form != "shuffled" else markup.fold(f"{named}, {span}", table))
                parts.append(markup.fold(f"Pinball loss by quantile, {named}, {span}", _pinball(told["rows"])))
    return parts


def _losses_of(caption: str, rows: dict[str, Any]) -> str:
    beside: list[str] = [name for name in BESIDE if any(name in row.get("skill", {}) for row in rows.values())]
    head = ["", "CRPS", *(f"skill over {name}, % (t, p)" for name in beside)]
    return markup.table(caption, head, [(name, *_losses_row(row, beside)) for name, row in rows.items()])


def _pinball(rows: dict[str, Any]) -> str:
    known = {name: row["pinball"] for name, row in rows.items() if "pinball" in row}
    levels = list(next(iter(known.values()), {}))
    cells = [(name, *(number(by[level], 4) for level in levels)) for name, by in known.items()]
    return markup.table("Mean pinball loss by quantile, points", ["", *levels], cells)


def _losses_row(row: dict[str, Any], beside: list[str]) -> list[str]:
    """Cells: CRPS, and skill with its test over each yardstick."""
    cells = [number(row.get("crps"), 4)]
    for name in beside:
        skill, test = row.get("skill", {}).get(name), row.get("diebold_mariano", {}).get(name)
        told = "\N{EN DASH}" if skill is None else f"{100 * skill:.2f} <small>{test['t']:.1f}, {test['p']:.2g}</small>"
        cells.append(told)
    return cells


def _coverage(found: dict[str, Any]) -> str:
    rows = [
        (f"{FORMS[form]}, {span}, {name}", *_coverage_row(by["0.9"]))
        for form in ("headline", "least_smoothed")
        for span, told in found[form].items()
        for name, by in (told["coverage"] if told else {}).items()
        if by and name in {ENSEMBLE, PERSISTENCE}
    ]
    head = ["90 % interval", "overall", "in stress", "labels in stress", "worst 60"]
    caption = "Coverage: per cent; in brackets where a perfect, independent forecaster lies 95 times in 100"
    return markup.table(caption, head, rows)


def _coverage_row(by: dict[str, Any]) -> list[str]:
    cells = [_share(by[name]) for name in ("overall", "stress", "worst")]
    return [*cells[:2], number(by["in_stress"]), cells[2]]


def _share(one: dict[str, Any] | None) -> str:
    return with_interval(None, None) if one is None else with_interval(
        100 * one["value"], [100 * end for end in one["perfect"]], 1
    )  # fmt: skip


def _murphy(found: dict[str, Any] | None) -> str:
    if found is None:
        return ""
    names = ("loss", "reliability", "resolution", "uncertainty")
    rows = [(name, *(number(parts[part], 4) for part in names)) for name, parts in found["crps"].items()]
    caption = (
        f"Murphy's decomposition: CRPS = reliability - resolution + uncertainty, {number(found['labels'])} labels "
        "with everybody awake"
    )
    return markup.table(caption, ["", "CRPS", *names[1:]], rows)


def _entries(found: dict[str, Any]) -> list[str]:
    tables = [_entries_of(target, by) for target, by in found["by"].items()]
    said = (
        f"{number(found['entries'])} entries into stress. An origin is positive where one of the next h finals is in "
        "stress, or begins a dated event. The forecast's score is its chance that the index reaches the threshold then."
    )
    return [markup.paragraph(said), *tables]


def _entries_of(target: str, by: dict[str, Any]) -> str:
    told = {h: by[str(h)] for h in SHOWN_AT if h in HORIZONS and by.get(str(h))}
    rows = [
        (f"{h} ({number(one['positive'])} of {number(one['origins'])})", *_entries_row(one)) for h, one in told.items()
    ]
    names = [
        name for name in (ENSEMBLE, PERSISTENCE, "har", STANDING, VIX) if any(name in o["auroc"] for o in told.values())
    ]
    head = ["h (positive of all)", *names, *(f"{ENSEMBLE} minus {name}" for name in (STANDING, VIX) if name in names)]
    return markup.table(f"Seen coming from finals “{target}”: AUROC with 95 per cent intervals", head, rows)


def _entries_row(one: dict[str, Any]) -> list[str]:
    names = [name for name in (ENSEMBLE, PERSISTENCE, "har", STANDING, VIX) if name in one["auroc"]]
    cells = [with_interval(one["auroc"][name], one["interval"].get(name)) for name in names]
    apart = [one["differences"][name] for name in (STANDING, VIX) if name in one["differences"]]
    return cells + [with_interval(d["difference"], d["interval"]) for d in apart]


def _anomaly(found: dict[str, Any]) -> str:
    rows = [
        (f"below {threshold}", number(one["days"]), number(one["false_alarms"], 2), number(one["false_alarm_days"], 2),
         *_hits(one))
        for threshold, one in found["by"].items()
    ]  # fmt: skip
    head = ["probability", "days", "false alarms a year", "days of false alarm a year", *_HITS]
    return markup.table(
        "Anomalies: alarms, and dated events with one on their day or in the 20 sessions after", head, rows
    )


_HITS: Final = ("events hit", "by chance", "p", "median delay")


def _hits(one: dict[str, Any]) -> list[str]:
    hit = f"{one['hits']} of {one['events']}"
    return [hit, number(one["by_chance"], 1), number(one["p"], 3), number(one["delay_median"], 1)]


def _regimes(found: dict[str, Any]) -> list[str]:
    states, recessions = found["states"], found["recessions"]
    within = {name: (recessions or {}).get(name, {}) for name in ("within", "without")}
    rows = [
        (state, number(100 * one["share"] if one["share"] is not None else None, 1), number(one["visits"]),
         number(one["dwell_median"], 1), *(number(100 * of[state] if of else None, 1) for of in within.values()))
        for state, one in states.items()
    ]  # fmt: skip
    head = ["", "% of finals", "visits", "median dwell", "% in recessions", "% outside"]
    tables = [markup.table(f"Regimes: {found['changes']:.1f} changes a year", head, rows)]
    if recessions:
        told = with_interval(recessions["auroc"], recessions["interval"])
        said = f"Kappa of “stress” with NBER recessions {recessions['kappa']:.2f}, AUROC of its probability "
        tables.append(f"<p>{escape(said)}{told}.</p>\n")
    hits = [(name, *_hits(one)) for name, one in found["events"].items()]
    return [
        *tables,
        markup.table("Regimes on the days of dated events or in the 20 sessions after", ["", *_HITS], hits),
    ]
