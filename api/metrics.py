"""What Prometheus is told about one api process."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SEND_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Metrics:
    """The counters of one app, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self.clients = Gauge("esi_api_clients", "WebSocket clients connected", registry=registry)
        self.messages = Counter(
            "esi_api_messages", "Updates written to sockets", ["market", "channel"], registry=registry
        )
        self.conflated = Counter(
            "esi_api_conflated", "Provisional readings left out for slow clients", ["market"], registry=registry
        )
        self.refused = Counter("esi_api_refused", "Connections refused for want of room", ["why"], registry=registry)
        self.closed = Counter("esi_api_closed", "Sockets closed by us", ["code"], registry=registry)
        self.send_seconds = Histogram(
            "esi_api_send_seconds",
            "From the flow's publishing to the write on the last socket that could take it at once, and later writes",
            ["market"],
            buckets=_SEND_SECONDS,
            registry=registry,
        )
        self.resets = Counter("esi_api_resets", "Streams begun anew", ["market", "channel"], registry=registry)
        self.redis_up = Gauge("esi_api_redis_up", "Whether the feed's reader reaches Redis", registry=registry)
        self.requests = Counter(
            "esi_api_http_requests", "HTTP requests", ["method", "route", "status"], registry=registry
        )
        self.request_seconds = Histogram(
            "esi_api_http_seconds", "Time to answer an HTTP request", ["route"], registry=registry
        )

    def page(self) -> bytes:
        """The metrics page."""
        return generate_latest(self._registry)
