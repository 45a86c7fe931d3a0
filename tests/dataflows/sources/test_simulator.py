"""The simulator: the same ticks for the same event times, whoever starts it and whenever."""

from __future__ import annotations

import time

import numpy as np
import pytest

from dataflows import kafka as clients
from dataflows.sources import simulator
from dataflows.sources.sender import SenderConfig
from dataflows.sources.simulator import CATCH_UP_US, SimulatorConfig
from dataflows.sources.synthetic import SECOND_US, Synthetic
from schemas import names
from schemas.instruments import Instruments
from schemas.ticks_wire import decode_ticks
from tests import servers
from tests.dataflows.test_cards import shipped
from tests.dataflows.topics import PARTITIONS, Found, contents

SIM = shipped("sim")
NAMES = tuple(i.name for i in SIM.instrument)
Tick = tuple[int, int, float, float]


def now_s() -> int:
    return int(time.time())


def simulate(bootstrap: str, feed: str, genesis_s: int, seconds: float, **more: object) -> None:
    """Runs it for some seconds of wall time."""
    end = time.time() + seconds
    given = {"seed": 5, "rate": 200, "warm_up_us": 20 * SECOND_US, "incarnation": ""} | more
    sender = SenderConfig(bootstrap, feed, str(given.pop("incarnation")), stop=lambda: time.time() > end)
    simulator.run(SimulatorConfig(sender, SIM, genesis_us=genesis_s * SECOND_US, **given))  # type: ignore[arg-type]


def ticks(records: list[Found]) -> list[Tick]:
    """Ticks of one partition, in record order."""
    known, found = Instruments(NAMES), []
    for record in records:
        if record.kind == names.TICKS_ARROW:
            batch = decode_ticks(record.raw, known)
            columns = (batch.ts_us, batch.code, batch.price, batch.size)
            found += list(zip(*(c.tolist() for c in columns), strict=True))
    return found


def wanted(genesis_s: int, from_us: int, to_us: int, partition: int, seed: int = 5) -> list[Tick]:
    """Ticks of one partition from a time on and before another, straight from the source."""
    source, found = Synthetic(SIM, seed, 200, genesis_s * SECOND_US), []
    for second in range(from_us // SECOND_US, -(-to_us // SECOND_US)):
        made = source.second(second)
        mine = made["instrument"] % PARTITIONS == partition
        columns = (made["ts_us"], made["instrument"], made["price"], made["size"])
        found += list(zip(*(c[mine].tolist() for c in columns), strict=True))
    return [tick for tick in found if from_us <= tick[0] < to_us]


def until(records: list[Found]) -> int:
    return records[-1].until_us or 0


def test_it_sends_the_past_then_ticks_with_the_wall_clock(mock_broker: servers.MockBroker, unique_name: str) -> None:
    genesis = now_s() - 10
    simulate(mock_broker.bootstrap, unique_name, genesis, 2.0)
    ended = time.time()
    for partition, records in enumerate(contents(mock_broker.bootstrap, names.ticks_topic(unique_name))):
        assert ticks(records) == wanted(genesis, (genesis - 20) * SECOND_US, until(records), partition)
        assert ended - 4 < until(records) / 1e6 <= ended
        tocks = [r.until_us for r in records if r.kind == names.TOCK_JSON]
        assert tocks == sorted(set(tocks))


def test_another_start_sends_the_same_ticks(mock_broker: servers.MockBroker, unique_name: str) -> None:
    genesis = now_s() - 10
    both = []
    for start in (20, 7):
        feed = f"{unique_name}-{start}"
        simulate(mock_broker.bootstrap, feed, genesis, 0.7, warm_up_us=start * SECOND_US)
        both.append(contents(mock_broker.bootstrap, names.ticks_topic(feed)))
    for early, late in zip(*both, strict=True):
        from_us, to_us = (genesis - 7) * SECOND_US, min(until(early), until(late))
        common = [[tick for tick in ticks(part) if from_us <= tick[0] < to_us] for part in (early, late)]
        assert common[0] == common[1]
        assert len(common[0]) > 100


def test_a_restart_sends_nothing_twice_and_omits_nothing(mock_broker: servers.MockBroker, unique_name: str) -> None:
    genesis = now_s() - 5
    for seconds in (0.8, 0.5, 1.3):
        simulate(mock_broker.bootstrap, unique_name, genesis, seconds)
    for partition, records in enumerate(contents(mock_broker.bootstrap, names.ticks_topic(unique_name))):
        assert ticks(records) == wanted(genesis, (genesis - 20) * SECOND_US, until(records), partition)


def test_a_broker_that_lost_its_memory_is_filled_again_from_where_the_flow_stands(
    own_mock_broker: servers.MockBroker, unique_name: str
) -> None:
    genesis = now_s() - 10
    simulate(own_mock_broker.bootstrap, unique_name, genesis, 0.8)
    before = contents(own_mock_broker.bootstrap, names.ticks_topic(unique_name))
    own_mock_broker.restart()
    topic = names.ticks_topic(unique_name)
    assert clients.ensure_topic(own_mock_broker.bootstrap, topic, PARTITIONS) == PARTITIONS
    flow = clients.consumer(own_mock_broker.bootstrap, names.flow_group(unique_name))
    stood = [(genesis - 3 + partition) * SECOND_US for partition in range(PARTITIONS)]
    for partition, at_us in enumerate(stood):
        clients.Progress(0, at_us, at_us, "second").commit(flow, topic, partition)
    servers.wait_until(lambda: all(p.offset == 0 for p in clients.progress(flow, topic, PARTITIONS)), 10, "commits")
    simulate(own_mock_broker.bootstrap, unique_name, genesis, 0.8, incarnation="second")
    flow.close()
    for partition, records in enumerate(contents(own_mock_broker.bootstrap, topic)):
        assert ticks(records) == wanted(genesis, stood[partition], until(records), partition)
        again = [tick for tick in ticks(before[partition]) if tick[0] >= stood[partition]]
        assert ticks(records)[: len(again)] == again


@pytest.mark.parametrize("away_s", [10, 3600])
def test_after_a_long_pause_only_the_last_minutes_are_sent(away_s: int) -> None:
    config = SimulatorConfig(SenderConfig("", "f"), SIM, 1, 100, genesis_us=0)
    stood = (now_s() - away_s) * SECOND_US
    start = simulator._start(config, [stood] * 4)
    if away_s * SECOND_US < CATCH_UP_US:
        assert start == [stood] * 4
    else:
        np.testing.assert_allclose(start, time.time() * 1e6 - CATCH_UP_US, atol=3e6)


def test_a_feed_that_holds_nothing_begins_before_genesis() -> None:
    config = SimulatorConfig(SenderConfig("", "f"), SIM, 1, 100, genesis_us=5000 * SECOND_US)
    assert simulator._start(config, [None] * 4) == [2000 * SECOND_US] * 4
    recent = now_s() * SECOND_US
    assert simulator._start(config, [None, recent]) == [2000 * SECOND_US, recent]
