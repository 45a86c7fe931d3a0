"""The tables of users and keys: a small pool, and what is said when they cannot be asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from api.problems import Problem, away

Connection = AsyncConnection[tuple[Any, ...]]
Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]


def open_pool(url: str) -> Pool:
    """A small pool, not opened yet."""
    options = {
        "autocommit": True,
        "client_encoding": "utf8",
        "connect_timeout": 3,
        "application_name": "esi-api-identity",
        "options": "-c statement_timeout=10s",
    }
    return AsyncConnectionPool(url, min_size=0, max_size=4, timeout=3, kwargs=options, open=False)


@asynccontextmanager
async def visit(pool: Pool | None) -> AsyncIterator[Connection]:
    """A connection.

    Raises:
        Problem: there is no PostgreSQL, it does not answer, or it has no tables yet.
    """
    if pool is None:
        raise Problem(503, "No PostgreSQL", "Users are kept in PostgreSQL: set ESI_POSTGRES_URL.")
    try:
        async with pool.connection() as connection:
            yield connection
    except psycopg.errors.UndefinedTable as error:
        detail = "The tables of users are not there yet: run `esi users list` once."
        raise Problem(503, "Users are not prepared", detail, {"retry-after": "2"}) from error
    except (psycopg.DataError, UnicodeEncodeError) as error:  # U+0000, or half a character: it has no place for them
        raise Problem(422, "Bad parameter", "A text holds characters that cannot be kept, such as U+0000.") from error
    except (psycopg.OperationalError, PoolTimeout, PoolClosed) as error:
        raise away("PostgreSQL") from error
