"""The door: who may address this server, and from which web pages; also the id and the log line of each request."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.config import ApiConfig
from api.metrics import Metrics
from api.problems import Problem, problem_response

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
BY_TLS = {"strict-transport-security": "max-age=31536000"}
"""Once they came by TLS, browsers come by it for a year (RFC 6797)."""

_PREFLIGHT = {
    "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
    "access-control-allow-headers": "authorization, content-type, if-none-match, x-request-id",
    "access-control-max-age": "600",
}
"""What pages of allowed origins may send; never cookies, for credentials are not allowed: they show a token."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_QUIET = ("/healthz", "/readyz", "/metrics")

log = structlog.get_logger("esi.api")


def host_name(host: str) -> str:
    """The Host header without its port, in lower case: `[::1]:8000` gives `[::1]`."""
    return re.sub(r":\d*$", "", host.strip().lower())


class Door:
    """ASGI middleware: Host and Origin allow-lists for HTTP and for sockets, and headers that keep pages apart.

    Any web page may open a socket to 127.0.0.1, and the browser asks nobody: only the Origin tells. A name that an
    attacker points at 127.0.0.1 (DNS rebinding) is told by the Host.
    """

    def __init__(self, app: ASGIApp, config: ApiConfig, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics
        self._headers = HEADERS | (BY_TLS if config.has_tls else {})
        self._origins = frozenset(origin.lower() for origin in config.allowed_origins)
        self._hosts = config.hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request in, or answers 400 or 403."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scope.setdefault("state", {})["request_id"] = _request_id(headers)
        refusal = self.refusal(headers)
        if scope["type"] == "websocket":
            if refusal is None:
                await self._app(scope, receive, send)
            else:
                await refuse_socket(scope, receive, send, refusal)
            return
        await self._http(scope, receive, send, headers, refusal)

    def refusal(self, headers: Headers) -> Problem | None:
        """Why a request may not come in, or None."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or host_name(hosts[0]) not in self._hosts:
            named = ", ".join(hosts)[:80] or "none"
            return Problem(400, "Unknown host", f"The Host header names {named!r}; allowed_hosts does not.")
        origins = headers.getlist("origin")
        if len(origins) > 1 or (origins and not self._is_allowed(origins[0], hosts[0])):
            detail = f"Pages of {origins[0][:80]!r} may not read here; allowed_origins does not name it."
            return Problem(403, "Foreign origin", detail)
        return None

    def _is_allowed(self, origin: str, host: str) -> bool:
        own = {f"http://{host.lower()}", f"https://{host.lower()}"}
        return origin.lower() in self._origins | own

    async def _http(
        self, scope: Scope, receive: Receive, send: Send, headers: Headers, refusal: Problem | None
    ) -> None:
        begin, status = time.perf_counter(), 500

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._mark(scope, message, headers)
            await send(message)

        app = self._app if refusal is None else problem_response(scope, refusal)
        if refusal is None and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            app = Response(status_code=204, headers=_PREFLIGHT)
        try:
            await app(scope, receive, send_marked)
        finally:
            self._account(scope, status, time.perf_counter() - begin)

    def _mark(self, scope: Scope, message: MutableMapping[str, Any], headers: Headers) -> None:
        answer = MutableHeaders(scope=message)
        for name, value in self._headers.items():
            answer.setdefault(name, value)
        answer["x-request-id"] = scope["state"]["request_id"]
        origin = headers.get("origin", "")
        if origin.lower() in self._origins:
            answer["access-control-allow-origin"] = origin
            answer["cross-origin-resource-policy"] = "cross-origin"
            answer["access-control-expose-headers"] = (
                "link, ratelimit, ratelimit-policy, retry-after, x-last, x-next, x-epoch, x-request-id"
            )
        answer.add_vary_header("origin")

    def _account(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("esi.route") or getattr(scope.get("route"), "path", None) or "other"
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.request_seconds.labels(route).observe(seconds)
        if scope["path"] not in _QUIET and "esi.route" not in scope:  # ten thousand a second are counted, not told
            log.info(
                "request",
                request_id=scope["state"]["request_id"],
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round(seconds * 1e3, 2),
            )


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


async def refuse_socket(scope: Scope, receive: Receive, send: Send, problem: Problem) -> None:
    """Answers a socket's handshake with a problem, before anything is accepted."""
    log.warning("socket_refused", request_id=scope["state"]["request_id"], title=problem.title, detail=problem.detail)
    response = problem_response(scope, problem)
    if "websocket.http.response" in scope.get("extensions", {}):
        await response(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": problem.title})
