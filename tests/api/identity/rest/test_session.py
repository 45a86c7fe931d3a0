"""Login, logout, sessions, one-time links; wrong passwords, and what is told of users who do not exist."""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import replace

import httpx
import psycopg
import pytest

from api.config import ApiConfig
from tests.api.conftest import Served, archive_tables, archive_url, config, served, serving
from tests.api.identity.people import PASSWORD, Person, make_user, rows

__all__ = ["archive_tables", "archive_url", "config", "served"]


def test_a_session_from_login_to_logout(served: Served, archive_url: str) -> None:
    user_id = make_user(archive_url, "ann", "operator")
    ann = Person(served.url, "ANN")
    said = ann.answer.json()
    assert (said["name"], said["role"], said["local"]) == ("ann", "operator", False)
    assert "alerts:write" in said["scopes"]
    assert "users:admin" not in said["scopes"]
    cookie = ann.answer.headers["set-cookie"]
    assert cookie.startswith("esi_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert ann.ask("GET", "/v1/session") == said
    ann.ask("DELETE", "/v1/session", 403, headers={"x-csrf-token": "wrong"})
    ann.ask("DELETE", "/v1/session")
    assert ann.request("GET", "/v1/session").json()["local"] is True
    stolen = cookie.partition(";")[0]
    assert httpx.get(f"{served.url}/v1/session", headers={"cookie": stolen}).json()["local"] is True
    actions = rows(archive_url, "SELECT action, who FROM audit_log ORDER BY number")
    assert actions == [("session.begin", f"user:{user_id}"), ("session.end", f"user:{user_id}")]


def test_this_machine_looks_without_a_login_and_changes_nothing(served: Served) -> None:
    said = served.get("/v1/session").json()
    assert said == {
        "name": "local", "role": "viewer", "scopes": ["alerts:read", "index:read", "metrics:read"], "csrf": "",
        "local": True, "expires": None,
    }  # fmt: skip
    refused = httpx.post(f"{served.url}/v1/alerts/silences", json={"author": "a", "reason": "x", "lasting": "1h"})
    assert (refused.status_code, refused.json()["title"]) == (403, "Not allowed")
    assert served.get("/v1/users").status_code == 403
    assert served.get("/v1/audit").status_code == 403


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "via", "x-real-ip"])
def test_what_came_by_a_proxy_is_not_local(served: Served, header: str) -> None:
    assert served.get("/v1/markets", headers={header: "203.0.113.9"}).status_code == 401


def test_elsewhere_nobody_is_let_in_without_a_login(config: ApiConfig) -> None:
    with serving(replace(config, host="0.0.0.0", allowed_hosts=("desk.example",))) as served:
        for path in (
            "/v1/session",
            "/v1/markets",
            "/v1/markets/test/latest",
            "/openapi.json",
            "/metrics",
            "/v1/nothing",
        ):
            answer = served.get(path)
            assert answer.status_code == 401, path
            assert answer.headers["www-authenticate"] == "Bearer"
        assert served.get("/healthz").status_code == 200


def test_under_tls_the_cookie_is_bound_to_the_host(config: ApiConfig, archive_url: str) -> None:
    make_user(archive_url, "ann", "viewer")
    with serving(replace(config, behind_tls=True)) as served:
        assert served.get("/v1/markets").status_code == 401, "behind a proxy nobody is local"
        cookie = Person(served.url, "ann").answer.headers["set-cookie"]
        assert cookie.startswith("__Host-esi_session=")
        assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie


def test_sessions_end_by_themselves(served: Served, archive_url: str) -> None:
    make_user(archive_url, "ann", "viewer")
    for column in ("seen_at", "created_at"):
        ann = Person(served.url, "ann")
        with psycopg.connect(archive_url) as connection:
            connection.execute(f"UPDATE user_sessions SET {column} = now() - interval '8 days'")
        served.app.state.authority.forget()
        assert ann.request("GET", "/v1/session").json()["local"] is True


def test_a_link_sets_a_password_once(served: Served, archive_url: str) -> None:
    make_user(archive_url, "root", "admin")
    admin = Person(served.url, "root")
    made = admin.ask("POST", "/v1/users", json={"name": "bob", "role": "viewer"})
    use = {"token": made["link"], "password": "short"}
    weak = httpx.post(f"{served.url}/v1/session/link", json=use)
    assert (weak.status_code, weak.json()["title"]) == (422, "Bad password")
    assert "short" not in weak.text
    use["password"] = "four words in a row"
    done = httpx.post(f"{served.url}/v1/session/link", json=use)
    assert (done.status_code, done.json()["name"]) == (200, "bob")
    assert httpx.post(f"{served.url}/v1/session/link", json=use).status_code == 401
    assert Person(served.url, "bob", "four words in a row").answer.status_code == 200


def test_ten_thousand_wrong_passwords(served: Served, archive_url: str) -> None:
    make_user(archive_url, "ann", "viewer")
    statuses: list[int] = []
    with httpx.Client(base_url=served.url, timeout=30) as client:
        for number in range(10_000):
            name = "ann" if number % 2 else "nobody"
            answer = client.post("/v1/session", json={"name": name, "password": f"wrong {number}"})
            statuses.append(answer.status_code)
        said = client.post("/v1/session", json={"name": "ann", "password": PASSWORD})
    assert set(statuses) == {401, 429}
    assert statuses.count(401) <= 40, "so many were looked at; all others had to wait"
    assert said.status_code == 429, "the right one waits as well, or the answer would tell"
    assert int(said.headers["retry-after"]) <= 900
    assert rows(archive_url, "SELECT count(*) FROM login_failures")[0][0] == 3


def test_who_does_not_exist_looks_the_same(served: Served, archive_url: str) -> None:
    make_user(archive_url, "ann", "viewer")
    taken: dict[str, list[float]] = {"ann": [], "nobody": []}
    texts = set()
    for number in range(12):
        for name, found in taken.items():
            with psycopg.connect(archive_url) as connection:
                connection.execute("TRUNCATE login_failures")
            began = time.perf_counter()
            answer = httpx.post(f"{served.url}/v1/session", json={"name": name, "password": f"wrong {number}"})
            found.append(time.perf_counter() - began)
            texts.add((answer.status_code, answer.json()["title"], answer.json()["detail"]))
    assert len(texts) == 1
    known, unknown = (statistics.median(seconds) for seconds in taken.values())
    assert 0.5 < known / unknown < 2.0, "a hash is computed for nobody, too"


@pytest.mark.parametrize(
    "body", [{}, {"name": "ann"}, {"name": "", "password": "x"}, {"name": "a" * 65, "password": "x"}, [], None,
             {"name": "a", "password": "x" * 257}, {"name": "a\u0000", "password": "x"},
             {"name": "\ud800", "password": "y"}],
)  # fmt: skip
def test_bodies_that_are_no_login(served: Served, body: object) -> None:
    answer = httpx.post(
        f"{served.url}/v1/session", content=json.dumps(body), headers={"content-type": "application/json"}
    )
    assert answer.status_code in {401, 422}, answer.text
