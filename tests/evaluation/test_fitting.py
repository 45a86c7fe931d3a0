"""GARCH fitted on a past that is over: against `arch` on the same moves, blind to what follows, written in place."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from arch import arch_model

from evaluation import fitting, panel
from evaluation.faults import InputError
from models.calendars import schedule_of
from models.pipeline import Pipeline
from schemas.market import Market
from schemas.market_file import load, parse
from schemas.reading import Details
from tests.evaluation import made

TRUE = (2e-6, 0.09, 0.88)
NAME = "of a model"
UNTIL = date(2009, 12, 31)


def market(**parameters: float) -> Market:
    fixed = parameters or {"omega": 1e-6, "alpha": 0.05, "beta": 0.9}
    watched = {"name": NAME, "kind": "garch_volatility", "of": ["A"], "parameters": fixed, "weight": 0}
    fields = made.market().model_dump()
    fields["segment"][0]["indicator"] = [*fields["segment"][0]["indicator"], watched]
    return Market.model_validate(fields)


def closes(seed: int = 1, years: str = "2011") -> pd.DataFrame:
    """Prices whose moves are a GARCH(1,1), on the sessions of New York."""
    sessions = pd.DatetimeIndex(pd.to_datetime(np.array(schedule_of(made.market()).closes), unit="us").normalize())
    days = sessions[(sessions >= "2001-01-01") & (sessions <= f"{years}-12-31")]
    rng, (omega, alpha, beta) = np.random.default_rng(seed), TRUE
    variance, found = omega / (1 - alpha - beta), []
    for _ in days:
        found.append(np.sqrt(variance) * rng.standard_normal())
        variance = omega + alpha * found[-1] ** 2 + beta * variance
    return pd.DataFrame({"A": 100 * np.exp(np.cumsum(found))}, index=days)


def read(folder: Path, table: pd.DataFrame) -> panel.Panel:
    table.to_csv(folder / "panel.csv", index_label="date", date_format="%Y-%m-%d")
    return panel.read(market(), folder / "panel.csv")


def test_the_fit_is_that_of_arch_and_near_the_truth(tmp_path: Path) -> None:
    table = closes()
    (fitted,) = fitting.fit(market(), read(tmp_path, table), UNTIL).values()
    returns = 1000 * np.log(table.A[:"2009-12-31"]).diff().dropna()
    want = arch_model(returns, mean="Zero", vol="GARCH", p=1, q=1, rescale=False).fit(disp="off").params
    assert (fitted.alpha, fitted.beta) == pytest.approx((want["alpha[1]"], want["beta[1]"]), abs=2e-3)
    assert fitted.omega == pytest.approx(want["omega"] / 1e6, rel=0.05)
    assert (fitted.alpha, fitted.beta) == pytest.approx(TRUE[1:], abs=0.03)
    assert (fitted.fitted_from, fitted.fitted_to) == (date(2001, 1, 2), UNTIL)


def test_what_follows_the_last_day_changes_nothing(tmp_path: Path) -> None:
    one, other = closes(), closes()
    other.loc["2010":] = 7.0
    assert fitting.fit(market(), read(tmp_path, one), UNTIL) == fitting.fit(market(), read(tmp_path, other), UNTIL)


def test_the_flow_filters_as_arch_does_with_the_fitted_parameters(tmp_path: Path) -> None:
    import msgspec

    table = closes(years="2003")
    given = market(omega=TRUE[0], alpha=TRUE[1], beta=TRUE[2])
    said = list(panel.run(given, read(tmp_path, table), Pipeline(given)))
    details = [msgspec.json.decode(one.details, type=Details) for one in said if one.details]
    found = [row.raw for one in details for row in one.indicators if row.name == NAME and row.raw is not None]
    returns = np.log(table.A).diff().dropna().to_numpy()
    level = TRUE[0] / (1 - TRUE[1] - TRUE[2])
    shown = np.append(returns, 0.0)
    bounds = np.tile([0.0, 1e9], (len(shown), 1))
    model = arch_model(shown, mean="Zero", vol="GARCH", p=1, q=1, rescale=False)
    want = model.volatility.compute_variance(np.array(TRUE), shown, np.empty(len(shown)), level, bounds)
    np.testing.assert_allclose(found, np.sqrt(want[1:]), rtol=1e-10)


def test_moves_over_a_gap_count_per_root_of_the_periods_they_cover(tmp_path: Path) -> None:
    table = closes(years="2002")
    gap = table.drop(table.index[10:13])
    found, *_ = fitting.seen_moves(market(), read(tmp_path, gap), "A", UNTIL)
    move = np.log(table.A.iloc[13] / table.A.iloc[9]) / np.sqrt(4)
    assert found[9] == pytest.approx(move)
    assert len(found) == len(gap) - 1


def test_too_short_a_past_and_nothing_to_fit_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has 247 moves until 2001-12-31, 1000 are needed"):
        fitting.fit(market(), read(tmp_path, closes()), date(2001, 12, 31))
    with pytest.raises(InputError, match="nothing to fit"):
        fitting.fit(made.market(), read(tmp_path, closes()), UNTIL)


def test_the_file_is_rewritten_in_place_and_all_else_stays(tmp_path: Path) -> None:
    text = '[[x]]\nname = "a (b)"\nkind = "k"\nparameters = { omega = 1 }  # old\n[[x]]\nname = "c"\n'
    text = text.replace("  # old", "")
    fitted = market().segment[0].indicator[-1].parameters
    assert fitted is not None
    after = fitting.rewritten(text, {"a (b)": fitted})
    assert after == text.replace("parameters = { omega = 1 }", fitting.line(fitted))
    with pytest.raises(InputError, match="no line `parameters"):
        fitting.rewritten(text, {"c": fitted})


def test_us_knows_nothing_of_its_own_future() -> None:
    """Its readings are judged from 2000 on: what was fitted ends before."""
    fitted = [i.parameters for s in load("us").segment for i in s.indicator if i.parameters is not None]
    assert len(fitted) >= 2
    assert all(p.fitted_to is not None and p.fitted_to < date(2000, 1, 1) for p in fitted)


def test_the_line_of_us_parses_to_what_it_says() -> None:
    us = load("us")
    (one, *_) = [i for s in us.segment for i in s.indicator if i.parameters is not None]
    assert one.parameters is not None
    text = f'version = 1\nname = "m"\nfeed = "m"\nbar = "1h"\nperiod = "1h"\n[[instrument]]\nname = "A"\n[[segment]]\nname = "s"\n[[segment.indicator]]\nname = "v"\nkind = "garch_volatility"\nof = ["A"]\n{fitting.line(one.parameters)}\n'  # noqa: E501
    assert parse(text.encode(), "m.toml").segment[0].indicator[0].parameters == one.parameters
