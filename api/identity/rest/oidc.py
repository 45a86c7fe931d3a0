"""`/v1/session/oidc`: to the provider, and back with a session."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from api.alerting.vault import VaultError
from api.identity import audit_log, sessions, users
from api.identity.audit_log import Event
from api.identity.database import Connection, visit
from api.identity.gate import needs
from api.identity.oidc import Errand, Known, Provider, ProviderError
from api.identity.rest.session import address_of, authority_of, set_cookie
from api.identity.scopes import PUBLIC, ROLES
from api.identity.users import User, UserError
from api.openapi import responses
from api.problems import Problem

router = APIRouter(prefix="/v1/session", tags=["session"])

COOKIE = "esi_errand"
"""Holds, sealed, what must be remembered while somebody is at the provider."""


def provider_of(request: Request) -> Provider:
    """The provider that is configured.

    Raises:
        Problem: there is none.
    """
    found: Provider | None = request.app.state.provider
    if found is None:
        raise Problem(404, "No provider", "Login by a provider is not configured: set ESI_OIDC_ISSUER.")
    return found


@router.get(
    "/oidc", summary="Log in by the provider", responses=responses("Done", 404, 503), openapi_extra=needs(PUBLIC)
)
async def leave(request: Request) -> Response:
    """Sends the browser to the provider."""
    provider, authority = provider_of(request), authority_of(request)
    try:
        url, errand = await provider.begin()
        sealed = authority.vault.seal(_said(errand))
    except (ProviderError, VaultError) as error:
        raise Problem(503, "No login by the provider", str(error), {"retry-after": "10"}) from error
    response = RedirectResponse(url, 303, {"cache-control": "no-store"})
    secure = request.app.state.config.has_tls
    response.set_cookie(
        COOKIE, sealed.decode(), max_age=600, path="/v1/session/oidc", httponly=True, samesite="lax", secure=secure
    )
    return response


def _said(errand: Errand) -> dict[str, object]:
    return {"state": errand.state, "nonce": errand.nonce, "verifier": errand.verifier}


@router.get(
    "/oidc/callback", summary="Back from the provider", responses=responses("Done", 404, 422, 503),
    openapi_extra=needs(PUBLIC),
)  # fmt: skip
async def come_back(
    request: Request,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4_000)] = "",
    error: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Begins a session of whomever the provider knows."""
    provider, authority, address = provider_of(request), authority_of(request), address_of(request)
    try:
        if error or not code:
            raise ProviderError(f"it said {error!r}" if error else "it sent no code")
        known = await provider.finish(_errand(request), state, code)
    except ProviderError as fault:
        raise Problem(401, "No login by the provider", f"{fault}. Begin again at /v1/session/oidc.") from fault
    async with visit(authority.pool) as connection, connection.transaction():
        user = await _user(connection, provider, known)
        token = await sessions.begin(connection, user.id, address, authority.lifetimes)
        event = Event(f"user:{user.id}", "session.begin", f"user:{user.id}", address, None, {"by": "provider"})
        await audit_log.write(connection, event)
    response = RedirectResponse("/", 303, {"cache-control": "no-store"})
    response.delete_cookie(COOKIE, path="/v1/session/oidc")
    set_cookie(request, response, token)
    return response


def _errand(request: Request) -> Errand:
    try:
        return Errand(**authority_of(request).vault.open(request.cookies.get(COOKIE, "").encode()))  # type: ignore[arg-type]  # as it was sealed
    except (VaultError, TypeError) as error:
        raise ProviderError("this browser has not begun a login, or too long ago") from error


async def _user(connection: Connection, provider: Provider, known: Known) -> User:
    """The user of a subject; made at the first login where that is allowed. Names of others are never taken over."""
    issuer, role = provider.config.issuer, provider.config.role
    user = await users.by_subject(connection, issuer, known.subject)
    if user is None:
        if role not in ROLES:
            raise Problem(403, "Not known here", "The provider knows you, and nobody has added you here: ask an admin.")
        user = await _made(connection, provider, known)
    if user.disabled_at is not None:
        raise Problem(403, "Shut out", "This user is shut out: ask an admin.")
    return user


async def _made(connection: Connection, provider: Provider, known: Known) -> User:
    issuer, role = provider.config.issuer, provider.config.role
    taken = await users.by_name(connection, known.name)
    name = known.name if taken is None else f"{known.name[:50]}-{uuid4().hex[:8]}"
    try:
        user = await users.add(connection, name, role, issuer, known.subject)  # type: ignore[arg-type]  # checked
    except UserError:
        user = await users.add(connection, f"user-{uuid4().hex[:8]}", role, issuer, known.subject)  # type: ignore[arg-type]
    event = Event(f"user:{user.id}", "users.add", f"user:{user.id}", "provider", None, {"role": role})
    await audit_log.write(connection, event)
    return user
