"""Somebody who has docs/method.md alone rebuilds the headline of `us` (`rebuilt.py`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation import panel
from evaluation.reference import load as artifact
from evaluation.replay import Replay
from schemas.market_file import load
from schemas.reading import decode_reading
from tests.evaluation.rebuilt import INPUTS, Columns, headline

CHECKOUT = Path(__file__).parent.parent.parent
DATA = CHECKOUT.parent / "shared" / "data"


def made_up() -> Columns:
    """Random walks with gaps, a bad print, a true jump, a price below zero and a spread that ends."""
    days, rng = pd.bdate_range("2017-01-02", "2019-12-31"), np.random.default_rng(5)
    months = pd.date_range("2016-10-01", "2019-10-01", freq="MS")
    found: Columns = {}
    for name, (kind, *_) in INPUTS.items():
        at = months if ", a " in kind else days
        steps = np.cumsum(rng.standard_normal(len(at)))
        values = pd.Series(100 * np.exp(0.01 * steps) if kind.startswith("price") else 4 + 0.02 * steps, at)
        found[name] = values[rng.random(len(at)) > 0.03]
    found["SPX"].iloc[400] *= 100
    found["USDJPY"].iloc[500:] *= 3
    found["WTI"].iloc[520] = -37.63
    found["TEDRATE"] = found["TEDRATE"][:"2018-12-14"]
    return found


def test_the_page_rebuilds_what_the_cores_say_of_a_made_up_panel() -> None:
    us, columns = load("us"), made_up()
    plain = us.model_copy(update={"scores": us.scores.model_copy(update={"enabled": False})})
    replay = Replay(plain)
    said = [decode_reading(p.reading) for p in replay.run(panel.arrange(plain, columns))]
    assert len([r for r in said if r.index is not None]) > 400
    assert {name for name, *_ in replay.rejects} == {"SPX", "USDJPY"}
    rebuilt = headline(columns)
    assert [r.at[:10] for r in said] == [str(at.date()) for at in rebuilt.index]
    ours = [np.nan if r.index is None else r.index for r in said]
    np.testing.assert_allclose(rebuilt.to_numpy(), ours, rtol=0, atol=1e-9)


def test_the_page_rebuilds_the_readings_that_ship() -> None:
    if not DATA.exists():
        pytest.skip("the panel of real market data is not beside this checkout (../shared/data)")
    columns = panel.read_columns(load("us"), DATA / "panel" / "daily_inputs_1990_2026.csv.gz", DATA / "macro")
    shipped = [decode_reading(one) for one in artifact(CHECKOUT / "deploy" / "references" / "us.reference").finals]
    rebuilt = headline(columns)[: shipped[-1].at[:10]]
    assert [r.at[:10] for r in shipped] == [str(at.date()) for at in rebuilt.index]
    ours = [np.nan if r.index is None else r.index for r in shipped]
    np.testing.assert_allclose(rebuilt.to_numpy(), ours, rtol=0, atol=1e-9)
