"""A market over a panel: its readings, how they agree with published indices, tell events, and bear bad inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation import panel, verdict
from evaluation.agreement import agreement, require_overlap
from evaluation.baselines import MONTHS_CHANGE, PLAIN_MEAN, market_baselines, months_change
from evaluation.dropouts import Dropouts
from evaluation.events import SHIPPED, Event, read_events
from evaluation.faults import InputError
from evaluation.forecasts import forecasts
from evaluation.panel import Panel
from evaluation.readings import ASIDE, tabulate
from evaluation.replay import Replay
from evaluation.report import plain, write
from evaluation.robustness import robustness
from evaluation.tables import read_values
from schemas.market import Market
from schemas.reading import Reading

Rulers = dict[str, "pd.Series[float]"]

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""


@dataclass(frozen=True)
class Request:
    """What is to be evaluated.

    Attributes:
        market: the market.
        inputs: its panel.
        out: folder of the results.
        macro: folder of its releases.
        references: published indices by name.
        events: dated events; by default those that are shipped.
        processes: how many work at the same time at robustness; 0 leaves robustness out.
        plots: whether the report has plots, which need matplotlib.
        forecasts: whether forecasts are judged too.
    """

    market: Market
    inputs: Path
    out: Path
    macro: Path | None = None
    references: dict[str, Path] = field(default_factory=dict)
    events: Path = SHIPPED
    processes: int = 0
    plots: bool = False
    forecasts: bool = False


def evaluate(request: Request, progress: Progress = lambda *_: None) -> dict[str, Any]:
    """Runs the cores over a panel; writes `readings.csv`, `report.json` and `report.html` into `out`, all or none.

    With forecasts, `forecasts.json` and `forecasts.html` hold that part by itself.

    Returns:
        The report: `market`, `version`, `finals`, `first`, `last`, `missing`, `unknown`, `dropped`, `rejects`,
        `coverage_median`, `band_median`, and `band` (drop-outs), `agreement`, `events`, `robustness` and `forecasts`
        (None unless asked for) as their modules say.

    Raises:
        InputError: a file that cannot be used; nothing is written.
    """
    market, events = request.market, read_events(request.events)
    columns = panel.read_columns(market, request.inputs, request.macro)
    read = panel.arrange(market, columns)
    panel.require_sessions(market, read, request.inputs)
    rulers = {name: _ruler(name, path, read) for name, path in request.references.items()}
    replay, dropouts = Replay(market), Dropouts(market)
    replay.watch("index", dropouts.see)
    table, readings = tabulate(market, replay.run(read, lambda *n: progress("periods", *n)))
    if table.empty:
        days = market.history.warm_up
        msg = f"{request.inputs}: no final has an index: give more days than the {days} that {market.name} warms up for"
        raise InputError(msg)
    judged = _judged(market, table, columns)
    found = _summary(market, read, table, readings) | {
        "rejects": [dict(zip(("instrument", "date", "reason"), one, strict=True)) for one in replay.rejects],
        "band": dropouts.report(),
        "agreement": _agreements(request, judged, rulers, progress),
        "events": _events(judged, events, request.events, progress),
        "robustness": _robustness(request, read, readings, progress),
        "forecasts": forecasts(market, read, columns, events, progress) if request.forecasts else None,
    }
    report: dict[str, Any] = plain(found)
    write(request.out, market, table.drop(columns=list(ASIDE)), _with_speed(judged), report, plots=request.plots)
    return report


def _summary(market: Market, read: Panel, table: pd.DataFrame, readings: dict[int, Reading]) -> dict[str, Any]:
    first, *_, last = table.index[[0, -1]]
    return {
        "market": market.name,
        "version": next(reversed(readings.values())).version,
        "finals": len(table),
        "first": str(first.date()),
        "last": str(last.date()),
        "missing": read.missing,
        "unknown": read.unknown,
        "dropped": read.dropped,
        "coverage_median": float(table["coverage"].median()),
        "band_median": float(table["band"].median()),
    }


def _ruler(name: str, path: Path, read: Panel) -> pd.Series[float]:
    """A published index, which must have weeks in common with the panel.

    Raises:
        InputError: it cannot be read, or has none.
    """
    series = read_values(path)
    closes = pd.DatetimeIndex(pd.to_datetime(read.closes_us, unit="us").normalize())
    require_overlap(pd.Series(1.0, closes), series, f"{path} ({name})", "the panel")
    return series


def _judged(market: Market, table: pd.DataFrame, columns: dict[str, pd.Series[float]]) -> pd.DataFrame:
    """The headline, every form, the plain mean, and the baselines, on the days of the finals."""
    own = table[["index", *market.forms_at(final=True), PLAIN_MEAN]]
    return own.join(pd.DataFrame(market_baselines(columns)))


def _agreements(request: Request, judged: pd.DataFrame, rulers: Rulers, progress: Progress) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for n, (name, ruler) in enumerate(rulers.items(), start=1):
        require_overlap(judged["index"], ruler, f"{request.references[name]} ({name})", "the index")
        found[name] = {series: agreement(judged[series], ruler) for series in judged}
        progress("references", n, len(rulers))
    return found


def _with_speed(judged: pd.DataFrame) -> pd.DataFrame:
    """What is judged by events: the same, and the index's change over a month."""
    return judged.assign(**{MONTHS_CHANGE: months_change(judged["index"])})


def _events(judged: pd.DataFrame, events: list[Event], path: Path, progress: Progress) -> dict[str, Any]:
    return {"file": path.name} | verdict.judge(_with_speed(judged), events, lambda *n: progress("groups of events", *n))


def _robustness(
    request: Request, read: Panel, readings: dict[int, Reading], progress: Progress
) -> dict[str, Any] | None:
    if not request.processes:
        return None
    by_close = [readings.get(at) for at in read.closes_us.tolist()]
    return robustness(
        request.market, read, by_close, processes=request.processes, progress=lambda *n: progress("disturbances", *n)
    )
