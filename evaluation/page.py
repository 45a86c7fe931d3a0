"""The report as a page: what was found, in tables and plots, with a sentence on how to read each."""

from __future__ import annotations

from html import escape
from typing import Any, Final

from evaluation import forecast_page, markup
from evaluation.markup import number, with_interval
from evaluation.robustness_page import robustness
from evaluation.verdict import BLOCKS
from schemas.market import Market

_LABELS: Final = {
    "pearson": "Pearson correlation of weekly levels",
    "spearman": "Spearman correlation of weekly levels",
    "changes": "Pearson correlation of weekly changes",
    "changes_spearman": "Spearman correlation of weekly changes",
}

_EARLY: Final = (
    "An event's days are its own and the 20 sessions after it. This is coincident: seeing stress when it is there, not "
    "seeing it come, which is early warning: the column “before” takes the 20 sessions before the event instead, where "
    "0.5 is chance."
)


def page(market: Market, report: dict[str, Any], figures: dict[str, str]) -> str:
    """`report.html`.

    Args:
        market: what was evaluated.
        report: as `evaluation.evaluate.evaluate` gives it.
        figures: SVG by name, as `evaluation.plots.figures` and `evaluation.forecast_plots.figures` give them; may be
            empty.
    """
    title = f"{market.title or market.name}: evaluation"
    sections = [_summary(report), _history(market, report, figures), _agreement(report["agreement"])]
    sections += [_events(report["events"], figures), forecast_page.forecasts(report["forecasts"], figures)]
    sections += [_band(report["band"]), robustness(report["robustness"])]
    return markup.document(title, *(part for part in sections if part))


def _summary(report: dict[str, Any]) -> str:
    rows = [
        ("finals", f"{number(report['finals'])}, from {report['first']} to {report['last']}"),
        ("version", escape(str(report["version"]))),
        ("coverage, median", number(report["coverage_median"], 2)),
        ("half-width of the band, median", f"{number(report['band_median'], 2)} points"),
        ("instruments without data", escape(", ".join(report["missing"])) or "none"),
        ("values refused by validation", number(len(report["rejects"]))),
    ]
    return markup.table(f"Market {report['market']}", ["", "value"], rows, texts=(1,))


def _history(market: Market, report: dict[str, Any], figures: dict[str, str]) -> str:
    if not figures:
        return ""
    told = f"from {report['first']} to {report['last']}"
    days = ", ".join(f"{n} {escape(e.name)} ({e.on})" for n, e in enumerate(market.episode, start=1))
    return markup.section(
        "History",
        markup.figure(
            figures["index"], f"The index by week, {told}, remembered days marked", f"The index by week. {days}."
        ),
        markup.figure(figures["forms"], f"All forms by week, {told}", f"The forms; the headline is {market.form}."),
        markup.figure(
            figures["contributions"],
            f"Contributions of segments to the index, monthly means, {told}",
            "Contributions of segments, monthly means: together they are the index.",
        ),
        markup.figure(
            figures["coverage"],
            f"Coverage by week, {told}",
            "Coverage: the weight of the inputs that were there, of all that the market has.",
        ),
    )


def _band(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return ""
    note = (
        "Instruments are lost at random from finals a month apart. Held: in how many of a hundred the band of what was "
        "left held the index of all. Width: median half-width, points."
    )
    cells = [
        (f"{100 * r['lost']:.0f} %", number(r["readings"]), f"{100 * r['held']:.1f}", number(r["width"], 2))
        for r in rows
    ]
    table = markup.table("Random losses of inputs", ["lost", "readings", "held", "width"], cells)
    return markup.section("Band", markup.paragraph(note), table)


def _agreement(agreement: dict[str, Any]) -> str:
    if not agreement:
        return ""
    note = "In brackets: the middle 95 per cent of a moving-block bootstrap, blocks of 26 weeks. Week: its last value."
    parts = [markup.paragraph(note)]
    for name, series in agreement.items():
        parts.append(_agreement_table(name, series, "pearson"))
        parts += [
            markup.fold(f"{_LABELS[s]} with {name}", _agreement_table(name, series, s)) for s in list(_LABELS)[1:]
        ]
    return markup.section("Agreement with published indices", *parts)


def _agreement_table(name: str, series: dict[str, Any], statistic: str) -> str:
    spans = [span for span, row in next(iter(series.values())).items() if row["weeks"]]
    rows = [
        (s, *(with_interval(by[span][statistic], by[span][f"{statistic}_interval"], 2) for span in spans))
        for s, by in series.items()
    ]
    return markup.table(f"{_LABELS[statistic]} with {name}", ["series", *spans], rows)


def _events(events: dict[str, Any], figures: dict[str, str]) -> str:
    sample, groups = events["sample"], events["groups"]
    if not groups:
        return markup.section("Events", markup.paragraph("No event lies in the days that can be judged."))
    speed = "The index is a level; “month's change” is how far it moved over the last 22 finals."
    extent = f"{speed} Judged on {number(sample['days'])} sessions from {sample['first']} to {sample['last']}."
    parts = [markup.paragraph(f"{_EARLY} {extent}"), _roc(figures)]
    parts += [_group(name, group) for name, group in groups.items()]
    return markup.section(
        "Events", *parts, markup.fold("Each event, and how soon it was seen", _listed(events["listed"]))
    )


def _roc(figures: dict[str, str]) -> str:
    if "roc" not in figures:
        return ""
    caption = "How many of the events' days have an alarm when so many other days have one."
    return markup.figure(
        figures["roc"], "ROC curves of the index, its month's change, VIX and equity volatility", caption
    )


def _group(name: str, group: dict[str, Any]) -> str:
    caption = (
        f"Events, {name}: {group['events']}; their days are {100 * group['prevalence']:.1f} % (what AUPRC is by chance)"
    )
    head = ["series", "AUROC", "AUPRC", "AUROC before", "seen", "median delay, sessions", "false alarm days a year"]
    rows = [
        (
            s, number(r["auroc"]), number(r["auprc"]), number(r["auroc_before"]),
            f"{r['detected']} of {group['events']}", number(r["delay_median"], 1), number(r["false_alarm_days"], 1),
        )
        for s, r in group["series"].items()
    ]  # fmt: skip
    return markup.table(caption, head, rows) + _differences(name, group["differences"])


def _differences(name: str, differences: dict[str, Any]) -> str:
    rows = [
        (f"{one} minus {other}", *(with_interval(d["difference"], d["interval"]) for d in by_block.values()))
        for one, others in differences.items()
        for other, by_block in others.items()
    ]
    if not rows:
        return ""
    head = ["difference of AUROC", *(f"blocks of {block}" for block in BLOCKS)]
    return markup.table(f"Events, {name}: paired differences with 95 per cent intervals", head, rows)


def _listed(listed: list[dict[str, Any]]) -> str:
    series = list(next((e["delay"] for e in listed if e["judged"]), {}))
    rows = [(f"{e['date']} {e['name']}", escape(e["kind"]), *(_delay(e, s) for s in series)) for e in listed]
    caption = (
        "Sessions from an event to the first alarm (90th percentile of the series' own past); a dash: none within 20"
    )
    return markup.table(caption, ["event", "kind", *series], rows, texts=(1,))


def _delay(event: dict[str, Any], series: str) -> str:
    return number(event["delay"][series]) if event["judged"] else "not judged"
