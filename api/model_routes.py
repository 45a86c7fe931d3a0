"""`/v1/models` and `/v1/markets/{market}/models`: what the registry holds, and what serves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from api import answers
from api.identity.gate import INDEX
from api.openapi import responses
from api.parameters import Market, json_answer
from api.score_routes import last_details
from models.registry import store
from models.registry.store import Version
from schemas.names import EDITION_MARK, RUN_MARK
from schemas.scores import ModelRow

router = APIRouter(prefix="/v1", tags=["models"])


@router.get("/models", summary="All models", responses=responses("Models"), openapi_extra=INDEX)
async def show_models(request: Request) -> Response:
    """Every version in the registry: its manifest, what it is now, and what the last check found."""
    return json_answer(answers.encode(answers.Models(await _versions(request))))


@router.get(
    "/markets/{market}/models",
    summary="Models of a market",
    responses=responses("MarketModels", 404, 422, 503),
    openapi_extra=INDEX,
)
async def show_market_models(request: Request, market: Market) -> Response:
    """Who serves as the last final saw it, with weight and live skill, challengers too; and the registry's versions."""
    details = await last_details(request, market)
    rows: list[ModelRow] = [] if details.models is msgspec.UNSET else details.models
    own = market.partition(RUN_MARK)[0]
    known = {own, own.partition(EDITION_MARK)[0]}
    versions = [v for v in await _versions(request) if v.manifest is not None and v.manifest.market in known]
    return json_answer(answers.encode(answers.MarketModels(market, details.at, rows, versions)))


async def _versions(request: Request) -> list[Version]:
    registry: Path | None = request.app.state.config.registry
    if registry is None:
        return []
    found = await asyncio.to_thread(store.listing, registry)
    return [_without_path(one, f"{registry}/") for one in found]


def _without_path(version: Version, path: str) -> Version:
    """Where the folder lies is nobody's business outside."""
    verdict = version.verdict
    return msgspec.structs.replace(
        version,
        fault=None if version.fault is None else version.fault.replace(path, ""),
        verdict=verdict and msgspec.structs.replace(verdict, text=verdict.text.replace(path, "")),
    )
