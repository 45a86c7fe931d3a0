"""What Prometheus is told about one archiver."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector


class Metrics:
    """The counters of one archiver, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self.rows = Counter("esi_archive_rows", "Rows new in PostgreSQL", ["market", "channel"], registry=registry)
        self.refusals = Counter("esi_archive_refusals", "Entries kept aside, by reason", ["reason"], registry=registry)
        self.errors = Counter("esi_archive_errors", "Interruptions, by reason", ["reason"], registry=registry)
        self.commits = Counter("esi_archive_commits", "Committed transactions", registry=registry)
        self.trimmed = Counter(
            "esi_archive_trimmed", "Archived entries trimmed from Redis", ["stream"], registry=registry
        )
        self.lag = Gauge("esi_archive_lag_entries", "Entries not archived yet", ["stream"], registry=registry)
        self.cut = Gauge(
            "esi_archive_cut_entries", "Entries that the writer's cap cut so far", ["stream"], registry=registry
        )
        self.gaps = Counter(
            "esi_archive_gaps", "Streams found with unarchived entries missing", ["stream"], registry=registry
        )
        self.working = Gauge("esi_archive_working", "1 while both servers answer and it archives", registry=registry)
        self.last_commit = Gauge(
            "esi_archive_last_commit_timestamp_seconds", "Unix time of the last commit; 0 before", registry=registry
        )
        age = Gauge("esi_archive_last_commit_age_seconds", "Since the last commit, or the start", registry=registry)
        self._committed = time.monotonic()
        age.set_function(lambda: time.monotonic() - self._committed)

    def count_commit(self) -> None:
        """Says that a transaction was committed now."""
        self._committed = time.monotonic()
        self.commits.inc()
        self.last_commit.set_to_current_time()

    def forget(self, stream: str) -> None:
        """Drops the gauges of a stream that is no longer there."""
        for gauge in (self.lag, self.cut):
            gauge.remove_by_labels({"stream": stream})
