"""`/v1/markets`: what there is, the newest, history, contributions, correlations."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from starlette.datastructures import URL
from starlette.responses import Response

from api import answers, streams
from api.formats import MEDIA_TYPES, Format, encode_table
from api.history import History, Page
from api.openapi import responses
from api.parameters import History_, Known, Market, commands_of, json_answer
from api.problems import Problem, away, unknown_market
from api.store import Wanted
from api.streams import AWAY, Entry, Id
from schemas.reading import Details, Reading, decode_reading, rfc3339

_IN_THREAD = 500

router = APIRouter(prefix="/v1/markets", tags=["markets"])


def _span(wanted: Wanted, page: Page) -> tuple[str, str | None]:
    """Ids `last` and `next` of a page."""
    last = str(page.entries[-1].id if page.entries else wanted.after)
    return last, last if page.more else None


@router.get("", summary="Every market", responses=responses("Markets", 503))
async def list_markets(request: Request) -> Response:
    """Definitions of every market that some flow publishes, runs included."""
    commands = commands_of(request)
    try:
        bodies = await streams.definitions(commands, await streams.market_names(commands))
    except AWAY as error:
        raise away("Redis") from error
    found = [answers.raw(answers.Definition, body) for body in bodies if body is not None]
    return json_answer(answers.encode(answers.Markets(found)))


@router.get("/{market}", summary="One market", responses=responses("Definition", 404, 503))
async def show_market(request: Request, market: Market) -> Response:
    """The definition of a market, as its flow published it."""
    try:
        body = (await streams.definitions(commands_of(request), [market]))[0]
    except AWAY as error:
        raise away("Redis") from error
    if body is None:
        raise unknown_market(market)
    return json_answer(body)


@router.get("/{market}/latest", summary="The newest reading", responses=responses("Latest", 404, 422, 503))
async def show_latest(request: Request, market: Market, known_ns: Known = None) -> Response:
    """The newest reading of any kind, and the newest final; now, or as they were known at a wall-clock time."""
    try:
        epoch = (await streams.epochs(commands_of(request), [market]))[market]
        found = await streams.latest(commands_of(request), market)
    except AWAY as error:
        raise away("Redis") from error
    if known_ns is not None:
        return json_answer(answers.encode(await _known(request.app.state.history, market, epoch, known_ns)))
    return json_answer(answers.encode(_latest(market, epoch, found)))


def _latest(market: str, epoch: str, found: dict[bytes, bytes]) -> answers.Latest:
    ids = {key: found[key].decode() if key in found else None for key in (b"id", b"final_id")}
    bodies = {key: answers.raw(Reading, found[key]) if found.get(key) else None for key in (b"reading", b"final")}
    sent_ns = int(found[b"sent_ns"]) if b"sent_ns" in found else None
    return answers.Latest(
        market, epoch, ids[b"id"], sent_ns, bodies[b"reading"], ids[b"final_id"] or None, bodies[b"final"]
    )


async def _known(history: History, market: str, epoch: str, known_ns: int) -> answers.Latest:
    """What `latest` was at a wall-clock time."""
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


@router.get("/{market}/readings", summary="History", responses=responses("Readings", 404, 422, 503, content=_TABLES))
async def list_readings(
    request: Request,
    wanted: History_,
    kind: Annotated[Literal["json", "csv", "arrow", "parquet"], Query(alias="format")] = "json",
) -> Response:
    """Readings, oldest first; from the archive and, behind it, from the live stream, without a gap."""
    history: History = request.app.state.history
    page = await history.page(wanted)
    last, following = _span(wanted, page)
    if kind == "json":
        bodies = [answers.raw(Reading, entry.data) for entry in page.entries]
        found = answers.Readings(wanted.market, page.epoch, bodies, last, following, _said(wanted))
        return json_answer(answers.encode(found))
    headers = {"x-last": last, "x-epoch": page.epoch, "cache-control": "no-store"}
    headers["content-disposition"] = f'attachment; filename="{_file_name(wanted.market, kind)}"'
    if following is not None:
        url = request.url.include_query_params(cursor=following)
        headers |= {"x-next": following, "link": f'<{_path_of(url)}>; rel="next"'}
    body = await run_sync(encode_table, page.entries, kind)  # the sockets must not wait for it
    return Response(body, media_type=MEDIA_TYPES[kind], headers=headers)


def _file_name(market: str, kind: Format) -> str:
    return quote(market, safe="~").replace("%", "_") + f".{kind}"


def _path_of(url: URL) -> str:
    return f"{url.path}?{url.query}"


@router.get("/{market}/contributions", summary="Contributions", responses=responses("Contributions", 404, 422, 503))
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
    last, following = _span(wanted, page)
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


@router.get("/{market}/correlations", summary="Correlations", responses=responses("Correlations", 404, 503))
async def show_correlations(request: Request, market: Market) -> Response:
    """Correlations between segments and between instruments, as the last final saw them."""
    history: History = request.app.state.history
    details = await history.details(market)
    if details is None:
        raise Problem(404, "No final yet", f"{market!r} has not closed a period yet; correlations come with finals.")
    return json_answer(answers.encode(answers.correlations(msgspec.json.decode(details.data, type=Details))))
