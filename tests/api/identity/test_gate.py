"""That no route and no channel is open without a scope, by a walk over all of them; CSRF; what counts as shown."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.datastructures import Headers
from starlette.routing import Mount, WebSocketRoute

from api.app import create_app
from api.config import ApiConfig
from api.identity.authority import Shown
from api.identity.gate import is_local, needs_identity, shown_by
from api.identity.scopes import PUBLIC, PUBLIC_PATHS, SCOPES
from api.identity.sockets import SCOPE
from tests.api.conftest import Served, archive_tables, archive_url, config, served, serving
from tests.api.identity.people import Person, make_key, make_user

__all__ = ["archive_tables", "archive_url", "config", "served"]

OF_STARLETTE = {"/openapi.json"}
"""Served beside the app's own routes; the gate names their scopes."""


def routes(app: Any) -> list[Any]:
    return [getattr(context, "route", context) for context in iter_route_contexts(app.routes)]


@pytest.fixture
def every_route(served: Served) -> list[Any]:
    """All routes of a served app, the feed and the page among them."""
    return routes(served.app)


def test_every_route_names_its_scope(every_route: list[Any]) -> None:
    seen = set()
    for route in every_route:
        if isinstance(route, APIRoute):
            scope = (route.openapi_extra or {}).get("x-scope")
            assert scope in SCOPES or scope == PUBLIC, f"{route.path} names no scope"
            assert (scope == PUBLIC) is (route.path in PUBLIC_PATHS), route.path
            assert needs_identity(route.path) is (scope != PUBLIC), route.path
        elif isinstance(route, WebSocketRoute):
            assert route.path == "/v1/feed"
            assert SCOPE in SCOPES
        elif isinstance(route, Mount):
            assert route.path == "", "the page's own files"
        else:
            assert route.path in OF_STARLETTE
            assert needs_identity(route.path)
        seen.add(route.path)
    assert {"/v1/feed", "/v1/users", "/v1/markets/{market}/latest", "/metrics", "/v1/alerts/rules"} <= seen
    assert len(seen) > 35


async def test_without_a_scope_a_route_is_open_to_nobody() -> None:
    app = create_app(ApiConfig("redis://127.0.0.1:1/0"))

    @app.get("/v1/forgotten")
    async def forgotten() -> str:
        return "open"

    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        assert (await client.get("/v1/forgotten")).status_code == 403
        assert (await client.get("/healthz")).status_code == 200


def test_a_stranger_gets_nothing_over_all_routes(config: ApiConfig) -> None:
    with serving(replace(config, local_session=False)) as served:
        for path, operations in served.app.openapi()["paths"].items():
            for method in operations:
                target = re.sub(r"\{[a-z_]+\}", "7b0d2f0e-4a5e-4f3b-9c1d-0f3f5f2a9c11", path)
                answer = httpx.request(method.upper(), served.url + target)
                if path not in PUBLIC_PATHS or path == "/v1/session":
                    assert answer.status_code in ({401, 422} if (method, path) == ("post", "/v1/session") else {401})
                else:
                    assert answer.status_code in {200, 401, 404, 422}, (method, path, answer.text)


def test_each_role_gets_what_its_scopes_say_over_all_routes(served: Served, archive_url: str) -> None:
    """Every operation, asked by every role: 403 if, and only if, the scope is lacking."""
    from api.identity.scopes import ROLES, scopes_of

    document = served.app.openapi()
    for role in ROLES:
        make_user(archive_url, role, role)
        person = Person(served.url, role)
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if (method, path) == ("delete", "/v1/session"):
                    continue
                target = path.replace("{market}", "nothing").replace("{name}", "x").replace("{alert_id}", "x")
                target = target.partition("{")[0] + ("7b0d2f0e-4a5e-4f3b-9c1d-0f3f5f2a9c11" if "{" in target else "")
                answer = person.request(method.upper(), target, headers={"x-csrf-token": person.csrf})
                allowed = operation["x-scope"] == PUBLIC or operation["x-scope"] in scopes_of(role)
                assert (answer.status_code != 403) is allowed, (role, method, path, answer.text)
                assert answer.status_code < 500 or answer.status_code == 503, (role, method, path, answer.text)


def test_changes_by_cookie_need_the_token_of_the_page(served: Served, archive_url: str) -> None:
    make_user(archive_url, "ann", "operator")
    ann, body = Person(served.url, "ann"), {"author": "ann", "reason": "x", "lasting": "1h"}
    for headers in ({}, {"x-csrf-token": ""}, {"x-csrf-token": "x"}):
        refused = ann.request("POST", "/v1/alerts/silences", json=body, headers=headers)
        assert (refused.status_code, refused.json()["title"]) == (403, "No CSRF token"), headers
    ann.ask("POST", "/v1/alerts/silences", json=body)
    key = make_key(archive_url, "alerts:act")
    by_key = {"authorization": f"Bearer {key}"}
    assert httpx.post(f"{served.url}/v1/alerts/silences", json=body, headers=by_key).status_code == 200


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, None),
        ({"authorization": "Bearer abc"}, Shown("bearer", "abc")),
        ({"authorization": "bearer  abc "}, Shown("bearer", "abc")),
        ({"authorization": "Basic abc"}, None),
        ({"cookie": "esi_session=abc"}, Shown("cookie", "abc")),
        ({"cookie": "a=b; __Host-esi_session=other; esi_session=abc"}, Shown("cookie", "abc")),
        ({"cookie": "esi_session=abc", "authorization": "Bearer x"}, Shown("bearer", "x")),
        ({"cookie": "\x01=;;;"}, None),
        ({"sec-websocket-protocol": "esi.v1, esi.bearer.abc"}, Shown("bearer", "abc")),
    ],
)
def test_what_a_request_shows(headers: dict[str, str], found: Shown | None) -> None:
    assert shown_by(Headers(headers)) == found


def test_with_tls_only_the_cookie_counts_that_no_other_host_can_set() -> None:
    """Whoever sits between a browser and `http://` of the same name could set a plain one, of their own session."""
    both = Headers({"cookie": "esi_session=other; __Host-esi_session=abc"})
    assert shown_by(both, tls=True) == Shown("cookie", "abc")
    assert shown_by(Headers({"cookie": "esi_session=other"}), tls=True) is None


@pytest.mark.parametrize(
    ("client", "host", "local"),
    [
        (("127.0.0.1", 1), "127.0.0.1:8137", True),
        (("::1", 1), "[::1]:8137", True),
        (("127.0.0.1", 1), "desk.example", False),
        (("192.0.2.1", 1), "127.0.0.1", False),
        (None, "127.0.0.1", False),
        (("unix", 1), "localhost", False),
    ],
)
def test_who_is_local(client: Any, host: str, local: bool) -> None:
    assert is_local(ApiConfig("redis://x"), {"client": client}, Headers({"host": host})) is local
    assert not is_local(ApiConfig("redis://x", local_session=False), {"client": client}, Headers({"host": host}))
