"""What is said when the tables cannot be asked."""

from __future__ import annotations

import pytest

from api.identity.database import open_pool, visit
from api.problems import Problem
from tests import servers


async def test_without_postgresql() -> None:
    with pytest.raises(Problem, match="ESI_POSTGRES_URL"):
        async with visit(None):
            pass


async def test_without_tables_or_away(database: str) -> None:
    for url, title in (
        (database, "Users are not prepared"),
        (f"postgresql://x@127.0.0.1:{servers.free_port()}/x", "PostgreSQL is away"),
    ):
        pool = open_pool(url)
        await pool.open(wait=False)
        with pytest.raises(Problem) as refused:
            await _ask(pool)
        assert (refused.value.status, refused.value.title) == (503, title)
        await pool.close()


async def _ask(pool: object) -> None:
    async with visit(pool) as connection:  # type: ignore[arg-type]
        await connection.execute("SELECT 1 FROM users")
