"""The files of an evaluation: made whole beside their place, then moved into it."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pandas as pd

from evaluation import forecast_page
from evaluation.page import page
from schemas.market import Market

FILES: Final = ("readings.csv", "report.json", "report.html")
OF_FORECASTS: Final = ("forecasts.json", "forecasts.html")
"""The forecast part by itself, where it was asked for."""


class MissingPackageError(RuntimeError):
    """A package that is not installed; the message says how to install it, or how to do without."""


def require_plots() -> None:
    """Makes sure that plots can be drawn, before hours are spent on what they show.

    Raises:
        MissingPackageError: matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        msg = (
            "the plots of report.html need matplotlib, which is not installed: "
            "pip install -c constraints.txt -e '.[evaluate]', or leave the plots out with --no-plots"
        )
        raise MissingPackageError(msg)


def require_forecasts() -> None:
    """Makes sure that every yardstick of the forecasts can be fitted, before an hour is spent on the others.

    Raises:
        MissingPackageError: statsforecast is not installed.
    """
    if find_spec("statsforecast") is None:
        msg = (
            "--forecasts needs statsforecast, which is not installed: "
            "pip install -c constraints.txt -e '.[evaluate]', or leave the forecasts out"
        )
        raise MissingPackageError(msg)


def write(
    out: Path, market: Market, table: pd.DataFrame, judged: pd.DataFrame, report: dict[str, Any], *, plots: bool
) -> None:
    """`readings.csv`, `report.json` and `report.html` into `out`, all or none; with forecasts, those by themselves too.

    Args:
        out: folder, made where it is missing.
        market: what was evaluated.
        table: its finals.
        judged: the series that were compared, by day.
        report: what was found.
        plots: whether the page has plots.
    """
    figures = _figures(market, table, judged, report) if plots else {}
    texts = (table.to_csv(date_format="%Y-%m-%d"), json.dumps(report, indent=1) + "\n", page(market, report, figures))
    files = dict(zip(FILES, texts, strict=True)) | _of_forecasts(market, report, figures)
    out.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(dir=out, prefix=".making-"))
    try:
        for name, text in files.items():
            (making / name).write_text(text)
        for name in files:
            os.replace(making / name, out / name)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    for name in set(OF_FORECASTS) - set(files):
        (out / name).unlink(missing_ok=True)  # of an earlier run: it would belong to another report


def _of_forecasts(market: Market, report: dict[str, Any], figures: dict[str, str]) -> dict[str, str]:
    if report["forecasts"] is None:
        return {}
    head = {name: report[name] for name in ("market", "version", "first", "last", "finals")}
    own = _shortened(head | report["forecasts"])
    title = f"{market.title or market.name}: forecasts"
    texts = (json.dumps(own, indent=1) + "\n", forecast_page.page(title, report["forecasts"], figures))
    return dict(zip(OF_FORECASTS, texts, strict=True))


def plain(value: Any) -> Any:
    """As JSON can spell it: what is not a number is None."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _shortened(value: Any) -> Any:
    """Numbers to six digits: enough for everybody who reads them, at half the size."""
    if isinstance(value, dict):
        return {name: _shortened(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_shortened(one) for one in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _figures(market: Market, table: pd.DataFrame, judged: pd.DataFrame, report: dict[str, Any]) -> dict[str, str]:
    from evaluation import forecast_plots, plots  # noqa: PLC0415  (matplotlib is an extra)

    found = plots.figures(market, table, judged, report)
    return found | (forecast_plots.figures(report["forecasts"]) if report["forecasts"] else {})
