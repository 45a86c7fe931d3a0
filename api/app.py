"""Composes one api process: importing connects to nothing, the lifespan does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import structlog
from fastapi import Depends, FastAPI
from starlette.routing import Match, Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from api import finals, health, model_routes, openapi, problems, routes, score_routes, streams
from api.alerting.rest import alerts, door, kinds, receivers, rules, trials
from api.alerting.vault import Vault
from api.compression import Compress
from api.config import ApiConfig
from api.entrance import Entrance
from api.feed import Feed
from api.history import History
from api.hub import Hub
from api.identity.authority import Authority
from api.identity.database import open_pool
from api.identity.gate import Gate, authorized
from api.identity.limits import Limiter, Limits
from api.identity.oidc import Provider
from api.identity.rest import audit, keys, oidc, session, users
from api.latest import LatestAnswers, Shortcut
from api.metrics import Metrics
from api.problems import Problem
from api.room import Room
from api.security import Door, refuse_socket
from api.store import Store
from api.strict import known_parameters
from api.warrants import Warrants

AFTER_A_FAULT = 1.0
ABOUT = "The stress index as REST. The live feed is a WebSocket at /v1/feed, described in docs/asyncapi.yaml."

log = structlog.get_logger("esi.api")


def _version() -> str:
    try:
        return version("esi")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"


class _Behind(Mount):
    """The page's place behind the API, which keeps its own answers to wrong addresses (404) and methods (405)."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Everything but requests to the API."""
        ours = scope["type"] == "http" and scope["path"].startswith("/v1/")
        return (Match.NONE, {}) if ours else super().matches(scope)


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


def create_app(config: ApiConfig, connections: int = 1_000) -> FastAPI:
    """The app of one process, which can hold so many connections; it connects to others when it is served."""
    app = FastAPI(
        title="Economic Stress Index",
        version=_version(),
        description=ABOUT,
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(authorized), Depends(known_parameters)],
        lifespan=_lifespan,
    )
    app.state.config, app.state.metrics, app.state.known_parameters = config, Metrics(), {}
    app.state.entrance = Entrance(connections, config.ask_within, app.state.metrics)
    app.add_middleware(door.BodyLimit)
    app.add_middleware(Compress)
    app.add_middleware(Limits, config=config)
    app.add_middleware(Shortcut)
    app.add_middleware(Gate, config=config)
    app.add_middleware(Door, config=config, metrics=app.state.metrics)
    problems.install(app)
    app.include_router(routes.router)
    app.include_router(finals.router)
    app.include_router(score_routes.router)
    app.include_router(model_routes.router)
    for part in (rules, trials, receivers, alerts, kinds, session, oidc, users, keys, audit):
        app.include_router(part.router)
    app.include_router(health.router)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    config, state = app.state.config, app.state
    state.commands = streams.connect(config.redis_url)
    state.store = Store(config.postgres_url) if config.postgres_url else None
    state.vault = Vault(config.alert_keys)
    state.back_tests = trials.Turns()
    state.alerts = door.open_pool(config.postgres_url) if config.postgres_url else None
    users_pool = open_pool(config.postgres_url) if config.postgres_url else None
    state.authority = Authority(users_pool, state.vault)
    state.limiter = Limiter(state.commands, config.quota) if config.quota else None
    state.provider = None if config.provider is None else Provider(config.provider)
    state.history = History(state.commands, state.store)
    hub = Hub(config, state.metrics, state.commands)
    room = state.room = state.entrance.room = Room(config, state.metrics, state.entrance.limit)
    state.latest = LatestAnswers(hub, state.commands)
    warrants = Warrants(room, state.authority, config.recheck)
    _mount(app, Feed(hub, room, warrants, config, state.commands))
    work = [asyncio.create_task(_kept(job)) for job in (hub.run, hub.pace, room.run, warrants.run)]
    if state.store is not None and state.alerts is not None:
        await state.store.open()
        await state.alerts.open(wait=False)
    if users_pool is not None:
        await users_pool.open(wait=False)
    try:
        yield
    finally:
        for job in work:
            job.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await room.close()
        await hub.close()
        if state.store is not None and state.alerts is not None:
            await state.store.close()
            await state.alerts.close(timeout=0.5)
        if users_pool is not None:
            await users_pool.close(timeout=0.5)
        await state.commands.aclose()


async def _kept(job: Callable[[], Awaitable[None]]) -> None:
    """Runs what must not end: a fault in it is told and it begins again, for thousands depend on it."""
    while True:
        try:
            await job()
            return
        except Exception as error:
            log.error("fault", job=job.__qualname__, exc_info=error)
            await asyncio.sleep(AFTER_A_FAULT)


def _mount(app: FastAPI, feed: Feed) -> None:
    """The feed, which belongs to this run of the app, and behind everything the page."""
    app.router.routes.append(WebSocketRoute("/v1/feed", feed.serve))
    static = app.state.config.static
    if static.is_dir():
        app.router.routes.append(_Behind("/", _Page(directory=static, html=True)))
