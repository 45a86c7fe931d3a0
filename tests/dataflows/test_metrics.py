"""The Prometheus page of a process."""

from __future__ import annotations

from urllib.request import urlopen

from prometheus_client import REGISTRY

from dataflows import metrics


def test_no_page_where_none_is_wanted() -> None:
    assert metrics.serve(None, "127.0.0.1") is None


def test_the_page_tells_what_was_counted() -> None:
    metrics.TICKS.labels("counted", "2").inc(7)
    metrics.REJECTS.labels("counted", "late").inc(3)
    port = metrics.serve(0, "127.0.0.1")
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    assert 'esi_ticks_total{feed="counted",partition="2"} 7.0' in lines
    assert 'esi_rejects_total{feed="counted",reason="late"} 3.0' in lines


def test_the_names_are_those_of_the_board() -> None:
    for name in ("esi_ticks", "esi_rejects", "esi_lag_records", "esi_watermark_seconds", "esi_epoch_seconds",
                 "esi_readings", "esi_publish_seconds", "esi_redis_waits", "esi_regime"):  # fmt: skip
        assert name in {metric.name for metric in REGISTRY.collect()}, name
