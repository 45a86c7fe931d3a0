"""A small market and a made-up panel of it, for the tests of evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from schemas.market import Market

DAYS = pd.bdate_range("2000-01-03", "2001-12-31")


def market() -> Market:
    """Two prices at the close, a spread a day later, a monthly release; NYSE sessions, finals two hours after."""
    return Market.model_validate(
        {
            "version": 1, "name": "made", "feed": "made", "calendar": "XNYS", "bar": "1d", "clock": "records",
            "form": "z_mean", "cutoff": "2h", "history": {"warm_up": 20, "capacity": 2000},
            "validation": {"floor": 0.9},
            "instrument": [
                {"name": "A"},
                {"name": "B", "calendar": "XLON"},
                {"name": "S", "kind": "spread", "lag": "46h", "allow_negative": True},
                {"name": "M", "kind": "rate", "lag": "38d", "covers": "month", "stale_after": "70d"},
            ],
            "segment": [
                {"name": "prices", "indicator": [
                    {"name": "vol", "kind": "realized_volatility", "of": ["A", "B"]},
                    {"name": "fall", "kind": "cmax", "of": ["A"]},
                ]},
                {"name": "spreads", "indicator": [{"name": "level", "kind": "level", "of": ["S"]}]},
                {"name": "macro", "indicator": [{"name": "jobs", "kind": "level", "of": ["M"]}]},
            ],
        }
    )  # fmt: skip


def lasting() -> Market:
    """The same as a market whose state may be public: its memory is a sketch, its short spread series is anybody's."""
    made = market()
    instruments = [i.model_copy(update={"public": i.name in {"S", "M"}}) for i in made.instrument]
    history = made.history.model_copy(update={"memory": "sketch"})
    return Market.model_validate(made.model_dump() | {"instrument": instruments, "history": history})


def table(seed: int = 1) -> pd.DataFrame:
    """Random walks of A, B and S on weekdays."""
    rng = np.random.default_rng(seed)
    walks = np.cumsum(rng.standard_normal((len(DAYS), 3)) * 0.01, axis=0)
    return pd.DataFrame(
        {"A": 100 * np.exp(walks[:, 0]), "B": 50 * np.exp(walks[:, 1]), "S": 2 + walks[:, 2]}, index=DAYS
    )


def write(folder: Path, of: pd.DataFrame | None = None) -> tuple[Path, Path]:
    """The panel and the macro folder on disk."""
    inputs, macro = folder / "panel.csv", folder / "macro"
    (table() if of is None else of).to_csv(inputs, index_label="date", date_format="%Y-%m-%d")
    macro.mkdir(exist_ok=True)
    months = pd.date_range("2000-01-01", "2001-11-01", freq="MS")
    pd.DataFrame({"value": 4 + np.arange(len(months)) / 10}, index=months).to_csv(macro / "M.csv", index_label="date")
    return inputs, macro
