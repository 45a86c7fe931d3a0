"""Inputs of `us` that end and are followed by others: nothing that was said before is said otherwise (OFR's rules)."""

from __future__ import annotations

from functools import cache

import msgspec
import numpy as np
import pandas as pd
import pytest

from evaluation import panel
from evaluation.replay import Replay
from models.publication import Published
from schemas.indicator import Indicator
from schemas.market import Market
from schemas.market_file import load
from schemas.reading import Details

DAYS = pd.bdate_range("2018-01-02", "2020-06-30")
ENDS = pd.Timestamp("2019-12-31")
AHEAD, STALE = pd.Timedelta("2D"), pd.Timedelta("14D")
"""A spread is public a working day later, and too old eight days after that."""

FOLLOWED = [
    ("TEDRATE", "TED spread", "SOFR over the bill"),
    ("HY_OAS", "High-yield spread, rise from its two-year low", "Baa spread, rise from its two-year low"),
]


@cache
def us() -> Market:
    """The shipped market without its scores, which are no part of the index."""
    market = load("us")
    return market.model_copy(update={"scores": market.scores.model_copy(update={"enabled": False})})


@cache
def columns() -> dict[str, pd.Series[float]]:
    """Random walks of every daily instrument, each at a level of its own."""
    rng, found = np.random.default_rng(7), dict[str, "pd.Series[float]"]()
    for one in us().instrument:
        steps = np.cumsum(rng.standard_normal(len(DAYS)))
        walk = 100 * np.exp(0.01 * steps) if one.kind == "price" else 4 + 0.02 * steps
        found[one.name] = pd.Series(walk, DAYS)
    return found


def said(market: Market, ended: str | None = None) -> dict[pd.Timestamp, Published]:
    inputs = {name: values[:ENDS] if name == ended else values for name, values in columns().items()}
    return {pd.Timestamp(p.at_us, unit="us"): p for p in Replay(market).run(panel.arrange(market, inputs))}


def acts(of: str, final: Published) -> bool:
    rows = msgspec.json.decode(final.details or b"", type=Details).indicators
    return next(row.contribution != 0 for row in rows if row.name == of)


@pytest.mark.parametrize(("ended", "before", "after"), FOLLOWED)
def test_a_successor_takes_the_role_and_the_past_stands(ended: str, before: str, after: str) -> None:
    on, off = said(us()), said(us(), ended)
    known = [at for at in on if at < ENDS + AHEAD]
    assert len(known) > 450
    assert [off[at] for at in known] == [on[at] for at in known]
    assert not any(acts(after, one) for at, one in on.items() if at > DAYS[300]), "it waits"
    late = [one for at, one in off.items() if at > ENDS + STALE]
    assert len(late) > 100
    assert not any(acts(before, one) for one in late)
    assert np.mean([acts(after, one) for one in late]) > 0.5, "a score at its lowest contributes nothing"


@pytest.mark.parametrize(("ended", "before", "after"), FOLLOWED)
def test_a_successor_that_is_added_later_changes_nothing_before_it_acts(ended: str, before: str, after: str) -> None:
    def index(market: Market) -> dict[pd.Timestamp, object]:
        return {at: msgspec.json.decode(one.reading)["index"] for at, one in said(market, ended).items()}

    with_it, without = index(us()), index(_without(us(), after))
    assert [with_it[at] for at in with_it if at < ENDS] == [without[at] for at in with_it if at < ENDS]
    assert [with_it[at] for at in with_it if at > ENDS + STALE] != [without[at] for at in with_it if at > ENDS + STALE]
    assert before != after


def _without(market: Market, name: str) -> Market:
    def kept(indicators: tuple[Indicator, ...]) -> tuple[Indicator, ...]:
        return tuple(one for one in indicators if one.name != name)

    segments = tuple(s.model_copy(update={"indicator": kept(s.indicator)}) for s in market.segment)
    return market.model_copy(update={"segment": segments})


def test_an_input_that_is_added_changes_no_index_before_it_has_a_score() -> None:
    """A new instrument in a segment of its elders: until its 250 finals are over nobody hears of it."""
    begins = pd.Timestamp("2018-09-03")
    elder = next(i for i in us().instrument if i.name == "SPX")
    indicator = us().segment[0].indicator[3].model_copy(update={"name": "New", "of": ("NEW",)})
    first = us().segment[0].model_copy(update={"indicator": (*us().segment[0].indicator, indicator)})
    instruments = (*us().instrument, elder.model_copy(update={"name": "NEW"}))
    wider = us().model_copy(update={"instrument": instruments, "segment": (first, *us().segment[1:])})
    inputs = columns() | {"NEW": columns()["NDX"][begins:]}
    found = {pd.Timestamp(p.at_us, unit="us"): p for p in Replay(wider).run(panel.arrange(wider, inputs))}
    before, after = (
        {at: msgspec.json.decode(one.reading)["index"] for at, one in of.items()} for of in (said(us()), found)
    )
    changed = [at for at in before if after[at] != before[at]]
    scored = [at for at in before if at >= begins][250]
    assert min(changed) >= scored
    assert len(changed) > 100
