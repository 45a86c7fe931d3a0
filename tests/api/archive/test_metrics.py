"""The archiver's counters: each archiver has its own, and a stream that is gone leaves no gauge behind."""

from __future__ import annotations

import time

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from api.archive.metrics import Metrics
from tests.api.archive.conftest import value


def test_the_page_can_be_read_and_names_what_operators_ask_for() -> None:
    metrics = Metrics()
    metrics.errors.labels("postgres_full").inc()
    metrics.lag.labels("esi:a:bars").set(7)
    text = generate_latest(metrics.registry).decode()
    families = {family.name for family in text_string_to_metric_families(text)}
    assert {"esi_archive_rows", "esi_archive_refusals", "esi_archive_errors", "esi_archive_gaps"} <= families
    assert {"esi_archive_lag_entries", "esi_archive_cut_entries", "esi_archive_working"} <= families
    assert "process_resident_memory_bytes" in families
    assert 'esi_archive_errors_total{reason="postgres_full"} 1.0' in text


def test_two_archivers_do_not_share_counters() -> None:
    one, other = Metrics(), Metrics()
    one.count_commit()
    assert (value(one, "esi_archive_commits_total"), value(other, "esi_archive_commits_total")) == (1, 0)


def test_a_commit_begins_the_age_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("api.archive.metrics.time.monotonic", lambda: now[0])
    metrics, before = Metrics(), time.time()
    now[0] += 40
    assert value(metrics, "esi_archive_last_commit_age_seconds") == 40
    assert value(metrics, "esi_archive_last_commit_timestamp_seconds") == 0
    metrics.count_commit()
    now[0] += 2
    assert value(metrics, "esi_archive_last_commit_age_seconds") == 2
    assert value(metrics, "esi_archive_last_commit_timestamp_seconds") >= before


def test_a_stream_that_is_gone_is_forgotten_and_only_that() -> None:
    metrics = Metrics()
    for stream in ("esi:a:bars", "esi:b:bars"):
        metrics.lag.labels(stream).set(3)
        metrics.cut.labels(stream).set(4)
        metrics.gaps.labels(stream).inc()
    metrics.forget("esi:a:bars")
    ask = metrics.registry.get_sample_value
    assert ask("esi_archive_lag_entries", {"stream": "esi:a:bars"}) is None
    assert ask("esi_archive_cut_entries", {"stream": "esi:a:bars"}) is None
    assert ask("esi_archive_lag_entries", {"stream": "esi:b:bars"}) == 3
    assert ask("esi_archive_gaps_total", {"stream": "esi:a:bars"}) == 1  # a counter is history


def test_a_stream_nobody_measured_can_be_forgotten() -> None:
    metrics = Metrics()
    metrics.forget("esi:never:bars")
    assert b"esi:never:bars" not in generate_latest(metrics.registry)
