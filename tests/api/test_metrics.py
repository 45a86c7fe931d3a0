"""The metrics page is what Prometheus reads, and two apps do not share one."""

from __future__ import annotations

from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from api.config import ApiConfig
from api.metrics import CONTENT_TYPE, Metrics
from tests.api.conftest import Served, serving
from tests.api.publisher import Publisher


def test_the_page_names_what_is_counted(served: Served, publisher: Publisher) -> None:
    served.get(f"/v1/markets/{publisher.market}/latest")
    served.get("/v1/markets/nowhere")
    answer = served.get("/metrics")
    assert answer.headers["content-type"] == CONTENT_TYPE
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert {
        "esi_api_clients",
        "esi_api_messages",
        "esi_api_conflated",
        "esi_api_send_seconds",
        "esi_api_read_seconds",
    } <= set(families)
    assert {"esi_api_closed", "esi_api_resets", "esi_api_redis_up", "process_resident_memory_bytes"} <= set(families)
    requests = {(s.labels["route"], s.labels["status"]) for s in families["esi_api_http_requests"].samples}
    assert {("/v1/markets/{market}/latest", "200"), ("/v1/markets/{market}", "404")} <= requests


def test_names_that_nobody_knows_make_no_new_series(served: Served) -> None:
    for number in range(5):
        served.get(f"/nowhere/{number}")
    assert served.metric("esi_api_http_requests_total", route="other", status="404") == 5


def test_two_apps_do_not_share_counters() -> None:
    one, two = Metrics(), Metrics()
    one.clients.inc()
    assert b"esi_api_clients 1.0" in one.page()
    assert b"esi_api_clients 0.0" in two.page()


def test_metrics_can_be_switched_off(config: ApiConfig) -> None:
    with serving(replace(config, serve_metrics=False)) as served:
        assert served.get("/metrics").status_code == 404
