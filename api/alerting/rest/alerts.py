"""`/v1/alerts`: alerts, acknowledgement, silences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from psycopg.rows import dict_row
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from api.alerting import ledger, notify
from api.alerting.ledger import Row, row_of
from api.alerting.messages import spelled
from api.alerting.rest import answers
from api.alerting.rest.door import ACT, READ, database, json_answer
from api.alerting.rest.noted import author_of, noted
from api.openapi import responses
from api.problems import Problem
from schemas.alert_rule import Severity, Title
from schemas.duration import Span
from schemas.market_words import Strict, Text

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])

Author = Annotated[Text, Field(min_length=1, max_length=80)]
LONGEST = timedelta(days=366)
_SILENCE = "id, author, reason, market, rule, severity, segment, begins_at, ends_at, ended_by"


class Acknowledgement(Strict):
    """Who takes care of an alert, and what they say about it."""

    author: Author
    note: Annotated[Text, Field(max_length=2_000)] = ""


class SilenceBody(Strict):
    """Alerts that shall not be sent: who asks for it, why, for how long; what is not named is covered."""

    author: Author
    reason: Annotated[Text, Field(min_length=1, max_length=2_000)]
    lasting: Span
    begins_at: AwareDatetime | None = None
    market: Annotated[str, Field(max_length=200)] | None = None
    rule: Title | None = None
    severity: Severity | None = None
    segment: Annotated[Text, Field(max_length=80)] | None = None


@router.get("", summary="Alerts", responses=responses("Alerts", 422, 503), openapi_extra=READ)
async def list_alerts(
    request: Request,
    *,
    market: Annotated[str | None, Query(max_length=200)] = None,
    state: Annotated[Literal["alerting", "resolved"] | None, Query()] = None,
    severity: Annotated[Severity | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    cursor: Annotated[str | None, Query(max_length=120, description="`next` of the page before.")] = None,
) -> Response:
    """Alerts of a market, or all, the newest first."""
    before, identity = _cursor(cursor)
    values: dict[str, Any] = {"market": market, "state": state, "severity": severity, "before": before, "id": identity}
    async with database(request) as connection, connection.cursor(row_factory=dict_row) as rows:
        await rows.execute(
            "SELECT * FROM alerts WHERE (%(market)s::text IS NULL OR market = %(market)s) "
            "AND (%(state)s::text IS NULL OR state = %(state)s) "
            "AND (%(severity)s::text IS NULL OR severity = %(severity)s) "
            "AND (%(before)s::timestamptz IS NULL OR (began_at, id) < (%(before)s, %(id)s)) "
            "ORDER BY began_at DESC, id DESC LIMIT %(limit)s",
            values | {"limit": limit + 1},
        )
        found = await rows.fetchall()
    page = found[:limit]
    following = f"{page[-1]['began_at'].isoformat()}|{page[-1]['id']}" if len(found) > limit else None
    return json_answer(answers.Alerts([_answer(row_of(row)) for row in page], following))


def _cursor(text: str | None) -> tuple[datetime | None, str]:
    if text is None:
        return None, ""
    moment, _, identity = text.partition("|")
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not identity:
        raise Problem(422, "Bad parameter", "cursor: give the `next` of the page before, unchanged")
    return found, identity


def _answer(row: Row) -> answers.AlertAnswer:
    sent = None if row.sent_at is None else spelled(row.sent_at)
    return answers.AlertAnswer(row.alert, row.unsent, sent, row.acknowledged_by)


@router.post(
    "/{alert_id}/acknowledge", summary="Acknowledge an alert", responses=responses("AlertAnswer", 404, 413, 422, 503),
    openapi_extra=ACT,
)  # fmt: skip
async def acknowledge(request: Request, alert_id: str, body: Acknowledgement) -> Response:
    """Says that somebody takes care: the alert is not sent again until it ends, and PagerDuty is told."""
    now, author = datetime.now(UTC), author_of(request, body.author)
    async with database(request) as connection, connection.transaction():
        row = await ledger.acknowledge(connection, alert_id[:64], author, body.note, now)
        if row is None:
            raise Problem(
                404, "Unknown alert", f"No alert {alert_id[:64]!r} stands. GET /v1/alerts lists what there is."
            )
        if row.unsent is None:
            await notify.tell(connection, [row], "alerts", now, "", only="pagerduty")
        await noted(
            request, connection, "alerts.acknowledge", f"alert:{alert_id}", after={"acknowledged": spelled(now)}
        )
    return json_answer(_answer(row))


@router.get("/silences", summary="Silences", responses=responses("Silences", 422, 503), openapi_extra=READ)
async def list_silences(request: Request) -> Response:
    """Silences that hold or will hold, and those that ended within a week."""
    async with database(request) as connection:
        rows = await connection.execute(
            f"SELECT {_SILENCE} FROM alert_silences WHERE ends_at > now() - interval '7 days' ORDER BY begins_at, id"
        )
        found = [_silence(row) for row in await rows.fetchall()]
    return json_answer(answers.Silences(found))


@router.post(
    "/silences", summary="A new silence", responses=responses("SilenceAnswer", 413, 422, 503),
    openapi_extra=ACT,
)  # fmt: skip
async def add_silence(request: Request, body: SilenceBody) -> Response:
    """Keeps alerts from being sent for a while; what still stands afterwards is sent then."""
    lasting = timedelta(microseconds=body.lasting)
    if lasting > LONGEST:
        raise Problem(422, "Bad parameter", "lasting: at most 366d; change or remove the rule instead")
    begin, author = body.begins_at or datetime.now(UTC), author_of(request, body.author)
    try:
        end = begin + lasting
    except OverflowError as error:
        raise Problem(422, "Bad parameter", "begins_at: beyond the calendar") from error
    async with database(request) as connection, connection.transaction():
        rows = await connection.execute(
            "INSERT INTO alert_silences (author, reason, market, rule, severity, segment, begins_at, ends_at) "
            f"VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING {_SILENCE}",
            (author, body.reason, body.market, body.rule, body.severity, body.segment, begin, end),
        )
        made = _silence(await rows.fetchone())
        await noted(request, connection, "silences.add", f"silence:{made.id}", after=_kept(made))
    return json_answer(made)


@router.delete(
    "/silences/{silence_id}", summary="End a silence", responses=responses("Done", 404, 422, 503),
    openapi_extra=ACT,
)  # fmt: skip
async def end_silence(
    request: Request, silence_id: UUID, author: Annotated[str, Query(min_length=1, max_length=80)]
) -> Response:
    """Ends a silence now."""
    async with database(request) as connection, connection.transaction():
        done = await connection.execute(
            "UPDATE alert_silences SET ended_by = %s WHERE id = %s AND ended_by IS NULL AND ends_at > now() "
            f"RETURNING {_SILENCE}",
            (author_of(request, author), silence_id),
        )
        row = await done.fetchone()
        if row is None:
            raise Problem(404, "Unknown silence", f"No silence {silence_id} holds.")
        await noted(request, connection, "silences.end", f"silence:{silence_id}", before=_kept(_silence(row)))
    return json_answer(answers.Done(1, str(silence_id)))


def _kept(silence: answers.SilenceAnswer) -> dict[str, Any]:
    """As the audit log keeps it: what people wrote, and who, is left out."""
    names = ("market", "rule", "severity", "segment", "begins_at", "ends_at")
    return {name: getattr(silence, name) for name in names}


def _silence(row: Any) -> answers.SilenceAnswer:
    identity, author, reason, market, rule, severity, segment, begins, ends, ended_by = row
    return answers.SilenceAnswer(
        str(identity), author, reason, market, rule, severity, segment, spelled(begins), spelled(ends), ended_by
    )
