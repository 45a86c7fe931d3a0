"""History as tables: a page of it, or all of it as a stream that holds a few pages in memory at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import quote

import msgspec
import structlog
from anyio.to_thread import run_sync
from redis.asyncio import Redis
from starlette.datastructures import URL
from starlette.responses import Response, StreamingResponse

from api import streams
from api.answers import Definition
from api.formats import MEDIA_TYPES, Format, UnknownSegmentError, encode_table, table_writer
from api.history import History, Page
from api.problems import Problem
from api.store import Wanted
from api.streams import AWAY
from schemas.reading import decode_reading

AT_A_TIME = 2_000
"""Readings between two turns of the loop: what a stream holds in memory."""

log = structlog.get_logger("esi.api.tables")


def span(wanted: Wanted, page: Page) -> tuple[str, str | None]:
    """Ids `last` and `next` of a page."""
    last = str(page.entries[-1].id if page.entries else wanted.after)
    return last, last if page.more else None


async def page_as_table(url: URL, wanted: Wanted, page: Page, kind: Format, segments: set[str]) -> Response:
    """One page with these segments, and those of its readings; where to go on stands in its headers."""
    last, following = span(wanted, page)
    headers = {**_headers(wanted, page, kind), "x-last": last}
    if following is not None:
        following_url = url.include_query_params(cursor=following)
        headers |= {"x-next": following, "link": f'<{following_url.path}?{following_url.query}>; rel="next"'}
    body = await run_sync(encode_table, page.entries, kind, segments)  # the sockets must not wait for it
    return Response(body, media_type=MEDIA_TYPES[kind], headers=headers)


def _headers(wanted: Wanted, page: Page, kind: Format) -> dict[str, str]:
    name = quote(wanted.market, safe="~@").replace("%", "_") + f".{kind}"
    disposition = f'attachment; filename="{name}"'
    return {"x-epoch": page.epoch, "cache-control": "no-store", "content-disposition": disposition}


async def all_as_table(history: History, commands: Redis, wanted: Wanted, kind: Format) -> Response:
    """Everything that is wanted, however much; `limit` does not count.

    Raises:
        Problem: a format that must be whole before its first byte is known, or a server is away.
    """
    if kind not in {"csv", "arrow"}:
        raise Problem(422, "Bad parameter", f"stream: {kind} cannot be streamed; csv and arrow can.")
    first = await history.page(replace(wanted, limit=AT_A_TIME))
    segments = await segments_of(commands, wanted.market, first)
    pieces = _pieces(history, wanted, first, segments, kind)
    return StreamingResponse(pieces, media_type=MEDIA_TYPES[kind], headers=_headers(wanted, first, kind))


async def segments_of(commands: Redis, market: str, first: Page) -> set[str]:
    """Those of the market as its flow defines it now, and those of its first readings."""
    found = {segment for entry in first.entries[:1] for segment in decode_reading(entry.data).contributions}
    try:
        [body] = await streams.definitions(commands, [market])
    except AWAY:
        body = None
    if body is not None:
        found |= {segment.name for segment in msgspec.json.decode(body, type=Definition).segments}
    return found


async def _pieces(
    history: History, wanted: Wanted, page: Page, segments: set[str], kind: Format
) -> AsyncIterator[bytes]:
    """The table; a fault ends it without its proper end, which clients of HTTP notice."""
    writer = table_writer(kind, segments)
    yield writer.head()
    try:
        while page.entries:
            yield await run_sync(writer.rows, page.entries)
            if not page.more:
                break
            page = await history.page(replace(wanted, after=page.entries[-1].id, limit=AT_A_TIME))
    except (UnknownSegmentError, Problem) as fault:
        log.error("stream_broken_off", market=wanted.market, error=str(fault))
        raise
    yield writer.end()
