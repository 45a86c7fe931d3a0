"""All steps together: the tape decides, not its batches; a restart changes nothing; history reads as it was."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from models.pipeline import Pipeline, steps
from models.publication import Published
from schemas.bars import BarColumns, Partial
from schemas.market import Market
from schemas.market_file import load, shipped
from schemas.reading import Reading, decode_reading
from tests.models import tape

MARKET = tape.market()


def run(market: Market, partials: list[Partial], partitions: int = 2) -> list[Published]:
    pipeline = Pipeline(market, partitions)
    return [p for partial in partials for p in pipeline.feed(partial)]


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_market_has_its_steps(name: str) -> None:
    names = [stage.name for stage in steps(load(name), 4)]
    assert names == ["merge", "path", "volatility", "correlation", "indicators", "index", "scores", "publication"]
    assert [s.name for s in steps(load(name), 4) if s.always_update] == ["merge", "path"]


def test_a_restart_at_any_partial_gives_the_same_bytes() -> None:
    partials = tape.partials(120)
    whole = run(MARKET, partials)
    for cut in (1, 77, 160):
        first, second = Pipeline(MARKET, 2), Pipeline(MARKET, 2)
        said = [p for x in partials[:cut] for p in first.feed(x)]
        second.restore(pickle.loads(pickle.dumps(first.snapshot())))
        assert said + [p for x in partials[cut:] for p in second.feed(x)] == whole


def test_partitions_in_another_order_give_the_same_bytes() -> None:
    partials = tape.partials(120)
    swapped = [partials[n ^ 1] for n in range(len(partials))]
    assert run(MARKET, swapped) == run(MARKET, partials)


def test_a_provisional_reading_at_the_close_is_the_final() -> None:
    """Peeks say what the close would say: drop the flag of a final and nothing else changes."""
    pipeline, found = Pipeline(MARKET, 2), 0
    for partial in tape.partials(200):
        for window in pipeline.stages[0].step.update(partial):
            if window.final:
                kept = pickle.loads(pickle.dumps(pipeline.snapshot()))
                other = Pipeline(MARKET, 2)
                other.restore(kept)
                item: Any = window
                for _, step, _ in other.stages[1:]:
                    item = step.peek(item)
                assert item == pipeline.follow(window)
                found += 1
            else:
                pipeline.follow(window)
    assert found == 20


def test_the_order_of_instruments_does_not_matter() -> None:
    order = [3, 0, 5, 1, 4, 2]
    permuted = tape.market(instrument=[MARKET.instrument[c].model_dump() for c in order])
    place = np.argsort(order).astype(np.int32)
    partials = tape.partials(300)
    moved = [
        Partial(p.partition, p.reached_us, BarColumns(place[p.bars.code], *p.bars.columns()[1:])) for p in partials
    ]
    for a, b in zip(run(MARKET, partials), run(permuted, moved), strict=True):
        one, two = decode_reading(a.reading), decode_reading(b.reading)
        assert one.index == pytest.approx(two.index, abs=1e-9)
        assert one.contributions == pytest.approx(two.contributions, abs=1e-9)
        assert (one.at, one.percentile, one.coverage, one.staleness) == (two.at, two.percentile, two.coverage,
                                                                        two.staleness)  # fmt: skip


def test_the_future_does_not_reach_back() -> None:
    partials = tape.partials(150)
    other = tape.partials(150, seed=8)
    assert (
        run(MARKET, partials[:200]) == run(MARKET, [*partials[:200], *other[200:]])[: len(run(MARKET, partials[:200]))]
    )


@pytest.fixture(scope="module")
def history() -> list[Reading]:
    """The shipped daily history through the cores, bars as the feed would give them."""
    source = pytest.importorskip("dataflows.sources.history", reason="the history's source is not installed")
    market = load("us-open")
    table = source.bars(market)
    pipeline = Pipeline(market, 1)
    grid_us = np.full((len(table), 6), np.iinfo(np.int64).min)
    grid_us[:, -1] = table.end_us
    grid_price = np.zeros((len(table), 6))
    grid_price[:, -1] = table.close
    ints = {name: table[name].to_numpy(np.int64) for name in ("start_us", "available_us", "count")}
    prices = [table[name].to_numpy(np.float64) for name in ("open", "high", "low", "volume")]
    bars = BarColumns(
        table.code.to_numpy(np.int32), ints["start_us"], ints["available_us"], ints["start_us"],
        prices[0], prices[1], prices[2], prices[3],
        ints["count"], grid_us, grid_price,
    )  # fmt: skip
    cuts = np.flatnonzero(np.diff(bars.end_us)) + 1
    published = []
    for start, stop in zip([0, *cuts], [*cuts, len(bars)], strict=True):
        rows = np.arange(start, stop)
        published += pipeline.feed(Partial(0, bars.end_us[start : start + 1], bars.take(rows)))
    return [decode_reading(p.reading) for p in published]


def test_the_history_is_high_in_crises_and_low_in_calm_years(history: list[Reading]) -> None:
    def mean(years: tuple[str, ...]) -> float:
        values = [r.index for r in history if r.at[:4] in years and r.index is not None]
        return sum(values) / len(values)

    known = [r for r in history if r.index is not None]
    highest = max(known, key=lambda r: r.index or 0.0)
    assert "2008-09" <= highest.at[:7] <= "2009-06"
    assert len(history) == 5031
    calm = max(mean(("2005", "2006")), mean(("2017",)))
    assert calm < 8 < mean(("2011",)) < mean(("2002",)) < mean(("2009",))


def test_the_history_says_what_it_lacks(history: list[Reading]) -> None:
    assert all("warming_up" in r.flags for r in history[:200])
    before_vix = [r for r in history if "2006" <= r.at[:4] <= "2012"]
    assert all("degraded" in r.flags and r.coverage < 1 for r in before_vix)
    assert not any("degraded" in r.flags for r in history if r.at.startswith("2017"))
    assert all(r.final for r in history)
