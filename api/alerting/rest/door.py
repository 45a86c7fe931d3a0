"""What all routes of `/v1/alerts` share: the database and the scopes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
import psycopg
from fastapi import Request
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import streams
from api.alerting.desk import vocabulary
from api.problems import Problem, away, problem_response, unknown_market
from api.streams import AWAY
from schemas.alert_fields import Vocabulary

Connection = AsyncConnection[tuple[Any, ...]]
Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]

MAX_BODY: Final = 262_144
"""Bytes of a request's body at most."""

READ: Final = {"x-scope": "alerts:read"}
ACT: Final = {"x-scope": "alerts:act"}
WRITE: Final = {"x-scope": "alerts:write"}
"""Scopes that routes declare: to look, to acknowledge and silence, to change rules and receivers."""


def open_pool(url: str) -> Pool:
    """A small pool that may write, not opened yet."""
    options = {
        "autocommit": True,
        "client_encoding": "utf8",
        "connect_timeout": 3,
        "application_name": "esi-api-alerts",
    }
    options["options"] = "-c statement_timeout=30s"
    return AsyncConnectionPool(url, min_size=0, max_size=4, timeout=3, kwargs=options, open=False)


@asynccontextmanager
async def database(request: Request) -> AsyncIterator[Connection]:
    """A connection that may write.

    Raises:
        Problem: there is no PostgreSQL, it does not answer, it has no tables yet, or it cannot hold what was said.
    """
    pool: Pool | None = request.app.state.alerts
    if pool is None:
        raise Problem(503, "No PostgreSQL", "Alerts are kept in PostgreSQL: set ESI_POSTGRES_URL.")
    try:
        async with pool.connection() as connection:
            yield connection
    except psycopg.errors.UndefinedTable as error:
        detail = "The tables of the alerts are not there yet: start `esi alerts` once."
        raise Problem(503, "Alerts are not prepared", detail, {"retry-after": "2"}) from error
    except (psycopg.DataError, UnicodeEncodeError) as error:  # U+0000, or half a character: it has no place for them
        raise Problem(422, "Bad parameter", "A text holds characters that cannot be kept, such as U+0000.") from error
    except (psycopg.OperationalError, PoolTimeout, PoolClosed) as error:
        raise away("PostgreSQL") from error


async def names_of(request: Request, market: str) -> Vocabulary:
    """The names that rules of a market may use.

    Raises:
        Problem: no flow publishes it, or Redis is away.
    """
    try:
        (raw,) = await streams.definitions(request.app.state.commands, [market])
    except AWAY as error:
        raise away("Redis") from error
    if raw is None:
        raise unknown_market(market)
    return vocabulary(msgspec.json.decode(raw))


def json_answer(answer: Any) -> Response:
    """An answer as JSON that nobody keeps."""
    return Response(msgspec.json.encode(answer), media_type="application/json", headers={"cache-control": "no-store"})


class BodyLimit:
    """ASGI middleware: refuses bodies that are larger than anything that is meant here, before they are read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if not told.isdigit() or int(told) > MAX_BODY:
            await problem_response(scope, _too_large())(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > MAX_BODY:
                raise _too_large()
            return message

        await self._app(scope, counted, send)


def _too_large() -> Problem:
    return Problem(413, "Too large", f"A body has at most {MAX_BODY} bytes here.")
