"""`/v1/markets`: what there is, the newest, history, contributions, correlations."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api import answers, streams
from api.formats import MEDIA_TYPES
from api.history import History, Page
from api.identity.gate import INDEX
from api.latest import LatestAnswers, reply
from api.openapi import responses
from api.parameters import History_, Known, Market, commands_of, json_answer, known_market
from api.problems import Problem, away, unknown_market
from api.store import Wanted
from api.streams import AWAY, Entry, Id
from api.tables import all_as_table, page_as_table, segments_of, span
from schemas.reading import Details, Reading, decode_reading, rfc3339

_IN_THREAD = 500

router = APIRouter(prefix="/v1/markets", tags=["markets"])


@router.get("", summary="Every market", responses=responses("Markets", 503), openapi_extra=INDEX)
async def list_markets(request: Request) -> Response:
    """Definitions of every market that some flow publishes, runs included."""
    try:
        found = await _definitions(request, await streams.market_names(commands_of(request)))
    except AWAY as error:
        raise away("Redis") from error
    bodies = [answers.raw(answers.Definition, body) for body in found if body is not None]
    return json_answer(answers.encode(answers.Markets(bodies)))


async def _definitions(request: Request, markets: list[str]) -> list[bytes | None]:
    """What the flows published of their markets, with the time of each one's first final."""
    commands, history = commands_of(request), request.app.state.history
    bodies, epochs = await streams.definitions(commands, markets), await streams.epochs(commands, markets)
    return [
        None if body is None else answers.with_since(body, await history.since(market, epochs[market]))
        for market, body in zip(markets, bodies, strict=True)
    ]


@router.get("/{market}", summary="One market", responses=responses("Definition", 404, 503), openapi_extra=INDEX)
async def show_market(request: Request, market: Market) -> Response:
    """The definition of a market, as its flow published it."""
    try:
        body = (await _definitions(request, [market]))[0]
    except AWAY as error:
        raise away("Redis") from error
    if body is None:
        raise unknown_market(market)
    return json_answer(body)


@router.get(
    "/{market}/latest",
    summary="The newest reading",
    responses=responses("Latest", 304, 404, 422, 503),
    openapi_extra=INDEX,
)
async def show_latest(request: Request, market: str, known_ns: Known = None) -> Response:
    """The newest reading of any kind, and the newest final, with an `ETag` for `If-None-Match`.

    Now, or as they were known at a wall-clock time.
    """
    if known_ns is not None:
        return json_answer(answers.encode(await _known(request, await known_market(request, market), known_ns)))
    latest: LatestAnswers = request.app.state.latest
    status, headers, body = reply(await latest.ask(market), request.headers)
    return Response(body, status, headers)


async def _known(request: Request, market: str, known_ns: int) -> answers.Latest:
    """What `latest` was at a wall-clock time."""
    history: History = request.app.state.history
    try:
        epoch = (await streams.epochs(commands_of(request), [market]))[market]
    except AWAY as error:
        raise away("Redis") from error
    newest, final = [await history.last(Wanted(market, final=kind, known_ns=known_ns)) for kind in (None, True)]
    return answers.Latest(
        market,
        epoch,
        None if newest is None else str(newest.id),
        None if newest is None else newest.sent_ns,
        None if newest is None else answers.raw(Reading, newest.data),
        None if final is None else str(final.id),
        None if final is None else answers.raw(Reading, final.data),
        rfc3339(known_ns // 1_000),
    )


def _said(wanted: Wanted) -> str | msgspec.UnsetType:
    return msgspec.UNSET if wanted.known_ns is None else rfc3339(wanted.known_ns // 1_000)


_TABLES: dict[str, Any] = {
    MEDIA_TYPES[kind].partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
    for kind in ("csv", "arrow", "parquet")
}


@router.get(
    "/{market}/readings",
    summary="History",
    responses=responses("Readings", 404, 422, 503, content=_TABLES),
    openapi_extra=INDEX,
)
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
        return await all_as_table(history, commands_of(request), wanted, kind)
    page = await history.page(wanted)
    if kind != "json":
        segments = await segments_of(commands_of(request), wanted.market, page)
        return await page_as_table(request.url, wanted, page, kind, segments)
    last, following = span(wanted, page)
    bodies = [answers.raw(Reading, entry.data) for entry in page.entries]
    found = answers.Readings(wanted.market, page.epoch, bodies, last, following, _said(wanted))
    return json_answer(answers.encode(found))


@router.get(
    "/{market}/contributions",
    summary="Contributions",
    responses=responses("Contributions", 404, 422, 503),
    openapi_extra=INDEX,
)
async def list_contributions(request: Request, wanted: History_) -> Response:
    """Points of the index by segment over time, and by indicator at the last final."""
    history: History = request.app.state.history
    page = await history.page(wanted)
    details = await _details(history, wanted)
    if len(page.entries) > _IN_THREAD:
        return json_answer(await run_sync(_contributions, wanted, page, details))
    return json_answer(_contributions(wanted, page, details))


def _contributions(wanted: Wanted, page: Page, details: Entry | None) -> bytes:
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
            as_known_at=_said(wanted),
        )
    )


async def _details(history: History, wanted: Wanted) -> Entry | None:
    """What lies behind the last final, or behind the last that was known then."""
    if wanted.known_ns is None:
        return await history.details(wanted.market)
    final = await history.last(Wanted(wanted.market, final=True, known_ns=wanted.known_ns))
    return None if final is None else await history.details(wanted.market, Id(final.id.ms, final.id.seq + 1))


def _decoded(entry: Entry) -> Reading:
    return decode_reading(entry.data)


def _indicators(details: Entry) -> answers.Indicators:
    decoded = msgspec.json.decode(details.data, type=Details)
    return answers.Indicators(decoded.at, decoded.indicators)


@router.get(
    "/{market}/correlations", summary="Correlations", responses=responses("Correlations", 404, 503), openapi_extra=INDEX
)
async def show_correlations(request: Request, market: Market) -> Response:
    """Correlations between segments and between instruments, as the last final saw them."""
    history: History = request.app.state.history
    details = await history.details(market)
    if details is None:
        raise Problem(404, "No final yet", f"{market!r} has not closed a period yet; correlations come with finals.")
    return json_answer(answers.encode(answers.correlations(msgspec.json.decode(details.data, type=Details))))
