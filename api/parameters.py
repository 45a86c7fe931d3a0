"""What a request asks for: its market, times, cursor, interval; and how it is answered."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import Depends, Query, Request
from redis.asyncio import Redis
from starlette.responses import Response

from api import streams
from api.problems import Problem, away, unknown_market
from api.store import LAST_SEQ, Wanted
from api.streams import AWAY, ZERO, Id
from schemas.duration import microseconds
from schemas.reading import parse_when

MAX_LIMIT = 10_000
MAX_DETAILS = 1_000
FINAL_SEQ = 1
"""Ids are a time and 0, or 1 for a final: nothing lies behind the final of a millisecond."""

_KNOWN_AT = "Wall clock: only what was published by then, the provisional reading that was in force included."


def json_answer(body: bytes) -> Response:
    """JSON that nobody keeps."""
    return Response(body, media_type="application/json", headers={"cache-control": "no-store"})


def commands_of(request: Request) -> Redis:
    """The process's client of Redis."""
    commands: Redis = request.app.state.commands
    return commands


async def known_market(request: Request, market: str) -> str:
    """The market that a path names.

    Raises:
        Problem: no flow publishes it, or Redis is away.
    """
    try:
        exists = await streams.is_market(commands_of(request), market)
    except AWAY as error:
        raise away("Redis") from error
    if not exists:
        raise unknown_market(market)
    return market


Market = Annotated[str, Depends(known_market)]
When = Annotated[str | None, Query(examples=["2008-09-15T00:00:00Z"], max_length=40)]


def bad(parameter: str, error: object) -> Problem:
    """A parameter that cannot be used, and why."""
    return Problem(422, "Bad parameter", f"{parameter}: {error}")


def milliseconds(parameter: str, text: str | None) -> int | None:
    """First whole millisecond at or after a time; a date alone is its midnight in UTC."""
    try:
        return None if text is None else parse_when(text)
    except (ValueError, OverflowError) as error:
        raise bad(parameter, error) from error


def at_or_before(parameter: str, text: str | None) -> Id | None:
    """Id before which the readings lie that are at or before a time, None for no time.

    Raises:
        Problem: no time.
    """
    ms = milliseconds(parameter, text)
    return None if ms is None else Id(ms, LAST_SEQ)


def known_at(
    as_known_at: Annotated[
        str | None, Query(description=_KNOWN_AT, examples=["2026-03-13T15:30:00.250Z"], max_length=40)
    ] = None,
) -> int | None:
    """The wall-clock time at which somebody would have looked, nanoseconds since 1970.

    Raises:
        Problem: no time, or one that has not come.
    """
    ms = milliseconds("as_known_at", as_known_at)
    if ms is not None and ms * 1_000_000 > time.time_ns():
        raise bad("as_known_at", "that time has not come: what will be known then is not known now")
    return None if ms is None else ms * 1_000_000


Known = Annotated[int | None, Depends(known_at)]


def _interval(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        us = microseconds(text)
    except ValueError as error:
        raise bad("every", error) from error
    if us < 1_000 or us % 1_000 or us > 366 * 86_400_000_000:
        raise bad("every", "whole milliseconds up to 366d, please")
    return us // 1_000


def _cursor(text: str | None) -> Id:
    try:
        found = ZERO if text is None else Id.parse(text)
    except ValueError as error:
        raise bad("cursor", error) from error
    if found.seq > FINAL_SEQ:
        raise bad("cursor", f"{found} is no id of a reading: give the `next` of the page before, unchanged")
    return found


def span(begin: str | None, end: str | None, cursor: str | None) -> tuple[Id, Id | None]:
    """Ids between which the readings lie that `from <= at < to` and a cursor ask for, both exclusive.

    Raises:
        Problem: names the parameter that cannot be used.
    """
    first, until = milliseconds("from", begin), milliseconds("to", end)
    if first is not None and until is not None and first > until:
        raise bad("from", "it is after `to`: exchange the two")
    after = max(_cursor(cursor), Id(first - 1, FINAL_SEQ) if first else ZERO)
    return after, None if until is None else Id(until, 0)


def wanted_readings(
    market: Market,
    known_ns: Known = None,
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
    after, until = span(begin, end, cursor)
    return Wanted(market, after, until, final, _interval(every), limit, known_ns)


History_ = Annotated[Wanted, Depends(wanted_readings)]


def wanted_details(
    market: Market,
    *,
    begin: Annotated[When, Query(alias="from", description="Earliest time; `from <= at`.")] = None,
    end: Annotated[When, Query(alias="to", description="Time before which history ends; `at < to`.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_DETAILS)] = 500,
    cursor: Annotated[str | None, Query(max_length=40, description="`next` of the page before.")] = None,
    every: Annotated[str | None, Query(max_length=20, description="Last final of each interval, such as `7d`.")] = None,
) -> Wanted:
    """The details of finals that a query asks for.

    Raises:
        Problem: names the parameter that cannot be used.
    """
    after, until = span(begin, end, cursor)
    return Wanted(market, after, until, None, _interval(every), limit, channel="details")


Details_ = Annotated[Wanted, Depends(wanted_details)]
