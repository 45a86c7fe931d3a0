"""`/v1/alerts/rules`: list and write rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.alerting import rulebook
from api.alerting.desk import NO_ROOM, left_out, usable
from api.alerting.rest import answers
from api.alerting.rest.door import READ, WRITE, Connection, database, json_answer, names_of
from api.alerting.rest.noted import author_of, noted, of_rule
from api.alerting.rulebook import StoredRule, TwinError
from api.openapi import responses
from api.problems import Problem
from models.alerts.check import USAGE
from models.alerts.engine import windows_of
from models.alerts.kinds import Checked, checked
from models.alerts.nodes import RuleError
from schemas.alert_fields import FIELDS, Vocabulary
from schemas.alert_rule import AlertRule
from schemas.market_words import Strict, Text
from schemas.names import RUN_MARK

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])

Author = Annotated[Text, Field(min_length=1, max_length=80, description="Who does this, in words.")]
MarketName = Annotated[str, Field(min_length=1, max_length=200)]
Market = Annotated[str | None, Query(max_length=200)]


class RuleBody(Strict):
    """A rule to be stored."""

    market: MarketName
    rule: AlertRule
    author: Author


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


def _answers(found: Sequence[StoredRule], names: Vocabulary | None) -> list[answers.RuleAnswer]:
    """All rules of one market as they are answered; some want windows for which there is no room."""
    if names is None:
        return [answers.rule_answer(one, None, None, "no flow publishes this market now") for one in found]
    faults = usable(found, names)[1]
    return [_answer(one, names, faults.get(one.name)) for one in found]


def _answer(stored: StoredRule, names: Vocabulary, fault: str | None = None) -> answers.RuleAnswer:
    try:
        found = checked(stored.rule, names)
    except RuleError as error:
        return answers.rule_answer(stored, None, None, str(error))
    return answers.rule_answer(stored, found.when_text, found.until_text, fault)


async def _must_have_room(
    connection: Connection, stored: StoredRule, names: Vocabulary, before: StoredRule | None = None
) -> None:
    """That a rule which was just written, instead of another version, leaves no rule of its market without room.

    Raises:
        Problem: there are too many windows.
    """
    if not windows_of(checked(stored.rule, names)):
        return
    now = await rulebook.rules(connection, stored.market)
    others = [one for one in now if one.id != stored.id]
    was = others if before is None else [*others, before]
    if await run_sync(left_out, now, names) > await run_sync(left_out, was, names):
        raise Problem(422, "Rule cannot be used", NO_ROOM)


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
    by_market = [_answers([rule for rule in found if rule.market == one], names[one]) for one in sorted(names)]
    return json_answer(answers.Rules([answer for rules in by_market for answer in rules]))


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
            author = author_of(request, body.author)
            stored = await rulebook.add(connection, _base(body.market), body.rule, author)
        except TwinError as error:
            raise Problem(409, "Name taken", str(error)) from error
        await _must_have_room(connection, stored, names)
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
        beside = await rulebook.rules(connection, stored.market)
    found = _answers(beside, await names_of(request, stored.market))
    answer = next((one for one in found if one.id == str(rule_id)), None)
    if answer is None:
        raise _unknown(rule_id)
    return json_answer(answer)


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
            author = author_of(request, body.author)
            stored = await rulebook.change(connection, rule_id, body.rule, author)
        except TwinError as error:
            raise Problem(409, "Name taken", str(error)) from error
        if stored is None:
            raise _unknown(rule_id)
        await _must_have_room(connection, stored, names, before)
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
        if not await rulebook.remove(connection, rule_id, author_of(request, author)):
            raise _unknown(rule_id)
        await noted(request, connection, "rules.remove", f"rule:{rule_id}", before=of_rule(before))
    return json_answer(answers.Done(1, str(rule_id)))


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
