"""Composes one api process: importing connects to nothing, the lifespan does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import FastAPI
from starlette.routing import WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from api import finals, health, openapi, problems, routes, score_routes, streams
from api.config import ApiConfig
from api.feed import Feed
from api.history import History
from api.hub import Hub
from api.metrics import Metrics
from api.problems import Problem
from api.security import Door, refuse_socket
from api.store import Store

ABOUT = "The stress index as REST. The live feed is a WebSocket at /v1/feed, described in docs/asyncapi.yaml."


def _version() -> str:
    try:
        return version("esi")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"


class _Page(StaticFiles):
    """The built page. Its hashed assets may be kept for ever, the rest is asked for again."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a file; a socket that comes here has lost its way."""
        if scope["type"] == "websocket":
            await refuse_socket(scope, receive, send, Problem(404, "No such feed", "The feed is /v1/feed."))
            return
        await super().__call__(scope, receive, send)

    def file_response(self, *args: Any, **kwargs: Any) -> Any:
        """Says how long a file may be kept."""
        response = super().file_response(*args, **kwargs)
        hashed = "/assets/" in str(args[0])
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
        return response


def create_app(config: ApiConfig) -> FastAPI:
    """The app of one process; it connects when it is served."""
    app = FastAPI(
        title="Economic Stress Index",
        version=_version(),
        description=ABOUT,
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.config, app.state.metrics = config, Metrics()
    app.add_middleware(Door, config=config, metrics=app.state.metrics)
    problems.install(app)
    app.include_router(routes.router)
    app.include_router(score_routes.router)
    app.include_router(finals.router)
    app.include_router(health.router)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    config, state = app.state.config, app.state
    state.commands = streams.connect(config.redis_url)
    state.store = Store(config.postgres_url) if config.postgres_url else None
    state.history = History(state.commands, state.store)
    hub = Hub(config, state.metrics, state.commands)
    _mount(app, Feed(hub, config, state.metrics, state.commands))
    reading = asyncio.create_task(hub.run())
    if state.store is not None:
        await state.store.open()
    try:
        yield
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await hub.close()
        if state.store is not None:
            await state.store.close()
        await state.commands.aclose()


def _mount(app: FastAPI, feed: Feed) -> None:
    """The feed, which belongs to this run of the app, and behind everything the page."""
    app.router.routes.append(WebSocketRoute("/v1/feed", feed.serve))
    static = app.state.config.static
    if static.is_dir():
        app.mount("/", _Page(directory=static, html=True))
