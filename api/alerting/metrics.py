"""What Prometheus is told about one alerts process."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60)


class Metrics:
    """The counters of one alerts process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self.readings = Counter("esi_alerts_readings", "Readings that were looked at", ["market"], registry=registry)
        self.turns = Counter("esi_alerts_turns", "Alerts that began or ended", ["market", "what"], registry=registry)
        self.errors = Counter("esi_alerts_errors", "Interruptions, by reason", ["reason"], registry=registry)
        self.gaps = Counter(
            "esi_alerts_gaps", "Readings that were gone before they were read", ["market"], registry=registry
        )
        self.faulty = Gauge("esi_alerts_faulty_rules", "Rules that cannot be evaluated", ["market"], registry=registry)
        self.evaluating = Gauge("esi_alerts_evaluating", "1 while this process evaluates rules", registry=registry)
        self.evaluation = Histogram(
            "esi_alerts_evaluation_seconds", "All rules over one reading", registry=registry, buckets=_BUCKETS
        )
        self.deliveries = Counter(
            "esi_alerts_deliveries", "Attempts to deliver, by outcome", ["receiver", "outcome"], registry=registry
        )
        self.latency = Histogram(
            "esi_alerts_delivery_seconds",
            "Time to a receiver's answer",
            ["receiver"],
            registry=registry,
            buckets=_BUCKETS,
        )
        self.waiting = Gauge("esi_alerts_waiting", "Messages in the outbox", registry=registry)
        self.dead = Gauge("esi_alerts_dead", "Messages that were given up", registry=registry)
        self.heartbeats = Counter("esi_alerts_heartbeats", "Heartbeats, by outcome", ["outcome"], registry=registry)
