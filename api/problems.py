"""Errors as RFC 9457 problem details; each carries the id under which the log knows the request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

MEDIA_TYPE = "application/problem+json"

log = structlog.get_logger("esi.api")


class Problem(HTTPException):
    """An answer that is no success; FastAPI passes it on wherever it is raised, also while a body is read.

    Attributes:
        status: HTTP status.
        title: what went wrong, the same for every occurrence.
        detail: what went wrong here, and what to do about it.
        headers: further headers, such as `retry-after`.
    """

    def __init__(self, status: int, title: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail)
        self.status, self.title = status, title
        self.headers: dict[str, str] = dict(headers or {})

    def __str__(self) -> str:
        return self.detail


def unknown_market(market: str) -> Problem:
    """No flow publishes this market."""
    return Problem(404, "Unknown market", f"No flow publishes {market[:80]!r}. GET /v1/markets lists what there is.")


def away(what: str) -> Problem:
    """A server that the answer needs does not answer."""
    title = f"{what} is away"
    return Problem(503, title, f"{what} does not answer; it is tried again. See /readyz.", {"retry-after": "2"})


def request_id(scope: Scope) -> str:
    """The id that the security middleware gave this request."""
    return str(scope.get("state", {}).get("request_id", ""))


def problem_response(scope: Scope, problem: Problem, errors: Sequence[Any] = ()) -> Response:
    """A problem as response."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": scope["path"],
        "request_id": request_id(scope),
    }
    if errors:
        body["errors"] = list(errors)
    return Response(msgspec.json.encode(body), problem.status, problem.headers, media_type=MEDIA_TYPE)


def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # registered for this type only
    return problem_response(request.scope, error)


def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # registered for this type only
    title = HTTPStatus(error.status_code).phrase
    detail = error.detail if error.detail != title else f"{request.method} {request.url.path}: {title.lower()}."
    return problem_response(request.scope, Problem(error.status_code, title, detail, error.headers))


def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # registered for this type only
    faults = [{"where": ".".join(map(str, e["loc"])), "fault": str(e["msg"])} for e in error.errors()]
    detail = "; ".join(f"{fault['where']}: {fault['fault']}" for fault in faults)
    return problem_response(request.scope, Problem(422, "Bad parameter", detail), faults)


def _on_fault(request: Request, error: Exception) -> Response:
    log.error("fault", request_id=request_id(request.scope), path=request.url.path, exc_info=error)
    detail = "A fault of the server. The log has it under this request_id."
    return problem_response(request.scope, Problem(500, "Internal error", detail))


def install(app: FastAPI) -> None:
    """Makes every error of the app a problem."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(Exception, _on_fault)
