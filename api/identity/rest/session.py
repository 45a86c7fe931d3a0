"""`/v1/session`: who I am, login, logout, and the one-time link that sets a password."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from api.alerting.rest.door import json_answer
from api.config import ApiConfig
from api.identity import audit_log, lockout, sessions, users
from api.identity.audit_log import Event
from api.identity.authority import Authority, Shown
from api.identity.database import Connection, visit
from api.identity.gate import NOBODY, cookie_of, needs
from api.identity.passwords import LONGEST, PasswordError
from api.identity.rest.answers import session_answer
from api.identity.scopes import PUBLIC, Identity
from api.identity.sessions import COOKIE, SECURE_COOKIE
from api.identity.users import User
from api.openapi import responses
from api.problems import Problem
from schemas.market_words import Strict, Text

router = APIRouter(prefix="/v1/session", tags=["session"])

PROVIDER_LINK = '</v1/session/oidc>; rel="login"'
"""Told to whoever asks who they are, where logins by a provider are configured."""

_WRONG = Problem(401, "Wrong name or password", "No user of this name logs in with this password.")
_WRONG_LINK = Problem(401, "Not a valid link", "This link was used, has ended, or never was: ask an admin for another.")

Name = Annotated[Text, Field(min_length=1, max_length=64)]
Password = Annotated[str, Field(min_length=1, max_length=LONGEST)]


class Login(Strict):
    """Name and password."""

    name: Name
    password: Password


class LinkUse(Strict):
    """A one-time link's token, and the password that it sets."""

    token: Annotated[Text, Field(min_length=1, max_length=200)]
    password: Password


def authority_of(request: Request) -> Authority:
    """Everything that this process knows of identities."""
    found: Authority = request.app.state.authority
    return found


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else "unknown"


@router.get("", summary="Who I am", responses=responses("SessionAnswer", 401, 503), openapi_extra=needs(PUBLIC))
async def show_session(request: Request) -> Response:
    """Who is logged in, with the CSRF token for changes; `local` on this machine without a login."""
    identity: Identity | None = request.state.identity
    way_in = {} if request.app.state.provider is None else {"link": PROVIDER_LINK}
    if identity is None:
        raise Problem(NOBODY.status, NOBODY.title, NOBODY.detail, NOBODY.headers | way_in)
    answer = json_answer(session_answer(identity))
    answer.headers.update(way_in)
    return answer


@router.post(
    "", summary="Log in", responses=responses("SessionAnswer", 401, 413, 422, 429, 503), openapi_extra=needs(PUBLIC)
)
async def log_in(request: Request, body: Login) -> Response:
    """Begins a session; the cookie is for browsers, and no script reads it."""
    authority, address = authority_of(request), address_of(request)
    async with visit(authority.pool) as connection:
        if (wait := await lockout.waits(connection, body.name, address)) > 0:
            raise _wait(wait)
        await lockout.failed(connection, body.name, address)  # counted before: tries at once would not see each other
        user = await users.by_name(connection, body.name)
    hashed = None if user is None or user.disabled_at else user.password_hash
    if not await authority.passwords.verify(hashed, body.password) or user is None:
        raise _WRONG
    async with visit(authority.pool) as connection:
        await lockout.forgive(connection, body.name, address)
        return await begin(request, connection, user)


def _wait(seconds: float) -> Problem:
    whole = int(seconds) + 1
    detail = f"Too many wrong passwords: try again in {whole} s."
    return Problem(429, "Too many tries", detail, {"retry-after": str(whole)})


async def begin(request: Request, connection: Connection, user: User) -> Response:
    """Begins a session of a user who has shown who they are, and answers it."""
    authority, address = authority_of(request), address_of(request)
    async with connection.transaction():
        token = await sessions.begin(connection, user.id, address, authority.lifetimes)
        await audit_log.write(connection, Event(f"user:{user.id}", "session.begin", f"user:{user.id}", address))
    identity = await authority.who(Shown("cookie", token))
    if identity is None:
        raise _WRONG  # somebody disabled them in this very moment
    response = json_answer(session_answer(identity))
    set_cookie(request, response, token)
    return response


def set_cookie(request: Request, response: Response, token: str) -> None:
    """The session's cookie: for this host only, and not for scripts."""
    config: ApiConfig = request.app.state.config
    authority = authority_of(request)
    options: dict[str, Any] = {"path": "/", "httponly": True, "samesite": "lax", "secure": config.has_tls}
    name = SECURE_COOKIE if config.has_tls else COOKIE
    response.set_cookie(name, token, max_age=int(authority.lifetimes.absolute.total_seconds()), **options)


@router.delete("", summary="Log out", responses=responses("Done", 401, 503), openapi_extra=needs(PUBLIC))
async def log_out(request: Request) -> Response:
    """Ends the session here and everywhere within seconds."""
    identity: Identity | None = request.state.identity
    token, authority = cookie_of(request.headers, tls=request.app.state.config.has_tls), authority_of(request)
    if identity is None or not identity.csrf or not token:
        raise NOBODY
    async with visit(authority.pool) as connection, connection.transaction():
        await sessions.end(connection, token)
        await audit_log.write(connection, Event(identity.id, "session.end", identity.id, address_of(request)))
    authority.forget(token)
    response = json_answer({"count": 1, "id": None})
    for name in (COOKIE, SECURE_COOKIE):
        response.delete_cookie(name, path="/", secure=name == SECURE_COOKIE, httponly=True, samesite="lax")
    return response


@router.post(
    "/link", summary="Use a one-time link", responses=responses("SessionAnswer", 401, 413, 422, 429, 503),
    openapi_extra=needs(PUBLIC),
)  # fmt: skip
async def use_link(request: Request, body: LinkUse) -> Response:
    """Sets a password by a one-time link, as the console or an admin gives it, and logs in."""
    authority, address = authority_of(request), address_of(request)
    async with visit(authority.pool) as connection:
        if (wait := await lockout.waits(connection, "", address)) > 0:
            raise _wait(wait)
        user = await users.by_link(connection, body.token)
        if user is None:
            await lockout.failed(connection, f"link {address}", address)
            raise _WRONG_LINK
    try:
        hashed = await authority.passwords.hash(body.password, user.name)
    except PasswordError as error:
        raise Problem(422, "Bad password", str(error)) from error
    async with visit(authority.pool) as connection, connection.transaction():
        if await users.by_link(connection, body.token) is None:
            raise _WRONG_LINK  # somebody used it meanwhile
        await users.set_password(connection, user.id, hashed)
        await audit_log.write(connection, Event(f"user:{user.id}", "users.password", f"user:{user.id}", address))
        await lockout.forgive(connection, user.name, address)
    async with visit(authority.pool) as connection:
        return await begin(request, connection, user)
