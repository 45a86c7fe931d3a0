"""Traces: sampled at their beginning, stamped at doors, counted at their end."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

from dataflows import hops

MS = 1_000_000


def counted(market: str, hop: str) -> tuple[float, float]:
    """How many durations were counted of a hop, and their sum in seconds."""
    labels = {"market": market, "hop": hop}
    count, total = (REGISTRY.get_sample_value(f"esi_hop_seconds_{end}", labels) for end in ("count", "sum"))
    return count or 0.0, total or 0.0


def test_a_partition_begins_one_trace_in_each_hundredth_of_a_second() -> None:
    sampler = hops.Sampler()
    taken = [sampler.begin(1, at * MS) for at in (1_000, 1_009, 1_010, 1_015, 1_021)]
    assert [bool(trace) for trace in taken] == [True, False, True, False, True]
    assert taken[0][:2] == (MS, 1_000 * MS)


def test_doors_stamp_only_what_was_sampled() -> None:
    assert hops.passed(hops.UNTRACED) == hops.UNTRACED
    stamped = hops.passed((1, 2, 3))
    assert stamped[:3] == (1, 2, 3)
    assert stamped[3] > 1_700_000_000 * 1_000 * MS


def test_every_hop_of_a_whole_trace_is_counted() -> None:
    hops.observe("whole", tuple(range(10 * MS, 17 * MS, MS)))
    for hop in hops.HOPS:
        count, total = counted("whole", hop)
        assert (count, total) == (1.0, pytest.approx(0.001)), hop
    whole = {end: REGISTRY.get_sample_value(f"esi_flow_seconds_{end}", {"market": "whole"}) for end in ("count", "sum")}
    assert whole == {"count": 1.0, "sum": pytest.approx(0.006)}


def test_an_unknown_time_of_the_broker_counts_nowhere_and_a_clock_set_back_as_no_time() -> None:
    hops.observe("odd", (0, 10 * MS, 9 * MS, 12 * MS, 13 * MS, 14 * MS, 15 * MS))
    assert counted("odd", "broker") == (0.0, 0.0)
    assert counted("odd", "fold") == (1.0, 0.0)
    assert counted("odd", "epoch") == (1.0, pytest.approx(0.003))
    assert REGISTRY.get_sample_value("esi_flow_seconds_count", {"market": "odd"}) is None
    assert hops.Sampler().begin(-1, 5)[0] == 0


def test_what_has_not_passed_all_doors_is_not_counted() -> None:
    hops.observe("short", (1, 2, 3))
    hops.observe("short", hops.UNTRACED)
    assert counted("short", "fold") == (0.0, 0.0)
