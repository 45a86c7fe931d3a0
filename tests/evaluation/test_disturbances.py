"""Disturbances: each does what it says to the bars, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation import disturbances, panel
from evaluation.disturbances import Case
from tests.evaluation import made

AT = int(pd.Timestamp("2001-03-05 21:00", tz="UTC").value) // 1000


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return panel.read(made.market(), *made.write(tmp_path_factory.mktemp("panel"))).bars


def done(bars: pd.DataFrame, kind: disturbances.Kind, of: str) -> pd.DataFrame:
    before = bars.copy()
    found = disturbances.disturbed(made.market(), bars, Case(kind, of), AT)
    pd.testing.assert_frame_equal(bars, before)  # given bars stay as they are
    return found


def test_every_kind_has_its_cases_and_a_title() -> None:
    found = disturbances.cases(made.market())
    assert [c.of for c in found if c.kind == "instrument"] == ["A", "B", "S", "M"]
    assert [c.of for c in found if c.kind == "segment"] == ["prices", "spreads", "macro"]
    assert {c.kind for c in found} == set(disturbances.TITLES)
    assert len(set(found)) == len(found) == 3 * 4 + 3 + disturbances.DRAWS + 1


def test_what_is_only_watched_is_left_alone() -> None:
    market = made.market()
    prices = market.segment[0]
    watched = prices.indicator[0].model_copy(update={"weight": 0.0})
    market = market.model_copy(
        update={
            "segment": (prices.model_copy(update={"indicator": (watched, prices.indicator[1])}), *market.segment[1:])
        }
    )
    assert Case("instrument", "B") not in disturbances.cases(market)
    assert Case("instrument", "A") in disturbances.cases(market)


def test_an_instrument_or_all_of_a_segment_ends(bars: pd.DataFrame) -> None:
    assert set(done(bars, "instrument", "A").code) == {1, 2, 3}
    assert set(done(bars, "segment", "prices").code) == {2, 3}


def test_a_tenth_of_the_days_is_lost_for_all(bars: pd.DataFrame) -> None:
    left = done(bars, "days", "1")
    lost = set(bars.start_us) - set(left.start_us)
    assert 0.07 < len(lost) / bars.start_us.nunique() < 0.13
    assert len(left) == (~bars.start_us.isin(lost)).sum()
    assert set(done(bars, "days", "2").start_us) != set(left.start_us)


def test_a_week_is_lost_for_all(bars: pd.DataFrame) -> None:
    lost = sorted(set(bars.start_us) - set(done(bars, "week", "all").start_us))
    days = pd.to_datetime(lost, unit="us")
    assert list(days.strftime("%m-%d")) == ["03-06", "03-07", "03-08", "03-09", "03-12"]


def test_one_value_is_a_hundredfold(bars: pd.DataFrame) -> None:
    found = done(bars, "print", "A")
    (row,) = np.flatnonzero(found.close != bars.close)
    assert bars.code[row] == 0
    assert pd.Timestamp(int(bars.start_us[row]), unit="us") == pd.Timestamp("2001-03-06")
    assert found.close[row] == bars.close[row] * 100
    assert found.high[row] == bars.high[row] * 100


def test_an_input_stands_still_for_a_month(bars: pd.DataFrame) -> None:
    found = done(bars, "freeze", "A")
    own = bars.code == 0
    last = bars.close[own & (bars.start_us < AT)].iloc[-1]
    days = pd.to_datetime(bars.start_us[own & (found.close != bars.close)], unit="us")
    assert (days.min(), days.max()) == (pd.Timestamp("2001-03-06"), pd.Timestamp("2001-04-04"))
    assert (found.close[own & bars.start_us.isin(bars.start_us[days.index])] == last).all()


def test_an_input_without_a_past_cannot_freeze(bars: pd.DataFrame) -> None:
    later = bars[bars.start_us > AT].reset_index(drop=True)
    assert done(later, "freeze", "A").equals(later)


def test_a_case_of_nothing_changes_nothing(bars: pd.DataFrame, tmp_path: Path) -> None:
    none = bars[bars.code != 0].reset_index(drop=True)
    for kind in ("instrument", "print", "freeze"):
        assert done(none, kind, "A").equals(none)  # type: ignore[arg-type]  # each is a kind
