"""The stream of a market's alerts in Redis: every event once, in order, from the table of events."""

from __future__ import annotations

from typing import Any, Final

from psycopg import AsyncConnection
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from schemas.names import alerts_stream

AT_ONCE: Final = 500
KEPT: Final = 10_000
"""Newest events that a market's stream keeps."""


class Relay:
    """Copies events; the stream's last id says how far, so that a crash repeats nothing.

    The id of an event is its number in PostgreSQL: `17-0`. A stream that Redis lost is filled again.
    """

    def __init__(self, connection: AsyncConnection[tuple[Any, ...]], redis: Redis) -> None:
        self._connection, self._redis = connection, redis

    async def pass_on(self, market: str) -> int:
        """Adds what a market's stream does not have yet; gives how many events it added."""
        stream, added = alerts_stream(market), 0
        while True:
            cursor = await self._connection.execute(
                "SELECT number, body FROM alert_events WHERE market = %s AND number > %s ORDER BY number LIMIT %s",
                (market, await self._behind(stream), AT_ONCE),
                binary=True,
            )
            rows = await cursor.fetchall()
            for number, body in rows:
                added += await self._add(stream, int(number), bytes(body))
            if len(rows) < AT_ONCE:
                return added

    async def _behind(self, stream: str) -> int:
        newest: Any = await self._redis.xrevrange(stream, count=1)
        return int(newest[0][0].partition(b"-")[0]) if newest else 0

    async def _add(self, stream: str, number: int, body: bytes) -> int:
        try:
            await self._redis.xadd(stream, {"alert": body}, id=f"{number}-0", maxlen=KEPT, approximate=True)
        except ResponseError as error:
            if "equal or smaller" not in str(error):
                raise
            return 0
        return 1
