"""The plots of the forecast part of a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from evaluation.baselines import VIX
from evaluation.entries import STANDING
from evaluation.forecasts import SPAN
from evaluation.plots import COLOURS, DASHES, dated, drawn
from models.ensemble.forecaster import ENSEMBLE, PERSISTENCE
from models.ensemble.levels import LEVELS


def figures(found: dict[str, Any]) -> dict[str, str]:
    """SVG by name: `pit`, `over_time`, `entries` and `murphy`, as far as the forecast part has what they show."""
    made = {}
    told, entries = found["headline"][SPAN], found["entries"]["by"]
    if told:
        made["pit"] = drawn("pit", lambda ax: _pit(ax, told["pit"]), height=2.2)
    if found["over_time"]["share"]:
        made["over_time"] = drawn("over_time", lambda ax: _over_time(ax, found["over_time"]), height=2.2)
    if any(one for by in entries.values() for one in by.values()):
        made["entries"] = drawn("entries", lambda *ax: _entries(ax, entries), columns=len(entries), height=3.2)
    if found["murphy"]:
        curves, at = found["murphy"]["curves"], found["murphy"]["at"]
        made["murphy"] = drawn("murphy", lambda *ax: _murphy(ax, at, curves), columns=len(curves), height=3.2)
    return made


def _pit(ax: Axes, pit: dict[str, list[float]]) -> None:
    edges = [0.0, *LEVELS, 1.0]
    heights = np.array(pit["share"]) / np.array(pit["nominal"])
    ax.bar(edges[:-1], heights, np.diff(edges), align="edge", color=COLOURS[5], edgecolor="white")
    ax.axhline(1.0, color=COLOURS[6], linewidth=0.8)
    ax.set_xlabel("probability integral transform")
    ax.set_ylabel("share over nominal")
    ax.set_xlim(0, 1)
    ax.set_ylim(0, max(1.25, 1.05 * heights.max()))


def _over_time(ax: Axes, told: dict[str, Any]) -> None:
    days = pd.DatetimeIndex(told["until"])
    spread = 1.96 * np.sqrt(0.9 * 0.1 / told["labels"])
    ax.axhspan(0.9 - spread, 0.9 + spread, color="#eeeeee", linewidth=0)
    ax.plot(days, told["share"], color=COLOURS[0], linewidth=1.0)
    ax.set_ylabel("share within 90 %")
    dated(ax, days)


def _entries(axes: Sequence[Axes], by_target: dict[str, dict[str, Any]]) -> None:
    for ax, (target, by) in zip(axes, by_target.items(), strict=True):
        known = {int(h): one for h, one in by.items() if one}
        for n, name in enumerate((ENSEMBLE, STANDING, VIX)):
            points = {h: one for h, one in known.items() if name in one["auroc"]}
            if points:
                _with_interval(ax, points, name, n)
        ax.axhline(0.5, color="#bbbbbb", linewidth=0.8)
        ax.set_title(target, loc="left", fontsize=9)
        ax.set_xlabel("horizon, finals")
        if known:
            ax.legend(loc="lower left")
    axes[0].set_ylabel("AUROC")


def _with_interval(ax: Axes, points: dict[int, dict[str, Any]], name: str, n: int) -> None:
    horizons = list(points)
    ax.plot(horizons, [one["auroc"][name] for one in points.values()], DASHES[n], color=COLOURS[n], label=name)
    ends = np.array([one["interval"][name] or (np.nan, np.nan) for one in points.values()], float)
    ax.fill_between(horizons, ends[:, 0], ends[:, 1], color=COLOURS[n], alpha=0.12, linewidth=0)


def _murphy(axes: Sequence[Axes], at: list[float], curves: dict[str, dict[str, list[float]]]) -> None:
    """Beside persistence: by themselves the curves lie on top of each other."""
    for ax, (level, by_row) in zip(axes, curves.items(), strict=True):
        beside = np.array(by_row[PERSISTENCE])
        for n, (name, curve) in enumerate((name, curve) for name, curve in by_row.items() if name != PERSISTENCE):
            ax.plot(at, curve - beside, linestyle=DASHES[n], color=COLOURS[n], label=name, linewidth=1.1)
        ax.axhline(0.0, color="#bbbbbb", linewidth=0.8)
        ax.set_title(f"quantile at {100 * float(level):g} %", loc="left", fontsize=9)
        ax.set_xlabel("threshold, points")
    axes[0].set_ylabel("mean elementary loss, less persistence's")
    axes[0].legend(loc="best")
