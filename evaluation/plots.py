"""The plots of a report, as SVG that stands in its page: text stays text, colours can be told apart by everyone."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from evaluation.agreement import weekly
from evaluation.events import Event
from evaluation.verdict import curves
from schemas.market import Market

COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#6b6b6b", "#a6761d")
"""Okabe and Ito (2008): told apart without red and green."""

DASHES: Final = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))

_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "esi",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
}

_DRAWN_AT: Final = 201
"""Points of a ROC curve."""


def figures(market: Market, table: pd.DataFrame, judged: pd.DataFrame, report: dict[str, Any]) -> dict[str, str]:
    """SVG by name: `index`, `forms`, `contributions`, `coverage`, and `roc` where events were judged.

    Args:
        market: whose episodes are marked.
        table: finals by day.
        judged: series by day that the events were told by.
        report: with the events.
    """
    forms, segments = list(market.forms_at(final=True)), [s.name for s in market.segment]
    days = [(pd.Timestamp(e.on), str(n)) for n, e in enumerate(market.episode, start=1)]
    found = {
        "index": drawn("index", lambda ax: _index(ax, table["index"], days)),
        "forms": drawn("forms", lambda ax: _lines(ax, table[forms])),
        "contributions": drawn("contributions", lambda ax: _stack(ax, table[segments])),
        "coverage": drawn("coverage", lambda ax: _coverage(ax, table["coverage"]), height=1.8),
    }
    listed = [Event(pd.Timestamp(e["date"]), e["name"], e["kind"]) for e in report["events"]["listed"]]
    rocs = curves(judged, listed)
    return found | ({"roc": drawn("roc", lambda *ax: _rocs(ax, rocs), columns=len(rocs), height=3.6)} if rocs else {})


def drawn(name: str, draw: Callable[..., None], *, columns: int = 1, height: float = 2.8) -> str:
    """A figure of one row as SVG: `draw` is given its axes."""
    with rc_context(_STYLE):
        figure = Figure(figsize=(9, height), layout="constrained")
        draw(*np.atleast_1d(figure.subplots(1, columns)))
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return slim(text.getvalue(), name)


def slim(svg: str, name: str) -> str:
    """An SVG for a page with others: ids of its own, tenths of a point, no prologue, as wide as there is room."""
    body = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    body = re.sub(r'\bid="|(?<=url\()#|(?<=href=")#', lambda m: f"{m[0]}{name}-", body)
    body = re.sub(r"(\d\.\d)\d+", r"\1", body)
    body = re.sub(r'<svg (.*?)width="[^"]*"', r'<svg \1width="100%"', body, count=1, flags=re.DOTALL)
    body = re.sub(r'height="[\d.]+pt" ', "", body, count=1)
    return re.sub(r"\n\s*", "\n", body).replace("<svg ", '<svg role="img" aria-hidden="true" ', 1)


def _weeks(series: pd.Series[float]) -> pd.Series[float]:
    """The last value of each week, by its Friday."""
    last = weekly(series)
    return last.set_axis(pd.PeriodIndex(last.index).end_time.normalize())


def _index(ax: Axes, index: pd.Series[float], days: list[tuple[pd.Timestamp, str]]) -> None:
    weeks = _weeks(index)
    ax.plot(weeks.index, weeks.to_numpy(), color=COLOURS[0], linewidth=0.9)
    top = float(weeks.max())
    for n, (day, label) in enumerate(d for d in days if weeks.index[0] <= d[0] <= weeks.index[-1]):
        at = float(date2num(day))  # type: ignore[no-untyped-call]  # matplotlib has no types there
        ax.axvline(at, color="#999999", linewidth=0.6, linestyle=":")
        ax.text(at, top * (1.04 + 0.07 * (n % 3)), label, ha="center", fontsize=8)
    ax.set_ylabel("index, 0 to 100")
    dated(ax, weeks.index)


def _lines(ax: Axes, table: pd.DataFrame) -> None:
    for n, name in enumerate(table):
        weeks = _weeks(table[name])
        ax.plot(
            weeks.index,
            weeks.to_numpy(),
            color=COLOURS[n],
            linestyle=DASHES[n % len(DASHES)],
            linewidth=0.8,
            label=name,
        )
        dated(ax, weeks.index)
    ax.set_ylabel("0 to 100")
    ax.legend(ncols=len(table.columns), loc="lower left", bbox_to_anchor=(0, 1))


def _stack(ax: Axes, table: pd.DataFrame) -> None:
    """Monthly means, negative parts downwards."""
    months = table.resample("MS").mean().fillna(0.0)
    for part in (months.clip(lower=0), months.clip(upper=0)):
        if (part.to_numpy() != 0).any():
            labels = [str(name) for name in months] if part.to_numpy().max() > 0 else []
            ax.stackplot(months.index, part.to_numpy().T, colors=COLOURS, labels=labels, linewidth=0)
    ax.set_ylabel("points of the index")
    ax.legend(reverse=True, loc="upper left", bbox_to_anchor=(1, 1))
    dated(ax, months.index)


def _coverage(ax: Axes, coverage: pd.Series[float]) -> None:
    weeks = _weeks(coverage)
    ax.fill_between(weeks.index, weeks.to_numpy(), color=COLOURS[5], linewidth=0)
    ax.set_ylim(0, 1)
    ax.set_ylabel("coverage")
    dated(ax, weeks.index)


def dated(ax: Axes, days: pd.Index[Any]) -> None:
    """Days from end to end."""
    ax.set_xlim(days[0], days[-1])


def _rocs(axes: tuple[Axes, ...], rocs: dict[str, dict[str, tuple[Any, Any]]]) -> None:
    at = np.linspace(0, 1, _DRAWN_AT)
    for ax, (group, series) in zip(axes, rocs.items(), strict=True):
        ax.plot([0, 1], [0, 1], color="#bbbbbb", linewidth=0.8)
        for n, (name, (false, true)) in enumerate(series.items()):
            ax.plot(at, np.interp(at, false, true), color=COLOURS[n], linestyle=DASHES[n], linewidth=1.2, label=name)
        ax.set_title(f"events: {group}", loc="left", fontsize=9)
        ax.set_xlabel("share of other days with an alarm")
        ax.set_ylabel("share of the events' days with one")
        ax.legend(loc="lower right")
