"""One partition of a feed: offset and open bars saved together, progress committed two epochs later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bytewax.inputs import AbortExecution

from dataflows import kafka as clients
from dataflows import source as module
from dataflows.config import FlowConfig, FlowError
from dataflows.source import FeedPartition, FeedSource, _for_market, reader_of
from dataflows.sources.control import send
from schemas import json_wire, names
from schemas.bars import Partial
from schemas.control import NOTE, Control
from tests import servers
from tests.dataflows import tape
from tests.dataflows.flows import produce, rejected


@pytest.fixture(scope="module")
def content() -> list[list[tape.Record]]:
    return tape.records(tape.rows(20), "arrow")


def config(bootstrap: str, feed: str, **more: Any) -> FlowConfig:
    markets = more.pop("markets", (tape.market(feed),))
    return FlowConfig(feed, markets, bootstrap, "unused", Path("state"), **more)


def drain(part: FeedPartition, ready: Callable[[], bool]) -> list[Any]:
    """What a partition gives until it is ready."""
    given: list[Any] = []

    def done() -> bool:
        given.extend(part.next_batch())
        return ready()

    servers.wait_until(done, 20, "the records")
    return given


def joined(given: list[Any], market: str = "tape") -> tuple[list[int], float]:
    """Last time reached and all volume of one market."""
    partials: list[Partial] = [partial for key, (_, partial, _) in given if key == market]
    return sorted({int(t) for p in partials for t in p.reached_us}), sum(float(p.bars.volume.sum()) for p in partials)


def test_a_partition_goes_on_from_its_state_as_if_nothing_had_been(
    kafka: servers.Kafka, unique_name: str, content: list[list[tape.Record]]
) -> None:
    settings, end = config(kafka.bootstrap, unique_name), len(content[0])
    produce(kafka.bootstrap, unique_name, [part[: len(part) // 2] for part in content])
    whole = FeedPartition(settings, 0, None)
    first = drain(whole, lambda: whole._offset == end // 2)
    state = whole.snapshot()
    assert state["offset"] == end // 2
    produce(kafka.bootstrap, unique_name, [part[len(part) // 2 :] for part in content])
    undisturbed = drain(whole, lambda: whole._offset == end)
    whole.close()
    resumed = FeedPartition(settings, 0, state)
    again = drain(resumed, lambda: resumed._offset == end)
    assert joined(again) == joined(undisturbed)
    assert joined(first)[1] > 0
    resumed.snapshot()
    resumed.close()
    assert {(offset, reason) for part, offset, reason, *_ in rejected(kafka.bootstrap, unique_name) if part == 0}


def test_progress_is_committed_when_it_is_two_saves_old(
    mock_broker: servers.MockBroker, unique_name: str, content: list[list[tape.Record]]
) -> None:
    settings, end = config(mock_broker.bootstrap, unique_name, incarnation="i"), len(content[0])
    produce(mock_broker.bootstrap, unique_name, content)
    part, watcher = FeedPartition(settings, 0, None), reader_of(settings)

    def committed() -> clients.Progress:
        return clients.progress(watcher, settings.topic, 4)[0]

    servers.wait_until(lambda: committed().offset == 0, 10, "the first word")
    assert committed() == clients.Progress(0, None, None, "i")
    drain(part, lambda: part._offset == end)
    part.snapshot()
    part.snapshot()
    assert committed().offset == 0
    part.snapshot()
    servers.wait_until(lambda: committed().offset == end, 10, "the commit")
    closed = part._fold.closed_us
    assert committed() == clients.Progress(end, closed, closed // 1_000_000 * 1_000_000, "i")
    part.close()
    watcher.close()


def test_a_broker_that_forgot_is_read_from_its_start_with_open_bars_dropped(
    mock_broker: servers.MockBroker, unique_name: str, content: list[list[tape.Record]]
) -> None:
    produce(mock_broker.bootstrap, unique_name, content)
    part = FeedPartition(config(mock_broker.bootstrap, unique_name, incarnation="first"), 0, None)
    drain(part, lambda: part._offset > 0)
    state = part.snapshot()
    closed = part._fold.closed_us
    part.close()
    second = FeedPartition(config(mock_broker.bootstrap, unique_name, incarnation="second"), 0, state)
    assert second._offset == 0
    assert second._fold.closed_us == second._fold.time_us == closed
    assert second.snapshot()["incarnation"] == "second"
    second.close()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"incarnation": "elsewhere"}, "counts offsets of Kafka cluster elsewhere"),
        ({"offset": 1_000_000}, r"offset 1000000 of .*/0 is gone: the broker has 0 to \d+"),
    ],
)
def test_a_state_that_fits_no_longer_is_refused_with_the_remedy(
    kafka: servers.Kafka, unique_name: str, content: list[list[tape.Record]], change: dict[str, Any], says: str
) -> None:
    settings = config(kafka.bootstrap, unique_name)
    produce(kafka.bootstrap, unique_name, [part[:2] for part in content])
    part = FeedPartition(settings, 0, None)
    state = part.snapshot()
    part.close()
    with pytest.raises(FlowError, match=says):
        FeedPartition(settings, 0, state | change)


def test_every_market_of_a_feed_gets_its_own_instruments(
    mock_broker: servers.MockBroker, unique_name: str, content: list[list[tape.Record]]
) -> None:
    first = tape.market(unique_name)
    some = first.model_copy(update={"name": "some", "instrument": (first.instrument[5], first.instrument[0])})
    produce(mock_broker.bootstrap, unique_name, content)
    part = FeedPartition(config(mock_broker.bootstrap, unique_name, markets=(first, some), incarnation="i"), 1, None)
    given = drain(part, lambda: part._offset == len(content[1]))
    part.close()
    for code_of_some, code in ((0, 5), (1, 0)):
        volumes = [
            sum(float(p.bars.volume[p.bars.code == wanted].sum()) for key, (_, p, _) in given if key == name)
            for name, wanted in (("some", code_of_some), ("tape", code))
        ]
        assert volumes[0] == volumes[1] > 0
    assert {int(c) for key, (_, p, _) in given if key == "some" for c in np.unique(p.bars.code)} <= {0, 1}
    assert joined(given, "some")[0] == joined(given, "tape")[0]


def test_once_asked_to_stop_it_reads_nothing_and_leaves_after_two_quiet_saves(
    mock_broker: servers.MockBroker, unique_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients.ensure_topic(mock_broker.bootstrap, names.ticks_topic(unique_name), 4)
    part = FeedPartition(config(mock_broker.bootstrap, unique_name, incarnation="i"), 0, None)
    monkeypatch.setattr(module.stopping, "asked", lambda: True)
    for _ in range(3):
        assert list(part.next_batch()) == []
        part.snapshot()
    with pytest.raises(AbortExecution):
        part.next_batch()
    part.close()


def test_records_lost_before_they_were_read_are_a_clear_stop(
    own_mock_broker: servers.MockBroker, unique_name: str
) -> None:
    """The embedded broker drops what nobody paced; that is never passed over in silence."""
    feed = names.ticks_topic(unique_name)
    clients.ensure_topic(own_mock_broker.bootstrap, feed, 4)
    sender = clients.producer(own_mock_broker.bootstrap)
    sender.produce(feed, json_wire.encode_tock(tape.START_US), partition=0, headers={"content-type": names.TOCK_JSON})
    assert sender.flush(10) == 0
    settings = config(own_mock_broker.bootstrap, unique_name, incarnation="i")
    part = FeedPartition(settings, 0, None)
    state = part.snapshot()
    part.close()
    for _ in range(150):
        sender.produce(feed, bytes(65_536), partition=0)
    assert sender.flush(10) == 0
    with pytest.raises(FlowError, match=r"offset 0 of .* is gone"):
        FeedPartition(settings, 0, state)


def test_partitions_are_named_so_that_they_sort_and_a_broken_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = config("127.0.0.1:1", "gone", partitions=12)
    assert FeedSource(settings).list_parts() == sorted(FeedSource(settings).list_parts())
    assert FeedSource(settings).list_parts()[11] == "00011"

    def broken(*_: object) -> None:
        raise module.KafkaException("no way")

    monkeypatch.setattr(module, "FeedPartition", broken)
    with pytest.raises(FlowError, match=r"partition 11 of esi\.ticks\.v1\.gone cannot be opened: no way"):
        FeedSource(settings).build_part("read", "00011", None)


@pytest.mark.parametrize(
    ("market", "heard"), [("tape", ["one", "all"]), ("tape~r1", ["one", "all"]), ("other", ["all"])]
)
def test_a_control_record_goes_to_the_markets_that_it_is_for(market: str, heard: list[str]) -> None:
    controls = (Control(NOTE, "one", "x", "tape"), Control(NOTE, "all", "y"))
    assert [control.name for control in _for_market(controls, market)] == heard


def test_a_control_record_leaves_even_where_no_time_moves(
    mock_broker: servers.MockBroker, unique_name: str, content: list[list[tape.Record]]
) -> None:
    clients.ensure_topic(mock_broker.bootstrap, names.ticks_topic(unique_name), len(content))
    part = FeedPartition(config(mock_broker.bootstrap, unique_name, incarnation="i"), 0, None)
    send(mock_broker.bootstrap, unique_name, Control(NOTE, "desk", "before the first tick"))
    ((market, (_, partial, _)),) = drain(part, lambda: part._offset == 1)
    assert (market, partial.partition, len(partial.reached_us), len(partial.bars)) == ("tape", 0, 0, 0)
    assert partial.controls == (Control(NOTE, "desk", "before the first tick"),)
    part.close()
