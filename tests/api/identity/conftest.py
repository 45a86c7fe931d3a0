"""A connection to a database with the tables of users."""

from __future__ import annotations

from collections.abc import AsyncIterator

import psycopg
import pytest_asyncio

from api.archive.schema import migrate
from api.identity.database import Connection


@pytest_asyncio.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    migrate(database)
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as found:
        yield found
