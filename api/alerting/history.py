"""The archived past of a market: for windows that are new, and for back-tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Final, LiteralString

from psycopg import AsyncConnection

from api.alerting.source import readable, readable_details
from schemas.reading import Details, Reading

if TYPE_CHECKING:
    from api.alerting.desk import Desk

Connection = AsyncConnection[tuple[Any, ...]]
Past = list[tuple[Reading, Details | None]]

MOST: Final = 20_000
"""Readings that new windows are shown at most, the newest ones."""

PAGE: Final = 2_000

_ROWS: Final[LiteralString] = """
    SELECT r.id_ms, r.id_seq, r.reading, d.details FROM readings r
    LEFT JOIN details d ON %(details)s AND d.market = r.market AND d.id_ms = r.id_ms AND d.id_seq = r.id_seq
    WHERE r.market = %(market)s AND (r.id_ms, r.id_seq) > (%(ms)s, %(seq)s) AND r.id_ms < %(until)s
      AND (NOT %(finals)s OR r.final)
    ORDER BY r.id_ms, r.id_seq LIMIT %(limit)s
"""
_NEWEST: Final[LiteralString] = """
    SELECT r.reading, d.details FROM (
        SELECT DISTINCT ON (bucket) * FROM (
            SELECT *, id_ms / %(bucket)s AS bucket FROM readings
            WHERE market = %(market)s AND id_ms > %(since)s AND (id_ms, id_seq) <= (%(ms)s, %(seq)s)) AS inside
        ORDER BY bucket DESC, id_ms DESC, id_seq DESC LIMIT %(limit)s) AS r
    LEFT JOIN details d ON d.market = r.market AND d.id_ms = r.id_ms AND d.id_seq = r.id_seq
    ORDER BY r.id_ms, r.id_seq
"""


async def past(connection: Connection, desk: Desk) -> Past:
    """What a desk's new windows would have seen: the last reading of each of their shortest bucket."""
    lengths = [w.length_us for w in desk.engine.program.windows if w.key in desk.new_windows and w.length_us]
    if not lengths:
        return []
    values = {
        "market": desk.market,
        "bucket": max(min(lengths) // 512 // 1_000, 1),
        "since": desk.position[0] - max(lengths) // 1_000,
        "ms": desk.position[0],
        "seq": desk.position[1],
        "limit": MOST,
    }
    cursor = await connection.execute(_NEWEST, values, binary=True)
    return _pairs(await cursor.fetchall())


async def pages(
    connect: Callable[[], AbstractAsyncContextManager[Connection]],
    market: str,
    begin_ms: int,
    end_ms: int,
    *,
    finals: bool,
    details: bool,
) -> AsyncIterator[Past]:
    """The archived readings of a market from `begin_ms` until before `end_ms`, page by page, oldest first.

    A connection is held for each page only: what is made of one may take long, and others want it meanwhile.
    """
    ms, seq = begin_ms - 1, 2**31 - 1
    while True:
        values = {"market": market, "ms": ms, "seq": seq, "until": end_ms, "finals": finals, "details": details}
        async with connect() as connection:
            cursor = await connection.execute(_ROWS, values | {"limit": PAGE}, binary=True)
            rows = await cursor.fetchall()
        if rows:
            ms, seq = rows[-1][0], rows[-1][1]
            yield _pairs([row[2:] for row in rows])
        if len(rows) < PAGE:
            return


def _pairs(rows: Sequence[Sequence[Any]]) -> Past:
    """Readings with what lies behind them; what cannot be read is left out."""
    found = [
        (readable(bytes(raw)), None if behind is None else readable_details(bytes(behind))) for raw, behind in rows
    ]
    return [(reading, details) for reading, details in found if reading is not None]
