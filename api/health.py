"""`/healthz`, `/readyz`, `/metrics`: for supervisors, balancers and Prometheus."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from redis.asyncio import Redis
from starlette.responses import Response

from api import answers, streams
from api.identity.gate import needs
from api.identity.scopes import PUBLIC
from api.metrics import CONTENT_TYPE, Metrics
from api.openapi import responses, said
from api.problems import Problem
from api.store import GONE, Store
from api.streams import AWAY

router = APIRouter(tags=["health"])

_NOT_READY: dict[int | str, dict[str, Any]] = {503: {"description": "Something is missing", "content": said("Ready")}}


@router.get("/healthz", summary="Whether the process lives", openapi_extra=needs(PUBLIC))
async def healthz() -> dict[str, str]:
    """Answers while the process can answer; asks no other server."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    summary="Whether answers can be given",
    responses=responses("Ready") | _NOT_READY,
    openapi_extra=needs(PUBLIC),
)
async def readyz(request: Request) -> Response:
    """Asks Redis and PostgreSQL, and names what is missing."""
    checks = {"redis": await _redis(request.app.state.commands)}
    store: Store | None = request.app.state.store
    checks["postgres"] = await _postgres(store)
    missing = [name for name, check in checks.items() if not check.ok]
    ready = answers.Ready("not ready" if missing else "ready", checks, missing)
    return Response(answers.encode(ready), 503 if missing else 200, media_type="application/json")


async def _redis(commands: Redis) -> answers.Check:
    try:
        seconds = await streams.round_trip(commands)
    except AWAY as error:
        return answers.Check(ok=False, detail=f"does not answer: {type(error).__name__}")
    return answers.Check(ok=True, detail=f"answers in {seconds * 1e3:.1f} ms")


async def _postgres(store: Store | None) -> answers.Check:
    if store is None:
        return answers.Check(ok=True, detail="not configured: history is what Redis holds")
    try:
        await store.ping()
    except GONE as error:
        return answers.Check(ok=False, detail=f"does not answer: {type(error).__name__}")
    return answers.Check(ok=True, detail="answers")


@router.get("/metrics", summary="Prometheus metrics", response_class=Response, openapi_extra=needs("metrics:read"))
async def metrics(request: Request) -> Response:
    """The metrics of this process."""
    if not request.app.state.config.serve_metrics:
        raise Problem(404, "Not Found", "Metrics are switched off.")
    counters: Metrics = request.app.state.metrics
    return Response(counters.page(), headers={"content-type": CONTENT_TYPE})
