"""Which lane a partition is read by."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from dataflows import lanes
from dataflows.config import FlowConfig, FlowError
from dataflows.drain import native
from dataflows.drain.lane import FastLane
from tests import servers
from tests.dataflows import tape


@pytest.fixture(autouse=True)
def fresh() -> None:
    lanes._chosen.cache_clear()


def opened(bootstrap: str, lane: str) -> type:
    config = FlowConfig("f", (tape.market("f"),), bootstrap, "unused", Path("state"))
    found = lanes.open_lane(dataclasses.replace(config, lane=lane), 0, 0)
    found.close()
    return type(found)


def test_the_fast_lane_is_taken_unless_the_ordinary_one_is_asked_for(mock_broker: servers.MockBroker) -> None:
    assert opened(mock_broker.bootstrap, "fast") is FastLane
    assert opened(mock_broker.bootstrap, "ordinary") is lanes.OrdinaryLane


def test_without_its_library_the_ordinary_one_is_taken_and_the_reason_said(
    mock_broker: servers.MockBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise native.MissingError("no such library")

    monkeypatch.setattr(native, "library", missing)
    with capture_logs() as logs:
        assert opened(mock_broker.bootstrap, "fast") is lanes.OrdinaryLane
    assert [(line["event"], line["reason"]) for line in logs] == [("no_fast_lane", "no such library")]


def test_only_a_lost_offset_ends_the_flow() -> None:
    with capture_logs() as logs:
        lanes.judge("t", 1, -185, "timed out")
    assert logs[0]["error"] == "timed out"
    with pytest.raises(FlowError, match=r"t/1: gone; records were lost"):
        lanes.judge("t", 1, -140, "gone")
