"""A market over a panel: its readings as CSV, and how they agree with published indices as JSON."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation import panel
from evaluation.agreement import agreement
from evaluation.forecasts import forecasts as judged
from schemas.market import Market
from schemas.reading import Reading, decode_reading

Progress = Callable[[int, int], None]


def evaluate(
    market: Market,
    inputs: Path,
    out: Path,
    *,
    macro: Path | None = None,
    references: dict[str, Path] | None = None,
    forecasts: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Runs the cores over a panel and writes `readings.csv` and `report.json` into `out`, both or neither.

    Returns:
        The report: `market`, `version`, `finals`, `first`, `last`, `missing`, `unknown`, `dropped`, `band_median`,
        `agreement` by reference, by series (`index`, each form) and by span, and `forecasts` (None unless asked for).

    Raises:
        InputError: a file that cannot be used; nothing is written.
    """
    rulers = {name: panel.read_table(path).iloc[:, 0] for name, path in (references or {}).items()}
    read = panel.read(market, inputs, macro)
    readings = [decode_reading(said.reading) for said in panel.run(market, read, progress=progress)]
    table = tabulate(market, readings)
    report = {
        "market": market.name,
        "version": readings[-1].version if readings else None,
        "finals": len(table),
        "first": str(table.index[0].date()) if len(table) else None,
        "last": str(table.index[-1].date()) if len(table) else None,
        "missing": read.missing,
        "unknown": read.unknown,
        "dropped": read.dropped,
        "band_median": float(table["band"].median()),
        "agreement": _agreements(market, table, rulers),
        "forecasts": judged(market, read, progress) if forecasts else None,
    }
    _write(out, table.drop(columns="band"), report)
    return report


def tabulate(market: Market, readings: Iterable[Reading]) -> pd.DataFrame:
    """Finals with an index, a row each: index, percentile, coverage, band, a column a segment and a form."""
    segments = [s.name for s in market.segment]
    rows = [
        {
            "date": pd.Timestamp(r.at[:10]), "index": r.index, "percentile": r.percentile, "coverage": r.coverage,
            "band": r.band if isinstance(r.band, float) else None,
            **{name: r.contributions.get(name) for name in segments}, **r.forms,
        }
        for r in readings
        if r.index is not None
    ]  # fmt: skip
    columns = ["date", "index", "percentile", "coverage", "band", *segments, *market.forms_at(final=True)]
    return pd.DataFrame(rows, columns=columns).set_index("date").astype(float)


def _agreements(market: Market, table: pd.DataFrame, rulers: dict[str, pd.Series[float]]) -> dict[str, Any]:
    series = ["index", *market.forms_at(final=True)]
    return {name: {s: agreement(table[s], ruler, name) for s in series} for name, ruler in rulers.items()}


def _write(out: Path, table: pd.DataFrame, report: dict[str, Any]) -> None:
    """Both files, made beside `out` and moved in when they are whole."""
    out.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(dir=out, prefix=".making-"))
    try:
        table.to_csv(making / "readings.csv", date_format="%Y-%m-%d")
        (making / "report.json").write_text(json.dumps(report, indent=1) + "\n")
        for name in ("readings.csv", "report.json"):
            os.replace(making / name, out / name)
    finally:
        shutil.rmtree(making, ignore_errors=True)
