"""`/v1/alerts/receivers`: receivers, tests, deliveries, dead letters. Secrets go in and never come out."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from secrets import token_hex
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Query, Request
from psycopg.errors import ForeignKeyViolation
from pydantic import Field, ValidationError
from starlette.responses import Response

from api.alerting import messages, outbox, registry, templates
from api.alerting.guard import Guard, RefusedError
from api.alerting.messages import Message, spelled
from api.alerting.receivers import AnyReceiver, UnknownKindError, check_addresses, receiver_of
from api.alerting.registry import Stored
from api.alerting.rest import answers
from api.alerting.rest.door import READ, WRITE, database, json_answer
from api.alerting.rest.noted import noted, of_receiver
from api.alerting.vault import Vault, VaultError
from api.openapi import responses
from api.problems import Problem
from schemas.market_words import Slug, Strict

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])

Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9](-?[A-Za-z0-9._])*$", max_length=64)]


class ReceiverBody(Strict):
    """A receiver: its settings by kind, secrets among them. A secret that is left out stays as it was."""

    settings: dict[str, Any]
    enabled: bool = True


class PreviewBody(Strict):
    """A template to be tried on an example."""

    template: str = Field(max_length=templates.MAX_TEMPLATE)
    html: bool = False


class Redelivery(Strict):
    """Dead letters that shall be told again: these, those of one receiver, or all."""

    ids: list[Annotated[str, Field(max_length=80)]] | None = Field(default=None, max_length=10_000)
    receiver: Slug | None = None


@router.get("/receivers", summary="Receivers", responses=responses("Receivers", 422, 503), openapi_extra=READ)
async def list_receivers(request: Request) -> Response:
    """Receivers without their secrets."""
    async with database(request) as connection:
        found = await registry.receivers(connection)
    return json_answer(answers.Receivers([answers.receiver_answer(one) for one in found]))


@router.put(
    "/receivers/{name}", summary="Write a receiver", responses=responses("ReceiverAnswer", 413, 422, 503),
    openapi_extra=WRITE,
)  # fmt: skip
async def save_receiver(request: Request, name: Name, body: ReceiverBody) -> Response:
    """Stores a receiver, new or instead of the one of that name."""
    vault: Vault = request.app.state.vault
    async with database(request) as connection, connection.transaction():
        before = await registry.receiver(connection, name)
        try:
            made = _made(before, body, vault)
            check_addresses(Guard(request.app.state.config.alert_allow), made)
            secrets = {key: value for key, value in made.secrets().items() if value}
            stored = await registry.save(connection, name, made, vault.seal(secrets), body.enabled)
            was, now = of_receiver(before), of_receiver(stored)
            await noted(request, connection, "receivers.write", f"receiver:{name}", before=was, after=now)
        except ValidationError as error:
            raise _unusable("; ".join(_faults(error))) from error
        except (UnknownKindError, VaultError, RefusedError) as error:
            raise _unusable(str(error)) from error
    return json_answer(answers.receiver_answer(stored))


def _made(before: Stored | None, body: ReceiverBody, vault: Vault) -> AnyReceiver:
    """The receiver that is asked for, with the secrets that were left out.

    Raises:
        Problem: they would be sent elsewhere than before: whoever may change an address may not learn secrets by it.
    """
    if before is None or before.kind != body.settings.get("kind"):
        return receiver_of(body.settings)
    kept = vault.open(before.sealed)
    made = receiver_of({**kept, **body.settings})
    moved = [name for name in made.SENT_TO if made.public()[name] != before.settings.get(name)]
    if moved and (held := sorted(kept.keys() - body.settings.keys())):
        msg = f"{' and '.join(moved)} changed: give {' and '.join(held)} again, which would be sent there"
        raise _unusable(msg)
    return made


def _faults(error: ValidationError) -> list[str]:
    found = error.errors(include_input=False, include_url=False)
    return [f"{'.'.join(map(str, one['loc'])) or 'settings'}: {one['msg']}" for one in found]


def _unusable(detail: str) -> Problem:
    return Problem(422, "Receiver cannot be used", detail)


@router.delete(
    "/receivers/{name}", summary="Remove a receiver", responses=responses("Done", 404, 422, 503),
    openapi_extra=WRITE,
)  # fmt: skip
async def remove_receiver(request: Request, name: Name) -> Response:
    """Removes a receiver, its secrets, and what waits for it."""
    async with database(request) as connection, connection.transaction():
        before = await registry.receiver(connection, name)
        if not await registry.remove(connection, name):
            raise _unknown(name)
        await noted(request, connection, "receivers.remove", f"receiver:{name}", before=of_receiver(before))
    return json_answer(answers.Done(1))


@router.post(
    "/receivers/{name}/test", summary="Send a test", responses=responses("Done", 404, 422, 503),
    openapi_extra=WRITE,
)  # fmt: skip
async def test_receiver(request: Request, name: Name) -> Response:
    """Sends a test the way every message goes; the deliveries say what came of it."""
    now = datetime.now(UTC)
    message = Message(f"msg_{token_hex(12)}", messages.trial("test", now))
    async with database(request) as connection, connection.transaction():
        stored = await registry.receiver(connection, name)
        if stored is None:
            raise _unknown(name)
        try:
            await outbox.enqueue(connection, stored.id, message, now)
        except ForeignKeyViolation as error:  # removed since
            raise _unknown(name) from error
        await noted(request, connection, "receivers.test", f"receiver:{name}", after={"message": message.id})
    return json_answer(answers.Done(1, message.id))


@router.get(
    "/receivers/{name}/deliveries", summary="Delivery log", responses=responses("Deliveries", 404, 422, 503),
    openapi_extra=READ,
)  # fmt: skip
async def list_deliveries(request: Request, name: Name, limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> Response:
    """Attempts to deliver to a receiver, the newest first."""
    async with database(request) as connection:
        stored = await registry.receiver(connection, name)
        if stored is None:
            raise _unknown(name)
        rows = await connection.execute(
            "SELECT outbox_id, attempt, at, outcome, status, latency_ms, request, response, fault "
            "FROM alert_deliveries WHERE receiver_id = %s ORDER BY number DESC LIMIT %s",
            (stored.id, limit),
        )
        found = [answers.DeliveryAnswer(row[0], row[1], spelled(row[2]), *row[3:]) for row in await rows.fetchall()]
    return json_answer(answers.Deliveries(found))


@router.post(
    "/redeliver", summary="Send dead letters again", responses=responses("Done", 413, 422, 503),
    openapi_extra=WRITE,
)  # fmt: skip
async def redeliver(request: Request, body: Redelivery) -> Response:
    """Makes messages that were given up wait again."""
    async with database(request) as connection, connection.transaction():
        count = await outbox.redeliver(connection, body.ids, body.receiver)
        target = f"receiver:{body.receiver or 'all'}"
        await noted(request, connection, "deliveries.again", target, after={"count": count})
    return json_answer(answers.Done(count))


@router.post("/preview", summary="Try a template", responses=responses("Preview", 413, 422), openapi_extra=READ)
async def preview(body: PreviewBody) -> Response:
    """Says what a template makes of an example."""
    example = messages.values(messages.trial("us", datetime.now(UTC), "https://esi.example/"))
    example["title"] = "INFO us: Test of the receiver"
    try:
        text = await run_sync(partial(templates.render, body.template, example, html=body.html))
    except templates.TemplateError as error:
        raise Problem(422, "Template cannot be used", str(error)) from error
    return json_answer(answers.Preview(text))


def _unknown(name: str) -> Problem:
    return Problem(404, "Unknown receiver", f"There is no receiver {name!r}. GET /v1/alerts/receivers lists them.")
