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

from evaluation.page import page
from schemas.market import Market

FILES: Final = ("readings.csv", "report.json", "report.html")


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


def write(
    out: Path, market: Market, table: pd.DataFrame, judged: pd.DataFrame, report: dict[str, Any], *, plots: bool
) -> None:
    """`readings.csv`, `report.json` and `report.html` into `out`, all or none.

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
    out.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(dir=out, prefix=".making-"))
    try:
        for name, text in zip(FILES, texts, strict=True):
            (making / name).write_text(text)
        for name in FILES:
            os.replace(making / name, out / name)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def plain(value: Any) -> Any:
    """As JSON can spell it: what is not a number is None."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _figures(market: Market, table: pd.DataFrame, judged: pd.DataFrame, report: dict[str, Any]) -> dict[str, str]:
    from evaluation import plots  # noqa: PLC0415  (matplotlib is an extra)

    return plots.figures(market, table, judged, report)
