"""`/v1/alerts/check` and `/v1/alerts/backtest`: what a rule means, and what it would have said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from api.alerting import history
from api.alerting.rest import answers
from api.alerting.rest.door import READ, database, json_answer, names_of
from api.alerting.rest.rules import MarketName, fitting
from api.openapi import responses
from api.parameters import milliseconds
from api.problems import Problem
from models.alerts.backtest import Backtest, Trial
from models.alerts.kinds import Checked
from schemas.alert_rule import AlertRule
from schemas.market_words import Strict

MOST = 200_000
"""Readings that a back-test looks at."""

SHOWN = 20
"""Dates that its summary names."""

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])


class TrialBody(Strict):
    """A rule to be checked or tried, `from` a time or date on `to` another one; `finals` leaves out the provisional."""

    market: MarketName
    rule: AlertRule
    begin: str | None = Field(default=None, alias="from", max_length=40)
    end: str | None = Field(default=None, alias="to", max_length=40)
    finals: bool = True


class Turns:
    """Back-tests take a core for minutes: in each process they go one after the other, and none waits long.

    Args:
        seconds: how long one waits for its turn.
    """

    def __init__(self, seconds: float = 10.0) -> None:
        self._one, self._seconds = asyncio.Semaphore(), seconds

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """The turn of one back-test.

        Raises:
            Problem: others take too long.
        """
        try:
            async with asyncio.timeout(self._seconds):
                await self._one.acquire()
        except TimeoutError:
            detail = "Another back-test is under way: try again soon, or over a shorter time."
            raise Problem(503, "Too many back-tests", detail, {"retry-after": "10"}) from None
        try:
            yield
        finally:
            self._one.release()


@router.post("/check", summary="Check a rule", responses=responses("Checked", 404, 413, 422, 503), openapi_extra=READ)
async def check_rule(request: Request, body: TrialBody) -> Response:
    """Says whether a rule fits its market, and what it is in the rule language."""
    found = fitting(body.rule, await names_of(request, body.market))
    return json_answer(answers.Checked(body.market, found.when_text, found.until_text, found.when.seconds))


@router.post(
    "/backtest", summary="Try a rule over history", responses=responses("BacktestAnswer", 404, 413, 422, 503),
    openapi_extra=READ,
)  # fmt: skip
async def backtest_rule(request: Request, body: TrialBody) -> Response:
    """Says when a rule would have given alerts, over the archived readings."""
    found = fitting(body.rule, await names_of(request, body.market))
    begin, end = milliseconds("from", body.begin) or 0, milliseconds("to", body.end)
    trial, cut = Trial(body.rule, found), False
    end = 2**62 if end is None else end
    connect, turns = partial(database, request), request.app.state.back_tests
    async with turns.turn():
        pages = history.pages(connect, body.market, begin, end, finals=body.finals, details=trial.wants_details)
        async for page in pages:
            await run_sync(trial.feed, page)
            if cut := trial.result().readings >= MOST:
                break
    return json_answer(tried(body.market, found, trial.result(), cut=cut))


def tried(market: str, found: Checked, result: Backtest, *, cut: bool) -> answers.BacktestAnswer:
    """A back-test as it is answered."""
    episodes = [answers.EpisodeAnswer(one.began, one.ended, one.value) for one in result.episodes]
    return answers.BacktestAnswer(
        market, found.when_text, found.until_text, result.readings, result.first, result.last, len(episodes), episodes,
        summary(result), cut,
    )  # fmt: skip


def summary(result: Backtest) -> str:
    """`would have fired 14 times since 2000-01-03: 2000-04-14, ...`."""
    if result.first is None:
        return "there is no archived history of this market"
    count = len(result.episodes)
    times = {0: "never", 1: "once"}.get(count, f"{count} times")
    dates = [one.began[:10] for one in result.episodes]
    more = f", and {count - SHOWN} more" if count > SHOWN else ""
    told = f": {', '.join(dates[:SHOWN])}{more}" if dates else ""
    return f"would have fired {times} since {result.first[:10]}{told}"
