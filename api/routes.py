"""`/v1/markets`: what there is, the newest, history, contributions, correlations."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Query, Request
from redis.asyncio import Redis
from starlette.responses import Response

from api import answers, streams
from api.formats import MEDIA_TYPES
from api.history import History, Page
from api.latest import LatestAnswers, reply
from api.openapi import responses
from api.problems import Problem, away, unknown_market
from api.store import LAST_SEQ, Wanted
from api.streams import AWAY, ZERO, Entry, Id
from api.tables import all_as_table, page_as_table, span
from schemas.duration import microseconds
from schemas.reading import Details, Reading, decode_reading, parse_rfc3339

MAX_LIMIT = 10_000
_IN_THREAD = 500

router = APIRouter(prefix="/v1/markets", tags=["markets"])


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json", headers={"cache-control": "no-store"})


def _commands(request: Request) -> Redis:
    commands: Redis = request.app.state.commands
    return commands


async def known_market(request: Request, market: str) -> str:
    """The market that a path names.

    Raises:
        Problem: no flow publishes it, or Redis is away.
    """
    try:
        exists = await streams.is_market(_commands(request), market)
    except AWAY as error:
        raise away("Redis") from error
    if not exists:
        raise unknown_market(market)
    return market


Market = Annotated[str, Depends(known_market)]
When = Annotated[str | None, Query(examples=["2008-09-15T00:00:00Z"], max_length=40)]


def _bad(parameter: str, error: object) -> Problem:
    return Problem(422, "Bad parameter", f"{parameter}: {error}")


def _milliseconds(parameter: str, text: str | None) -> int | None:
    """First whole millisecond at or after a time; a date alone is its midnight in UTC."""
    if text is None:
        return None
    try:
        us = parse_rfc3339(text + "T00:00:00Z" if len(text) == 10 else text)
    except (ValueError, OverflowError) as error:
        raise _bad(parameter, error) from error
    return max(-(-us // 1_000), 0)


def _interval(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        us = microseconds(text)
    except ValueError as error:
        raise _bad("every", error) from error
    if us < 1_000 or us % 1_000 or us > 366 * 86_400_000_000:
        raise _bad("every", "whole milliseconds up to 366d, please")
    return us // 1_000


def _cursor(text: str | None) -> Id:
    try:
        return ZERO if text is None else Id.parse(text)
    except ValueError as error:
        raise _bad("cursor", error) from error


def wanted_readings(
    market: Market,
    *,
    begin: Annotated[When, Query(alias="from", description="Earliest time; `from <= at`.")] = None,
    end: Annotated[When, Query(alias="to", description="Time before which history ends; `at < to`.")] = None,
    final: Annotated[bool | None, Query(description="Finals only, provisional only, or both.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 1_000,
    cursor: Annotated[str | None, Query(max_length=40, description="`next` of the page before.")] = None,
    every: Annotated[
        str | None, Query(max_length=20, description="Last reading of each interval, such as `1h`.")
    ] = None,
) -> Wanted:
    """The readings that a query asks for.

    Raises:
        Problem: names the parameter that cannot be used.
    """
    first, until = _milliseconds("from", begin), _milliseconds("to", end)
    after = max(_cursor(cursor), Id(first - 1, LAST_SEQ) if first else ZERO)
    return Wanted(market, after, None if until is None else Id(until, 0), final, _interval(every), limit)


History_ = Annotated[Wanted, Depends(wanted_readings)]


@router.get("", summary="Every market", responses=responses("Markets", 503))
async def list_markets(request: Request) -> Response:
    """Definitions of every market that some flow publishes, runs included."""
    commands = _commands(request)
    try:
        bodies = await streams.definitions(commands, await streams.market_names(commands))
    except AWAY as error:
        raise away("Redis") from error
    found = [answers.raw(answers.Definition, body) for body in bodies if body is not None]
    return _json(answers.encode(answers.Markets(found)))


@router.get("/{market}", summary="One market", responses=responses("Definition", 404, 503))
async def show_market(request: Request, market: Market) -> Response:
    """The definition of a market, as its flow published it."""
    try:
        body = (await streams.definitions(_commands(request), [market]))[0]
    except AWAY as error:
        raise away("Redis") from error
    if body is None:
        raise unknown_market(market)
    return _json(body)


@router.get("/{market}/latest", summary="The newest reading", responses=responses("Latest", 304, 404, 503))
async def show_latest(request: Request, market: str) -> Response:
    """The newest reading of any kind, and the newest final; with an `ETag`, for `If-None-Match`."""
    latest: LatestAnswers = request.app.state.latest
    status, headers, body = reply(await latest.ask(market), request.headers)
    return Response(body, status, headers)


_TABLES: dict[str, Any] = {
    MEDIA_TYPES[kind].partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
    for kind in ("csv", "arrow", "parquet")
}


@router.get("/{market}/readings", summary="History", responses=responses("Readings", 404, 422, 503, content=_TABLES))
async def list_readings(
    request: Request,
    wanted: History_,
    kind: Annotated[Literal["json", "csv", "arrow", "parquet"], Query(alias="format")] = "json",
    *,
    stream: Annotated[bool, Query(description="All of it, whatever `limit` says; csv and arrow only.")] = False,
) -> Response:
    """Readings, oldest first; from the archive and, behind it, from the live stream, without a gap."""
    history: History = request.app.state.history
    if stream:
        return await all_as_table(history, _commands(request), wanted, kind)
    page = await history.page(wanted)
    if kind != "json":
        return await page_as_table(request.url, wanted, page, kind)
    last, following = span(wanted, page)
    bodies = [answers.raw(Reading, entry.data) for entry in page.entries]
    return _json(answers.encode(answers.Readings(wanted.market, page.epoch, bodies, last, following)))


@router.get("/{market}/contributions", summary="Contributions", responses=responses("Contributions", 404, 422, 503))
async def list_contributions(request: Request, wanted: History_) -> Response:
    """Points of the index by segment over time, and by indicator at the last final."""
    history: History = request.app.state.history
    page = await history.page(wanted)
    details = await history.details(wanted.market)
    if len(page.entries) > _IN_THREAD:
        return _json(await run_sync(_contributions, wanted, page, details))
    return _json(_contributions(wanted, page, details))


def _contributions(wanted: Wanted, page: Page, details: bytes | None) -> bytes:
    readings = [_decoded(entry) for entry in page.entries]
    last, following = span(wanted, page)
    return answers.encode(
        answers.Contributions(
            market=wanted.market,
            epoch=page.epoch,
            at=[reading.at for reading in readings],
            final=[reading.final for reading in readings],
            index=[reading.index for reading in readings],
            contributions=answers.segment_columns(readings),
            indicators=None if details is None else _indicators(details),
            last=last,
            next=following,
        )
    )


def _decoded(entry: Entry) -> Reading:
    return decode_reading(entry.data)


def _indicators(details: bytes) -> answers.Indicators:
    decoded = msgspec.json.decode(details, type=Details)
    return answers.Indicators(decoded.at, decoded.indicators)


@router.get("/{market}/correlations", summary="Correlations", responses=responses("Correlations", 404, 503))
async def show_correlations(request: Request, market: Market) -> Response:
    """Correlations between segments and between instruments, as the last final saw them."""
    history: History = request.app.state.history
    details = await history.details(market)
    if details is None:
        raise Problem(404, "No final yet", f"{market!r} has not closed a period yet; correlations come with finals.")
    return _json(answers.encode(answers.correlations(msgspec.json.decode(details, type=Details))))
