"""Pictures of a market's index for mails, from the archive."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import psycopg
import structlog
from psycopg import AsyncConnection

from api.alerting.chart import png

COUNT: Final = 250
"""Newest finals that are drawn."""

log = structlog.get_logger("esi.alerts")


class Pictures:
    """Draws the newest finals of a market.

    Args:
        connect: opens a connection to PostgreSQL.
    """

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[AsyncConnection[tuple[Any, ...]]]]) -> None:
        self._connect = connect

    async def picture(self, market: str) -> bytes | None:
        """A PNG of the market's newest finals; None where there are too few, or the archive does not answer."""
        try:
            async with self._connect() as connection:
                cursor = await connection.execute(
                    'SELECT at, "index" FROM readings WHERE market = %s AND final '
                    "ORDER BY id_ms DESC, id_seq DESC LIMIT %s",
                    (market, COUNT),
                )
                rows = list(reversed(await cursor.fetchall()))
        except psycopg.Error as error:
            log.warning("no_picture", market=market, detail=str(error).strip())
            return None
        if not rows:
            return None
        return png([index for _, index in rows], f"{rows[0][0]:%Y-%m-%d %H:%M}", f"{rows[-1][0]:%Y-%m-%d %H:%M} UTC")
