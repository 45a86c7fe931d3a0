"""The gate behind the door: who asks, for HTTP and for sockets; and what each route demands of them."""

from __future__ import annotations

import hmac
import ipaddress
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.config import LOOPBACK_HOSTS, ApiConfig
from api.identity.authority import Authority, Shown
from api.identity.scopes import LOCAL, PUBLIC, PUBLIC_PATHS, Identity
from api.identity.sessions import COOKIE, SECURE_COOKIE
from api.problems import Problem, problem_response
from api.security import host_name

SUBPROTOCOL: Final = "esi.bearer."
"""How a token is offered with the handshake of a socket: browsers cannot set headers there."""

_FORWARDED: Final = frozenset({b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"via", b"x-real-ip"})
_SHOWING: Final = frozenset({b"authorization", b"cookie", b"sec-websocket-protocol"})
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_BEFORE_LOGIN: Final = frozenset({"/v1/session", "/v1/session/link", "/v1/token"})
_FLOORS: Final = (("/v1/markets", "index:read"), ("/openapi.json", "index:read"), ("/metrics", "metrics:read"))
"""What is answered before, or beside, the app's own routes, and the scope that it needs."""

NOBODY: Final = Problem(
    401, "Not logged in", "Log in by POST /v1/session, or send `Authorization: Bearer` with a key or token.",
    {"www-authenticate": "Bearer"},
)  # fmt: skip
_BAD_TOKEN: Final = Problem(
    401, "Not a valid token", "This key or token is unknown, has ended, or is of another deployment: get a new one.",
    {"www-authenticate": 'Bearer error="invalid_token"'},
)  # fmt: skip
_NO_CSRF: Final = Problem(
    403, "No CSRF token", "Changes by a logged-in page carry `x-csrf-token`, as GET /v1/session gives it."
)


def lacks(identity: Identity, scope: str) -> Problem:
    """Somebody may not do this."""
    detail = f"This needs the scope {scope!r}; {identity.name!r} has {', '.join(sorted(identity.scopes)) or 'none'}."
    if identity.local:
        detail = f"This needs the scope {scope!r}; without a login this machine may only look: log in."
    return Problem(403, "Not allowed", detail)


def needs_identity(path: str, *, public_metrics: bool = False) -> bool:
    """Whether a path is closed to strangers: all but the list of public ones and the page's own files."""
    if path in PUBLIC_PATHS or (public_metrics and path == "/metrics"):
        return False
    return path.startswith("/v1/") or path in {"/v1", "/openapi.json", "/metrics"}


def shown_by(headers: Headers, *, tls: bool = False) -> Shown | None:
    """What a request shows of who it is; a bearer counts before a cookie."""
    if _SHOWING.isdisjoint([name for name, _ in headers.raw]):
        return None
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return Shown("bearer", secret.strip())
    for one in headers.get("sec-websocket-protocol", "").split(","):
        if one.strip().startswith(SUBPROTOCOL):
            return Shown("bearer", one.strip().removeprefix(SUBPROTOCOL))
    secret = cookie_of(headers, tls=tls)
    return Shown("cookie", secret) if secret else None


def cookie_of(headers: Headers, *, tls: bool) -> str:
    """The session that a browser sends, or nothing; with TLS only by the cookie that no other host can have set."""
    if "cookie" not in headers:
        return ""
    try:
        jar = SimpleCookie(headers["cookie"])
    except CookieError:
        return ""
    found = jar.get(SECURE_COOKIE if tls else COOKIE)
    return found.value if found else ""


def is_local(config: ApiConfig, scope: Scope, headers: Headers) -> bool:
    """Whether somebody at this machine asks, by no proxy: they may look without logging in."""
    client = scope.get("client")
    if client is None or not config.has_local_session or not _is_loopback(client[0]):
        return False
    if not _FORWARDED.isdisjoint([name for name, _ in headers.raw]):
        return False
    return _is_loopback_host(headers.get("host", ""))


@lru_cache(maxsize=1_024)
def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=1_024)
def _is_loopback_host(host: str) -> bool:
    return host_name(host) in LOOPBACK_HOSTS


def address_of(scope: Scope) -> str:
    """Where a request comes from."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


class Gate:
    """ASGI middleware: finds out who asks, and turns strangers away before anything is read."""

    def __init__(self, app: ASGIApp, config: ApiConfig) -> None:
        self._app, self._config = app, config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request in with its identity in `scope["state"]`, or answers 401 or 403."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scope.setdefault("state", {})
        try:
            shown = shown_by(headers, tls=self._config.has_tls)
            identity = scope["state"]["identity"] = await self._who(scope, headers, shown)
            if scope["type"] == "http":
                self._check(scope, headers, shown, identity)
        except Problem as problem:
            await _refuse(scope, receive, send, problem)
            return
        await self._app(scope, receive, send)

    async def _who(self, scope: Scope, headers: Headers, shown: Shown | None) -> Identity | None:
        authority: Authority | None = getattr(scope["app"].state, "authority", None)
        if shown is not None and authority is not None:
            found = authority.at_hand(shown) or await authority.who(shown, address_of(scope))
            if found is not None:
                scope["state"]["shown"] = shown
                return found
            if shown.kind == "bearer":
                raise _BAD_TOKEN
        return LOCAL if is_local(self._config, scope, headers) else None

    def _check(self, scope: Scope, headers: Headers, shown: Shown | None, identity: Identity | None) -> None:
        path = scope["path"]
        if identity is None:
            if needs_identity(path, public_metrics=self._config.public_metrics):
                raise NOBODY
            return
        for prefix, needed in _FLOORS:
            if path.startswith(prefix) and needed not in identity.scopes:
                raise lacks(identity, needed)
        if scope["method"] in _SAFE or not identity.csrf:
            return
        is_login = path in _BEFORE_LOGIN and scope["method"] == "POST"
        if not is_login and not hmac.compare_digest(identity.csrf.encode(), headers.get("x-csrf-token", "").encode()):
            raise _NO_CSRF


async def _refuse(scope: Scope, receive: Receive, send: Send, problem: Problem) -> None:
    response = problem_response(scope, problem)
    if scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
        await response(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": problem.title})


def needs(scope: str) -> dict[str, Any]:
    """What a route says in `openapi_extra`: the scope that it needs."""
    return {"x-scope": scope}


INDEX: Final = needs("index:read")
"""What every route that reads the index says."""


async def authorized(request: Request) -> None:
    """Depended on by every route of the app: a route that names no scope is open to nobody.

    Raises:
        Problem: nobody is logged in, or they may not do this.
    """
    extra = getattr(request.scope.get("route"), "openapi_extra", None) or {}
    needed = extra.get("x-scope")
    if needed == PUBLIC and request.url.path in PUBLIC_PATHS:
        return
    if request.url.path == "/metrics" and request.app.state.config.public_metrics:
        return
    identity: Identity | None = request.state.identity
    if identity is None:
        raise NOBODY
    if needed is None or needed not in identity.scopes:
        raise lacks(identity, str(needed))


def identity_of(request: Request) -> Identity:
    """Who asks; call it in routes that are not public."""
    found: Identity = request.state.identity
    return found
