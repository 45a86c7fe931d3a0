"""What a flow is told, and which markets may share a feed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dataflows.config import FlowConfig, FlowError
from schemas.instrument import Instrument
from schemas.market import Market
from schemas.market_parts import Validation
from tests.dataflows import tape


def config(*markets: Market, **more: Any) -> FlowConfig:
    return FlowConfig("feed", markets, "kafka:9092", "redis://r", Path("state"), **more)


def other(**update: Any) -> Market:
    return tape.market("feed").model_copy(update={"name": "other", **update})


@pytest.mark.parametrize(
    ("what", "value"),
    [("bar", 2_000_000), ("lateness", 0), ("clock", "wall"), ("validation", Validation(deviations=9.0))],
)
def test_a_market_that_differs_in_what_the_feed_shares_is_refused(what: str, value: object) -> None:
    with pytest.raises(FlowError, match=f"'tape' and 'other' share feed 'feed' but differ in {what}"):
        config(tape.market("feed"), other(**{what: value}))


def test_no_market_is_refused_with_the_remedy() -> None:
    with pytest.raises(FlowError, match="name one with --market"):
        config()


def test_markets_may_differ_in_the_rest() -> None:
    assert len(config(tape.market("feed"), other(period=20_000_000, form="z_mean")).markets) == 2


def test_the_feed_market_knows_the_instruments_of_all_in_order() -> None:
    more = (Instrument(name="ZZZ", kind="rate"), tape.market("feed").instrument[2])
    union = config(tape.market("feed"), other(instrument=more)).feed_market()
    assert [i.name for i in union.instrument] == [*tape.INSTRUMENTS, "ZZZ"]


def test_an_instrument_described_in_two_ways_is_refused() -> None:
    twisted = config(tape.market("feed"), other(instrument=(Instrument(name="AAA", kind="rate"),)))
    with pytest.raises(FlowError, match="'AAA' of feed 'feed' is described in two ways"):
        twisted.feed_market()


def test_names_and_sizes_follow_from_the_settings() -> None:
    run = FlowConfig("week~r1", (tape.market("week"),), "k", "r", Path("s"), run="r1")
    assert (run.topic, run.group, run.market_name(run.markets[0])) == (
        "esi.ticks.v1.week--r1", "esi-flow-week~r1", "tape~r1",
    )  # fmt: skip
    assert run.single
    assert not config(tape.market("feed"), workers=2).single
    assert not config(tape.market("feed"), addresses=("a:1", "b:2")).single
    assert config(tape.market("feed")).market_name(tape.market("feed")) == "tape"
