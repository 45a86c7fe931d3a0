"""The metrics page."""

from __future__ import annotations

from prometheus_client import generate_latest

from api.alerting.metrics import Metrics


def test_the_page_shows_what_happened() -> None:
    metrics = Metrics()
    metrics.deliveries.labels("desk", "sent").inc()
    metrics.waiting.set(3)
    page = generate_latest(metrics.registry).decode()
    assert 'esi_alerts_deliveries_total{outcome="sent",receiver="desk"} 1.0' in page
    assert "esi_alerts_waiting 3.0" in page


def test_two_processes_of_one_test_do_not_share() -> None:
    assert Metrics().registry is not Metrics().registry
