"""Two decades of real days: in order, nothing before it was public, resumed where it stopped."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from dataflows.champions import Due
from dataflows.sources import history
from dataflows.sources.history import HistoryConfig
from dataflows.sources.sender import SenderConfig
from schemas import json_wire, names
from schemas.control import MODEL_PROMOTED, Control
from schemas.control_wire import decode_control
from schemas.instruments import Instruments
from schemas.ticks_wire import decode_bars
from tests import servers
from tests.dataflows.test_cards import shipped
from tests.dataflows.topics import Follower, Found, contents

MARKET = shipped("us-open")
NAMES = tuple(i.name for i in MARKET.instrument)
DAY_US = 86_400_000_000


def us(year: int, month: int, day: int, hour: int = 0) -> int:
    return int(dt.datetime(year, month, day, hour, tzinfo=dt.UTC).timestamp()) * 1_000_000


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return history.bars(MARKET)


def closed(record: Found) -> int | None:
    return json_wire.decode_tock(record.raw) if record.kind == names.TOCK_JSON else None


def test_the_history_is_whole_ordered_and_public(table: pd.DataFrame) -> None:
    assert table.available_us.is_monotonic_increasing
    assert us(1999, 1, 4, 21) == table.available_us.iloc[0]
    assert us(2018, 12, 31, 21) == table.available_us.iloc[-1]
    assert (table.available_us >= table.end_us).all()
    assert (table.end_us > table.start_us).all()
    prices = table[["open", "high", "low", "close"]]
    assert np.isfinite(prices.to_numpy()).all()
    assert not table.duplicated(["code", "start_us"]).any()
    assert set(table.code) == set(range(len(NAMES)))


def test_a_daily_bar_ends_with_its_session_and_a_monthly_one_waits_for_its_lag(table: pd.DataFrame) -> None:
    index = table[table.code == NAMES.index("SPX")]
    assert len(index) == 5031  # sessions of New York from 1999 to 2018
    assert (index.available_us == index.end_us).all()
    assert us(2001, 9, 12, 0) not in set(index.start_us)
    assert us(2018, 12, 24, 18) in set(index.end_us)  # a short day
    yields = table[table.code == NAMES.index("AAA")]
    assert (yields.available_us - yields.start_us == 35 * DAY_US).all()
    assert 238 <= len(yields) <= 240


def test_known_prices_stand_at_their_days(table: pd.DataFrame) -> None:
    index = table[table.code == NAMES.index("SPX")].set_index("start_us")
    assert index.close[us(2008, 10, 15)] == pytest.approx(907.84, abs=0.01)
    assert index.close[us(1999, 1, 4)] == pytest.approx(1228.10, abs=0.01)


def test_no_bar_is_sent_before_its_time_and_none_twice_after_a_stop(
    mock_broker: servers.MockBroker, unique_name: str, table: pd.DataFrame
) -> None:
    told: list[tuple[int, int]] = []
    topic = names.ticks_topic(unique_name)
    sender = SenderConfig(mock_broker.bootstrap, unique_name, stop=lambda: False)

    def crash(done: int, everything: int) -> None:
        told.append((done, everything))
        if len(told) in (40, 90):
            raise KeyboardInterrupt

    with Follower(mock_broker.bootstrap, unique_name, closed=closed):
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                history.send(HistoryConfig(sender, MARKET, crash))
        end_us = history.send(HistoryConfig(sender, MARKET, crash))
    assert end_us == us(2018, 12, 31, 21)
    assert told[-1] == (5031, 5031)
    known = Instruments(NAMES)
    for number, part in enumerate(contents(mock_broker.bootstrap, topic)):
        passed, found = -1, []
        for record in part:
            if record.kind == names.TOCK_JSON:
                passed = json_wire.decode_tock(record.raw)
                assert not found or found[-1][1] <= passed
                continue
            batch = decode_bars(record.raw, known)
            assert (batch.available_us > passed).all()
            found += list(zip(batch.code.tolist(), batch.available_us.tolist(), batch.close.tolist(), strict=True))
        mine = table[table.code % 4 == number]
        assert found == list(zip(mine.code, mine.available_us, mine.close, strict=True))
        assert passed == end_us


ORDER = Due(us(2015, 4, 1, 20), Control(MODEL_PROMOTED, "lstm", "1:1", "us-open"))


def test_an_order_stands_behind_what_its_model_was_taught_by(
    mock_broker: servers.MockBroker, unique_name: str, table: pd.DataFrame
) -> None:
    """Stopped right behind the order, and going on: said again at most, in the same place; and never later on."""
    sender = SenderConfig(mock_broker.bootstrap, unique_name, stop=lambda: False)
    told: list[int] = []

    def crash(done: int, _all: int) -> None:
        told.append(done)
        if done in {4074, 4095} and told.count(done) == 1:  # the chunks before and behind the order
            raise KeyboardInterrupt

    config = HistoryConfig(sender, MARKET, crash, (ORDER,))
    with Follower(mock_broker.bootstrap, unique_name, closed=closed):
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                history.send(config)
        history.send(config)
    first, *others = contents(mock_broker.bootstrap, names.ticks_topic(unique_name))
    (at,) = [n for n, one in enumerate(first) if one.kind == names.CONTROL_JSON]
    assert decode_control(first[at].raw) == ORDER.control
    before, behind = (closed(first[n]) for n in (at - 1, at + 2))
    assert before is not None
    assert behind is not None
    assert us(2015, 4, 1) < before < us(2015, 5, 10)
    assert behind > before
    assert all(one.kind != names.CONTROL_JSON for part in others for one in part)


def test_an_order_is_said_again_where_nothing_behind_it_is_there(
    mock_broker: servers.MockBroker, unique_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = SenderConfig(mock_broker.bootstrap, unique_name, stop=lambda: False)
    real, calls = history._send_chunk, []

    def stops(*given: object) -> None:
        calls.append(given[3])
        if len(calls) == 3:  # the second chunk, whose order has been sent
            given[0].flush()  # type: ignore[attr-defined] # the sender
            raise KeyboardInterrupt
        real(*given)  # type: ignore[arg-type] # passed on

    monkeypatch.setattr(history, "_send_chunk", stops)
    early = Due(us(1999, 2, 20), ORDER.control)
    with Follower(mock_broker.bootstrap, unique_name, closed=closed):
        with pytest.raises(KeyboardInterrupt):
            history.send(HistoryConfig(sender, MARKET, orders=(early,)))
        history.send(HistoryConfig(sender, MARKET, orders=(early,)))
    first = contents(mock_broker.bootstrap, names.ticks_topic(unique_name))[0]
    at = [n for n, one in enumerate(first) if one.kind == names.CONTROL_JSON]
    assert len(at) == 2
    assert at[1] == at[0] + 1


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "find_spec", lambda _name: None)
    with pytest.raises(ModuleNotFoundError, match="pip install arch"):
        history.bars(MARKET)
