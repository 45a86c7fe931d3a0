"""The benchmarks of many instruments and markets do what they say, and their picture shows what was measured."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hdrh.histogram import HdrHistogram

from bench import gaps, instruments, markets, plots, results, stalls
from bench.case import Figure
from schemas.instruments import Instruments
from schemas.market_file import parse
from schemas.ticks_wire import decode_ticks


def test_a_tick_and_a_reading_take_their_time() -> None:
    taken = instruments.taken(10, records=130, warm_up=100)
    assert taken.tick > 0
    assert taken.reading > 0
    assert taken.whole == pytest.approx(taken.tick + taken.reading)  # a million ticks a minute


@pytest.mark.parametrize("count", [10, 2_500])
def test_all_instruments_are_read_by_an_indicator(count: int) -> None:
    market = parse(instruments.market_text(count).encode(), "bench.toml")
    read = [name for segment in market.segment for indicator in segment.indicator for name in indicator.of]
    assert sorted(read) == sorted(i.name for i in market.instrument)
    assert len(read) == count


def test_pairs_are_those_of_numpy() -> None:
    assert len(instruments.pairs(series=12, repeats=2)) == 2


def test_a_hundred_markets_share_the_instruments_of_one() -> None:
    many = {name: parse(text.encode(), name) for name, text in markets.texts(100).items()}
    (one,) = (parse(text.encode(), name) for name, text in markets.texts(1).items())
    assert [market.name for market in many.values()] == list(many)
    assert [i.name for market in many.values() for i in market.instrument] == [i.name for i in one.instrument]
    assert {market.feed for market in (one, *many.values())} == {markets.FEED}


def test_every_instrument_has_one_partition() -> None:
    heaps = stalls.heaps()
    known = Instruments(tuple(i.name for i in parse(instruments.market_text(stalls.COUNT).encode(), "x").instrument))
    codes = [set(decode_ticks(heap.record(0), known).code.tolist()) for heap in heaps]
    assert [{code % stalls.PARTITIONS for code in part} for part in codes] == [{0}, {1}, {2}, {3}]


def test_gaps_around_a_save_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gaps, "WARM_UP", -1.0)
    noted = gaps.Noted(tmp_path / gaps.GAPS)
    noted.leave()
    noted.enter()
    noted.leave()
    noted.saving()
    time.sleep(0.02)
    noted.enter()
    for _ in range(gaps.LOOKS):
        noted.leave()
        noted.enter()
    told = {name: gaps.told_of(found) for name, found in (("saves", noted.saves), ("others", noted.others))}
    assert (told["saves"]["count"], told["others"]["count"]) == (gaps.LOOKS, 2)
    assert told["saves"]["p100"] >= 20
    assert noted.saves_own.get_max_value() <= noted.saves.get_max_value()
    assert json.loads((tmp_path / gaps.GAPS).read_text())["others"]["count"] == 0  # as it was at the first look


def test_percentiles_are_told_in_milliseconds() -> None:
    found = HdrHistogram(1, gaps.LONGEST_US, 3)
    for value in (1_000, 2_000, 3_000):
        found.record_value(value)
    assert gaps.told_of(found)["p50"] == pytest.approx(2, rel=0.01)


def test_the_picture_shows_the_newest_values(tmp_path: Path) -> None:
    for at, factor in (("2026-01-01", 1.0), ("2026-01-02", 2.0)):
        names = [f"instruments/{kind}_{count}" for kind in ("tick", "reading") for count in instruments.COUNTS]
        figures = [Figure(name, (factor * place,), "ns") for place, name in enumerate(names, start=1)]
        run = results.document(figures, {}, at, "somewhere") | {"at": f"{at}T00:00:00+00:00"}
        (tmp_path / f"{at}.json").write_text(json.dumps(run))
    assert plots.newest(tmp_path)["instruments/tick_100"] == 4
    (file,) = plots.write(tmp_path, tmp_path)
    text = file.read_text()
    assert text.startswith("<svg")
    assert "its share of the reading" in text
    assert "10,000" in text
