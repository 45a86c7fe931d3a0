"""What the last final says of the future (`/forecast`) and of the present (`/regime`), and what finals said before."""

from __future__ import annotations

import msgspec
from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from starlette.responses import Response

from api import answers
from api.history import History, Page
from api.identity.gate import INDEX
from api.openapi import responses
from api.parameters import Details_, Market
from api.problems import Problem
from api.score_columns import columns, decoded
from api.store import Wanted
from api.tables import span
from schemas.reading import Details

router = APIRouter(prefix="/v1/markets", tags=["scores"])

_HEADERS = {"cache-control": "no-store"}


async def last_details(request: Request, market: str) -> Details:
    """The details of the last final.

    Raises:
        Problem: there is no final yet.
    """
    history: History = request.app.state.history
    entry = await history.details(market)
    if entry is None:
        raise Problem(404, "No final yet", f"{market!r} has not closed a period yet; scores come with finals.")
    return msgspec.json.decode(entry.data, type=Details)


def _without_scores(market: str) -> Problem:
    told = f"The market file of {market!r} asks for no scores: write enabled = true under [scores]."
    return Problem(404, "No scores", told)


@router.get("/{market}/forecast", summary="Forecast", responses=responses("Forecasts", 404, 503), openapi_extra=INDEX)
async def show_forecast(request: Request, market: Market) -> Response:
    """Quantiles of the index ahead, with every expert's, their weights, live skill and coverage."""
    details = await last_details(request, market)
    if details.forecast is msgspec.UNSET:
        raise _without_scores(market)
    found = answers.Forecasts(market, details.at, details.forecast)
    return Response(answers.encode(found), media_type="application/json", headers=_HEADERS)


@router.get(
    "/{market}/regime",
    summary="Regime, anomaly and drift",
    responses=responses("Condition", 404, 503),
    openapi_extra=INDEX,
)
async def show_regime(request: Request, market: Market) -> Response:
    """Calm, tense or stress, how unusual the moment is, and whether forecast errors have drifted."""
    details = await last_details(request, market)
    if details.regime is msgspec.UNSET or details.anomaly is msgspec.UNSET or details.drift is msgspec.UNSET:
        raise _without_scores(market)
    found = answers.Condition(market, details.at, details.regime, details.anomaly, details.drift)
    return Response(answers.encode(found), media_type="application/json", headers=_HEADERS)


@router.get(
    "/{market}/scores",
    summary="Scores over time",
    responses=responses("Scores", 404, 422, 503),
    openapi_extra=INDEX,
)
async def list_scores(request: Request, wanted: Details_) -> Response:
    """Experts' weights and skill, coverage, regime, anomaly and drift of finals, oldest first, as columns."""
    history: History = request.app.state.history
    page = await history.page(wanted)
    body = await run_sync(_scores, wanted, page)  # details are large: the sockets must not wait for them
    return Response(body, media_type="application/json", headers=_HEADERS)


def _scores(wanted: Wanted, page: Page) -> bytes:
    last, following = span(wanted, page)
    finals = decoded([entry.data for entry in page.entries])
    return answers.encode(columns(wanted.market, page.epoch, finals, last, following))
