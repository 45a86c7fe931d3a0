"""Alive, ready, and what is missing; with servers away it is proved in test_server and test_history."""

from __future__ import annotations

from dataclasses import replace

from api.config import ApiConfig
from tests.api.conftest import Served, serving


def test_ready_when_both_answer(served: Served) -> None:
    assert served.get("/healthz").json() == {"status": "ok"}
    ready = served.get("/readyz")
    found = ready.json()
    assert (ready.status_code, found["status"], found["missing"]) == (200, "ready", [])
    assert found["checks"]["postgres"] == {"ok": True, "detail": "answers"}
    assert found["checks"]["redis"]["detail"].startswith("answers in ")


def test_without_an_archive_it_is_ready_and_says_so(config: ApiConfig) -> None:
    with serving(replace(config, postgres_url=None)) as served:
        ready = served.get("/readyz")
        assert ready.status_code == 200
        assert "what Redis holds" in ready.json()["checks"]["postgres"]["detail"]
