"""Tocks: multiples of their pace, to every partition, never back."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest

from dataflows.sources import tock
from dataflows.sources.sender import SenderConfig
from dataflows.sources.tock import TockConfig
from tests import servers
from tests.dataflows.topics import contents


def test_every_partition_hears_the_wall_clock(mock_broker: servers.MockBroker, unique_name: str) -> None:
    began = time.time()
    config = SenderConfig(mock_broker.bootstrap, unique_name, stop=lambda: time.time() > began + 1.2)
    tock.run(TockConfig(config, 100_000))
    parts = contents(mock_broker.bootstrap, config.topic)
    heard = [[json.loads(record.raw)["ts_us"] for record in part] for part in parts]
    assert heard[0] == heard[1] == heard[2] == heard[3] == sorted(set(heard[0]))
    assert 1 < len(heard[0]) <= 13
    assert all(ts % 100_000 == 0 for ts in heard[0])
    assert began - 0.1 <= heard[0][0] / 1e6 <= heard[0][-1] / 1e6 <= time.time()
    assert [record.until_us for record in parts[0]] == heard[0]


@pytest.mark.parametrize("clock_us", [[1_000_000, 1_250_000, 1_500_000, 900_000, 1_400_000, 1_750_001, 1_760_000]])
def test_a_wall_clock_that_is_set_back_sends_nothing_twice(
    clock_us: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    left, sent, slept = list(clock_us), [], []

    def sender(_config: Any) -> Any:
        return SimpleNamespace(tock=sent.append, flush=lambda: None, partitions=4)

    clock = SimpleNamespace(time_ns=lambda: left.pop(0) * 1000, sleep=slept.append)
    monkeypatch.setattr(tock, "time", clock)
    monkeypatch.setattr(tock, "Sender", sender)
    tock.run(TockConfig(SenderConfig("", "f", stop=lambda: not left)))
    assert sent == [1_000_000, 1_250_000, 1_500_000, 1_750_000]
    assert all(0 < nap <= 0.25 for nap in slept)
