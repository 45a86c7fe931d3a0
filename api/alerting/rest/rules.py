"""`/v1/alerts/rules`: list, write, check and back-test rules."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.alerting import history, rulebook
from api.alerting.rest import answers
from api.alerting.rest.door import READ, WRITE, database, json_answer, names_of
from api.alerting.rest.noted import noted, of_rule
from api.alerting.rulebook import StoredRule, TwinError
from api.openapi import responses
from api.parameters import milliseconds
from api.problems import Problem
from models.alerts.backtest import Backtest, Trial
from models.alerts.check import USAGE
from models.alerts.kinds import Checked, checked
from models.alerts.nodes import RuleError
from schemas.alert_fields import FIELDS, Vocabulary
from schemas.alert_rule import AlertRule
from schemas.market_words import Strict, Text
from schemas.names import RUN_MARK

MOST = 200_000
"""Readings that a back-test looks at."""

SHOWN = 20
"""Dates that its summary names."""

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])

Author = Annotated[Text, Field(min_length=1, max_length=80, description="Who does this, in words.")]
MarketName = Annotated[str, Field(min_length=1, max_length=200)]
Market = Annotated[str | None, Query(max_length=200)]


class RuleBody(Strict):
    """A rule to be stored."""

    market: MarketName
    rule: AlertRule
    author: Author


class TrialBody(Strict):
    """A rule to be checked or tried, `from` a time or date on `to` another one; `finals` leaves out the provisional."""

    market: MarketName
    rule: AlertRule
    begin: str | None = Field(default=None, alias="from", max_length=40)
    end: str | None = Field(default=None, alias="to", max_length=40)
    finals: bool = True


def fitting(rule: AlertRule, names: Vocabulary) -> Checked:
    """A rule that fits its market.

    Raises:
        Problem: it does not; the detail shows the place.
    """
    try:
        return checked(rule, names)
    except RuleError as error:
        raise Problem(422, "Rule cannot be used", str(error)) from error


def _base(market: str) -> str:
    return market.partition(RUN_MARK)[0]


def _answer(stored: StoredRule, names: Vocabulary | None) -> answers.RuleAnswer:
    if names is None:
        return answers.rule_answer(stored, None, None, "no flow publishes this market now")
    try:
        found = checked(stored.rule, names)
    except RuleError as error:
        return answers.rule_answer(stored, None, None, str(error))
    return answers.rule_answer(stored, found.when_text, found.until_text, None)


@router.get("/rules", summary="Rules", responses=responses("Rules", 422, 503), openapi_extra=READ)
async def list_rules(request: Request, market: Market = None) -> Response:
    """The rules of a market, or all."""
    async with database(request) as connection:
        found = await rulebook.rules(connection, market)
    names: dict[str, Vocabulary | None] = {}
    for one in {rule.market for rule in found}:
        try:
            names[one] = await names_of(request, one)
        except Problem as problem:
            if problem.status != 404:
                raise
            names[one] = None
    return json_answer(answers.Rules([_answer(rule, names[rule.market]) for rule in found]))


@router.post(
    "/rules", summary="A new rule", responses=responses("RuleAnswer", 404, 409, 413, 422, 503),
    openapi_extra=WRITE,
)  # fmt: skip
async def add_rule(request: Request, body: RuleBody) -> Response:
    """Stores a rule after checking it against its market; it is evaluated within seconds."""
    names = await names_of(request, body.market)
    fitting(body.rule, names)
    async with database(request) as connection, connection.transaction():
        try:
            stored = await rulebook.add(connection, _base(body.market), body.rule, body.author)
        except TwinError as error:
            raise Problem(409, "Name taken", str(error)) from error
        await noted(request, connection, "rules.add", f"rule:{stored.id}", after=of_rule(stored))
    return json_answer(_answer(stored, names))


@router.get(
    "/rules/{rule_id}", summary="One rule", responses=responses("RuleAnswer", 404, 422, 503), openapi_extra=READ
)
async def show_rule(request: Request, rule_id: UUID) -> Response:
    """A rule by its id."""
    async with database(request) as connection:
        stored = await rulebook.rule(connection, rule_id)
    if stored is None:
        raise _unknown(rule_id)
    return json_answer(_answer(stored, await names_of(request, stored.market)))


@router.put(
    "/rules/{rule_id}", summary="Change a rule", responses=responses("RuleAnswer", 404, 409, 413, 422, 503),
    openapi_extra=WRITE,
)  # fmt: skip
async def change_rule(request: Request, rule_id: UUID, body: RuleBody) -> Response:
    """Stores the next version of a rule; alerts of the version before end."""
    names = await names_of(request, body.market)
    fitting(body.rule, names)
    async with database(request) as connection, connection.transaction():
        before = await rulebook.rule(connection, rule_id)
        if before is None or before.market != _base(body.market):
            raise _unknown(rule_id)
        try:
            stored = await rulebook.change(connection, rule_id, body.rule, body.author)
        except TwinError as error:
            raise Problem(409, "Name taken", str(error)) from error
        if stored is None:
            raise _unknown(rule_id)
        was, now = of_rule(before), of_rule(stored)
        await noted(request, connection, "rules.change", f"rule:{rule_id}", before=was, after=now)
    return json_answer(_answer(stored, names))


@router.delete(
    "/rules/{rule_id}", summary="Remove a rule", responses=responses("Done", 404, 422, 503),
    openapi_extra=WRITE,
)  # fmt: skip
async def remove_rule(
    request: Request, rule_id: UUID, author: Annotated[str, Query(min_length=1, max_length=80)]
) -> Response:
    """Takes a rule out; its alerts end."""
    async with database(request) as connection, connection.transaction():
        before = await rulebook.rule(connection, rule_id)
        if not await rulebook.remove(connection, rule_id, author):
            raise _unknown(rule_id)
        await noted(request, connection, "rules.remove", f"rule:{rule_id}", before=of_rule(before))
    return json_answer(answers.Done(1, str(rule_id)))


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
    async with database(request) as connection:
        pages = history.pages(connection, body.market, begin, end, finals=body.finals, details=trial.wants_details)
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


@router.get("/fields", summary="Fields for rules", responses=responses("Fields", 404, 422, 503), openapi_extra=READ)
async def list_fields(request: Request, market: Annotated[str, Query(max_length=200)]) -> Response:
    """What the rules of a market may name."""
    names = await names_of(request, market)
    listed = [
        answers.FieldAnswer(field.written, field.kind, field.unit, field.about, names.scores or not field.needs_scores)
        for field in FIELDS
    ]
    return json_answer(answers.Fields(market, listed, dict(USAGE)))


def _unknown(rule_id: Any) -> Problem:
    return Problem(404, "Unknown rule", f"There is no rule {rule_id}. GET /v1/alerts/rules lists what there is.")
