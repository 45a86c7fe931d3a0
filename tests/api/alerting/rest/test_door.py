"""Who may change something, how large a request may be, and what happens while servers are away."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx
import pytest
import redis

from api.alerting.rest.door import MAX_BODY
from api.app import create_app
from api.config import ApiConfig
from tests import servers
from tests.api.alerting.live import Live
from tests.api.alerting.rest.conftest import Desk
from tests.api.conftest import serving

SCOPES = {"alerts:read", "alerts:act", "alerts:write"}


def test_whoever_looks_needs_to_read_and_whoever_changes_needs_more() -> None:
    app = create_app(ApiConfig("redis://127.0.0.1:1/0"))
    operations = [
        (method, path, operation)
        for path, methods in app.openapi()["paths"].items()
        if path.startswith("/v1/alerts")
        for method, operation in methods.items()
    ]
    assert len(operations) >= 18
    for method, path, operation in operations:
        assert operation["x-scope"] in SCOPES, path
        looks = method == "get" or path.rpartition("/")[2] in {"check", "backtest", "preview"}
        assert (operation["x-scope"] == "alerts:read") is looks, path


def test_a_foreign_page_changes_nothing(desk: Desk) -> None:
    for headers in ({"origin": "https://evil.example"}, {"origin": "null", "content-type": "text/plain"}):
        desk.ask("POST", "/silences", 403, content=b"{}", headers=headers)
    desk.ask("POST", "/silences", 400, content=b"{}", headers={"host": "evil.example"})


@pytest.mark.parametrize("path", ["/rules", "/silences", "/redeliver", "/check", "/preview"])
def test_large_bodies_are_refused_before_they_are_read(desk: Desk, path: str) -> None:
    large = b'{"x":"' + b"y" * 10_000_000 + b'"}'
    said = desk.ask("POST", path, 413, content=large, headers={"content-type": "application/json"})
    assert str(MAX_BODY) in said["detail"]


@pytest.mark.parametrize("path", ["/v1/alerts/preview", "/v1/alerts/rules", "/v1/session", "/v1/token"])
def test_a_body_without_a_length_is_counted(desk: Desk, path: str) -> None:
    parts = (b"y" * 100_000 for _ in range(100))
    answer = httpx.post(f"{desk.served.url}{path}", content=parts, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert str(MAX_BODY) in answer.json()["detail"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"market":1}', b"null", b"[" * 50_000])
def test_bodies_that_are_none_are_told(desk: Desk, content: bytes) -> None:
    for path in ("/rules", "/check", "/silences", "/redeliver"):
        answer = httpx.post(
            f"{desk.served.url}/v1/alerts{path}",
            content=content,
            headers={"content-type": "application/json", "authorization": f"Bearer {desk.key}"},
        )
        assert answer.status_code in {400, 422}, answer.text


def test_servers_that_are_away_are_named(config: ApiConfig, clean_redis: redis.Redis) -> None:
    Live(clean_redis)
    gone = f"postgresql://esi@127.0.0.1:{servers.free_port()}/esi"
    with serving(replace(config, postgres_url=gone)) as served:
        answer = served.get("/v1/alerts/rules")
        assert (answer.status_code, answer.json()["title"]) == (503, "PostgreSQL is away")
    with serving(replace(config, postgres_url=None)) as served:
        assert served.get("/v1/alerts").json()["title"] == "No PostgreSQL"
    with serving(replace(config, redis_url="redis://127.0.0.1:1/0")) as served:
        assert served.get("/v1/alerts/fields?market=live").json()["title"] == "Redis is away"


def test_a_database_without_tables_says_what_to_do(config: ApiConfig, clean_redis: redis.Redis, database: str) -> None:
    Live(clean_redis)
    with serving(replace(config, postgres_url=database)) as served:
        answer = served.get("/v1/alerts")
        assert answer.status_code == 503
        assert "start `esi alerts` once" in answer.json()["detail"]


@pytest.mark.parametrize("text", ["\0", "a\0b"])
def test_characters_that_postgresql_cannot_hold_are_refused(desk: Desk, text: str) -> None:
    assert "U+0000" in desk.ask("GET", "/rules", 422, params={"market": text})["detail"]
    said = {"author": text, "reason": "maintenance", "lasting": "1h"}
    desk.ask("POST", "/silences", 422, json=said)
    desk.ask("POST", "/silences", 422, json=said | {"author": "ann", "market": text})
    rule = {"name": "r", "when": "index > 80", "about": text}
    desk.ask("POST", "/rules", 422, json={"market": "live", "author": "ann", "rule": rule})
    half = json.dumps({"market": "live", "author": "\ud800", "rule": rule | {"about": ""}})  # half of a character
    desk.ask("POST", "/rules", 422, content=half, headers={"content-type": "application/json"})
