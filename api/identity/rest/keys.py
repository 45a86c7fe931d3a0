"""`/v1/keys`, `/v1/token`, `/.well-known/jwks.json`: API keys for services, and short tokens for keys."""

from __future__ import annotations

import base64
import binascii
import time
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import parse_qs, unquote_plus
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from api.alerting.rest.door import json_answer
from api.alerting.vault import VaultError
from api.identity import audit_log, keys, lockout, signing
from api.identity.audit_log import Event
from api.identity.database import visit
from api.identity.gate import identity_of, lacks, needs
from api.identity.keys import KeyScopeError
from api.identity.rest.answers import Jwks, Keys, TokenAnswer, key_answer
from api.identity.rest.session import address_of, authority_of
from api.identity.scopes import PUBLIC, SCOPES
from api.identity.secrets import prefix_of
from api.openapi import responses
from api.problems import Problem
from schemas.market_words import Strict, Text

router = APIRouter(tags=["keys"])
ADMIN = needs("users:admin")


class NewKey(Strict):
    """A key to be."""

    name: Annotated[Text, Field(min_length=1, max_length=120)]
    scopes: Annotated[list[str], Field(min_length=1, max_length=20)]
    expires_at: AwareDatetime | None = None


@router.get("/v1/keys", summary="API keys", responses=responses("Keys", 401, 503), openapi_extra=ADMIN)
async def list_keys(request: Request) -> Response:
    """All keys that hold, without their secrets."""
    async with visit(authority_of(request).pool) as connection:
        found = await keys.listed(connection)
    return json_answer(Keys([key_answer(one) for one in found]))


@router.post(
    "/v1/keys", summary="A new API key", responses=responses("KeyAnswer", 401, 413, 422, 503), openapi_extra=ADMIN
)
async def add_key(request: Request, body: NewKey) -> Response:
    """Makes a key; the answer has its text, this once. Nobody can give what they do not have."""
    identity = identity_of(request)
    if missing := set(body.scopes) - identity.scopes:
        if missing - SCOPES.keys():
            raise Problem(422, "Bad parameter", f"scopes: there are {', '.join(SCOPES)}")
        raise lacks(identity, sorted(missing)[0])
    if body.expires_at is not None and body.expires_at <= datetime.now(UTC):
        raise Problem(422, "Bad parameter", "expires_at: this moment has passed")
    creator = UUID(identity.id.removeprefix("user:")) if identity.id.startswith("user:") else None
    async with visit(authority_of(request).pool) as connection, connection.transaction():
        try:
            made, text = await keys.make(connection, body.name, body.scopes, body.expires_at, creator)
        except KeyScopeError as error:
            raise Problem(422, "Bad parameter", str(error)) from error
        event = Event(identity.id, "keys.add", f"key:{made.prefix}", address_of(request), None, {"scopes": made.scopes})
        await audit_log.write(connection, event)
    return json_answer(key_answer(made, text))


@router.delete(
    "/v1/keys/{key_id}", summary="Revoke an API key", responses=responses("Done", 401, 404, 422, 503),
    openapi_extra=ADMIN,
)  # fmt: skip
async def revoke_key(request: Request, key_id: UUID) -> Response:
    """Ends a key, everywhere within seconds; tokens that it got last ten minutes at most."""
    authority = authority_of(request)
    async with visit(authority.pool) as connection, connection.transaction():
        gone = await keys.revoke(connection, key_id)
        if gone is None:
            raise Problem(404, "Unknown key", f"There is no key {key_id}. GET /v1/keys lists all.")
        who, address = identity_of(request).id, address_of(request)
        event = Event(who, "keys.revoke", f"key:{gone.prefix}", address, {"scopes": gone.scopes}, None)
        await audit_log.write(connection, event)
    authority.forget()
    return json_answer({"count": 1, "id": str(key_id)})


@router.get(
    "/.well-known/jwks.json", summary="Keys that verify tokens", responses=responses("Jwks", 503),
    openapi_extra=needs(PUBLIC),
)  # fmt: skip
async def show_jwks(request: Request) -> Response:
    """Public keys; tokens name theirs by `kid`."""
    return json_answer(Jwks(await authority_of(request).ring(time.time())))


@router.post(
    "/v1/token", summary="A token for a service", responses=responses("TokenAnswer", 401, 413, 422, 429, 503),
    openapi_extra=needs(PUBLIC)
    | {
        "requestBody": {
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {
                        "type": "object",
                        "required": ["grant_type"],
                        "properties": {
                            name: {"type": "string"} for name in ("grant_type", "client_id", "client_secret", "scope")
                        },
                    }
                }
            }
        }
    },
)  # fmt: skip
async def give_token(request: Request) -> Response:
    """OAuth 2 client credentials (RFC 6749, section 4.4): the client is an API key, its id the key's prefix.

    The key is sent as the password of HTTP Basic, or in the body as `client_secret`.
    """
    form = _form(await request.body())
    if form.get("grant_type") != "client_credentials":
        raise Problem(422, "Bad parameter", "grant_type: only client_credentials is offered")
    client, secret = _client(request, form)
    authority, address = authority_of(request), address_of(request)
    async with visit(authority.pool) as connection:
        if (wait := await lockout.waits(connection, f"key {client}", address)) > 0:
            raise Problem(429, "Too many tries", "Too many wrong keys.", {"retry-after": str(int(wait) + 1)})
        identity = await keys.check(connection, secret) if prefix_of(secret) == client else None
        if identity is None:
            await lockout.failed(connection, f"key {client}", address)
            detail = "No API key has this id and this secret."
            raise Problem(401, "Unknown client", detail, {"www-authenticate": "Basic"})
        scopes = frozenset(form["scope"].split()) if form.get("scope") else identity.scopes
        if missing := scopes - identity.scopes:
            raise lacks(identity, sorted(missing)[0])
        try:
            key = await signing.signer(connection, authority.vault)
        except VaultError as error:
            raise Problem(503, "No key to sign with", str(error)) from error
        issuer = await signing.deployment(connection)
    token = signing.issue(key, issuer, identity, scopes, time.time())
    return json_answer(TokenAnswer(token, "Bearer", signing.LASTS, " ".join(sorted(scopes))))


def _form(body: bytes) -> dict[str, str]:
    try:
        found = parse_qs(body.decode(), max_num_fields=20, strict_parsing=bool(body))
    except ValueError as error:
        raise Problem(422, "Bad parameter", "the body is no form (application/x-www-form-urlencoded)") from error
    if any(len(values) > 1 for values in found.values()):
        raise Problem(422, "Bad parameter", "a field of the form is there twice")
    return {name: values[0] for name, values in found.items()}


def _client(request: Request, form: dict[str, str]) -> tuple[str, str]:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Problem(401, "Unknown client", "The Authorization header cannot be read.") from error
    return unquote_plus(client), unquote_plus(secret)
