"""Markets: what follows from a file, in microseconds and periods."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.duration import DAY_US
from schemas.market import FaultsError, Market
from schemas.market_file import load

INSTRUMENT = {"name": "A"}
SEGMENT = {"name": "s", "indicator": [{"name": "i", "kind": "level", "of": ["A"]}]}
FIELDS = {
    "version": 1,
    "name": "m",
    "feed": "m",
    "bar": "1m",
    "period": "1h",
    "instrument": [INSTRUMENT],
    "segment": [SEGMENT],
}


def test_periods_are_the_unit_of_trading_time() -> None:
    market, daily = Market.model_validate(FIELDS), load("us-open")
    assert (market.period_us, market.periods(7_200_000_000), market.pace_us) == (3_600_000_000, 2.0, 60_000_000)
    assert (daily.period_us, daily.periods(5 * DAY_US), daily.pace_us) == (DAY_US, 5.0, 60_000_000)


@pytest.mark.parametrize("name", ["a", "us-open", "A.b_c-1", "x" * 64])
def test_names_that_topics_and_keys_can_hold_are_taken(name: str) -> None:
    assert Market.model_validate(FIELDS | {"name": name, "feed": name}).name == name


@pytest.mark.parametrize("name", ["", "a b", "a~b", "a--b", "a-", "-a", "a:b", "a/b", "a\n", "\u00e4", "x" * 65])
def test_other_names_are_not(name: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        Market.model_validate(FIELDS | {"name": name})


def test_faults_between_the_parts_carry_their_places() -> None:
    with pytest.raises(ValidationError) as caught:
        Market.model_validate(FIELDS | {"bar": "7m", "instrument": [INSTRUMENT, INSTRUMENT]})
    cause = caught.value.errors()[0]["ctx"]["error"]
    assert isinstance(cause, FaultsError)
    assert [place for place, _sentence in cause.faults] == [("bar",), ("period",), ("instrument", 1, "name")]


def test_markets_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load("sim").name = "other"


def test_illiquidity_needs_prices_that_cannot_be_negative() -> None:
    odd = [{"name": "R", "kind": "rate"}, {"name": "W", "allow_negative": True}]
    indicator = {"name": "i", "kind": "illiquidity_amihud", "of": ["A", "R", "W"]}
    segment = {"name": "s", "indicator": [indicator]}
    with pytest.raises(ValidationError) as caught:
        Market.model_validate(FIELDS | {"instrument": [INSTRUMENT, *odd], "segment": [segment]})
    cause = caught.value.errors()[0]["ctx"]["error"]
    assert cause.faults == [
        (
            ("segment", 0, "indicator", 0, "of"),
            f"illiquidity_amihud needs prices that cannot be negative, which {n!r} is not",
        )
        for n in ("R", "W")
    ]


@pytest.mark.parametrize(
    ("horizon", "period", "wanted"), [("24h", "1h", 24), ("90m", "1h", 2), ("1h", "1h", 1), ("250h", "1h", 250)]
)
def test_a_horizon_is_a_number_of_periods_rounded_up(horizon: str, period: str, wanted: int) -> None:
    fields = {"horizon": horizon, "period": period, "scores": {"enabled": True}}
    assert Market.model_validate(FIELDS | fields).horizon_periods == wanted


def test_a_horizon_in_sessions_is_as_many_of_them() -> None:
    assert load("us").horizon_periods == load("us-open").horizon_periods == 1
    fields = {"calendar": "XNYS", "period": "session", "horizon": "5 sessions"}
    assert Market.model_validate(FIELDS | fields).horizon_periods == 5


@pytest.mark.parametrize(
    ("horizon", "told"),
    [("1 session", "no sessions"), ("251h", "251 periods"), ("0s", "0 periods"), ("soon", "no duration")],
)
def test_a_horizon_that_scores_cannot_look_to_is_a_fault_only_where_there_are_scores(horizon: str, told: str) -> None:
    Market.model_validate(FIELDS | {"horizon": horizon})
    with pytest.raises(ValidationError, match=told):
        Market.model_validate(FIELDS | {"horizon": horizon, "scores": {"enabled": True}})


def test_scores_are_off_unless_a_market_asks_for_them() -> None:
    assert not Market.model_validate(FIELDS).scores.enabled
    assert [name for name in ("sim", "us", "us-open", "week") if load(name).scores.enabled] == ["sim", "us", "us-open"]
