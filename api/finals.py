"""`/v1/markets/{market}/audit` and `/attribution`: what is said of many finals at once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api import answers
from api.attribution import attribution
from api.audit import audit
from api.history import History
from api.identity.gate import INDEX
from api.openapi import responses
from api.parameters import MAX_LIMIT, Market, When, at_or_before, commands_of, json_answer, span
from api.problems import away
from api.store import Wanted
from api.streams import AWAY

_FROM = "Takes the last final at or before it; by default the one before that of `to`."
_TO = "Takes the last final at or before it; by default the newest."

router = APIRouter(prefix="/v1/markets", tags=["markets"])


def wanted_finals(
    market: Market,
    *,
    begin: Annotated[When, Query(alias="from", description="Earliest time; `from <= at`.")] = None,
    end: Annotated[When, Query(alias="to", description="Time before which it ends; `at < to`.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = MAX_LIMIT,
    cursor: Annotated[str | None, Query(max_length=40, description="`next` of the answer before.")] = None,
) -> Wanted:
    """The finals that a query asks for.

    Raises:
        Problem: names the parameter that cannot be used.
    """
    after, until = span(begin, end, cursor)
    return Wanted(market, after, until, final=True, limit=limit)


@router.get(
    "/{market}/audit", summary="The hash chain", responses=responses("Audit", 404, 422, 503), openapi_extra=INDEX
)
async def show_audit(request: Request, wanted: Annotated[Wanted, Depends(wanted_finals)]) -> Response:
    """Verifies each final's hash over the one before it, and names the first that does not hold."""
    history: History = request.app.state.history
    try:
        found = await audit(history, commands_of(request), wanted)
    except AWAY as error:
        raise away("Redis") from error
    return json_answer(answers.encode(found))


@router.get(
    "/{market}/attribution",
    summary="Why it moved",
    responses=responses("Attribution", 404, 409, 422, 503),
    openapi_extra=INDEX,
)
async def show_attribution(
    request: Request,
    market: Market,
    *,
    begin: Annotated[
        When, Query(alias="from", description="The last final at or before it; by default the one before that of `to`.")
    ] = None,
    end: Annotated[
        When, Query(alias="to", description="The last final at or before it; by default the newest.")
    ] = None,
    provisional: Annotated[bool, Query(description="Take the last reading of any kind at both ends.")] = False,
) -> Response:
    """Splits the change between two finals exactly: by cause and segment, and by what each indicator gives."""
    history: History = request.app.state.history
    kind = None if provisional else True
    ends = [Wanted(market, until=at_or_before(*given), final=kind) for given in (("from", begin), ("to", end))]
    return json_answer(answers.encode(await attribution(history, *ends)))
