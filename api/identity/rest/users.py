"""`/v1/users`: users, for admins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from api.alerting.rest.door import json_answer
from api.identity import audit_log, users
from api.identity.audit_log import Event
from api.identity.database import Connection, visit
from api.identity.gate import identity_of, needs
from api.identity.rest.answers import Users, user_answer
from api.identity.rest.session import address_of, authority_of
from api.identity.scopes import Role
from api.identity.users import NAME, User, UserError
from api.openapi import responses
from api.problems import Problem
from schemas.market_words import Strict

router = APIRouter(prefix="/v1/users", tags=["users"])
ADMIN = needs("users:admin")


class NewUser(Strict):
    """A user to be: they set their password by a one-time link."""

    name: Annotated[str, Field(pattern=NAME)]
    role: Role


class UserChange(Strict):
    """What shall be otherwise; what is left out stays. `link` asks for a new one-time link."""

    role: Role | None = None
    disabled: bool | None = None
    link: bool = False


@router.get("", summary="Users", responses=responses("Users", 401, 503), openapi_extra=ADMIN)
async def list_users(request: Request) -> Response:
    """All users."""
    async with visit(authority_of(request).pool) as connection:
        found = await users.listed(connection)
    return json_answer(Users([user_answer(one) for one in found]))


@router.post("", summary="A new user", responses=responses("UserAnswer", 401, 409, 413, 422, 503), openapi_extra=ADMIN)
async def add_user(request: Request, body: NewUser) -> Response:
    """Adds a user; the answer has the token of their one-time link, this once."""
    async with _changing(request) as connection:
        user = await users.add(connection, body.name, body.role)
        link = await users.new_link(connection, user.id)
        await _note(request, connection, "users.add", user, after={"role": user.role})
    return json_answer(user_answer(user, link))


@router.patch(
    "/{user_id}", summary="Change a user", responses=responses("UserAnswer", 401, 404, 409, 413, 422, 503),
    openapi_extra=ADMIN,
)  # fmt: skip
async def change_user(request: Request, user_id: UUID, body: UserChange) -> Response:
    """Gives another role, shuts out or lets in, or makes a one-time link."""
    link = None
    async with _changing(request) as connection:
        user = await _found(connection, user_id)
        before = {"role": user.role, "disabled": user.disabled_at is not None}
        if body.role is not None:
            await users.set_role(connection, user, body.role)
        if body.disabled is not None:
            await users.set_disabled(connection, user, disabled=body.disabled)
        if body.link:
            link = await users.new_link(connection, user.id)
        changed = await _found(connection, user_id)
        after = {"role": changed.role, "disabled": changed.disabled_at is not None, "link": body.link}
        await _note(request, connection, "users.change", user, before=before, after=after)
    authority_of(request).forget()
    return json_answer(user_answer(changed, link))


@router.delete(
    "/{user_id}", summary="Delete a user", responses=responses("Done", 401, 404, 409, 422, 503), openapi_extra=ADMIN
)
async def delete_user(request: Request, user_id: UUID) -> Response:
    """Forgets a user: name, password, sessions; the audit log keeps the bare id."""
    async with _changing(request) as connection:
        user = await _found(connection, user_id)
        await users.delete(connection, user)
        await _note(request, connection, "users.delete", user, before={"role": user.role})
    authority_of(request).forget()
    return json_answer({"count": 1, "id": str(user_id)})


@asynccontextmanager
async def _changing(request: Request) -> AsyncIterator[Connection]:
    try:
        async with visit(authority_of(request).pool) as connection, connection.transaction():
            yield connection
    except UserError as error:
        raise Problem(409, "Not possible", f"{str(error)[:1].upper()}{str(error)[1:]}.") from error


async def _found(connection: Connection, user_id: UUID) -> User:
    user = await users.by_id(connection, user_id)
    if user is None:
        raise Problem(404, "Unknown user", f"There is no user {user_id}. GET /v1/users lists all.")
    return user


async def _note(request: Request, connection: Connection, action: str, user: User, **said: Any) -> None:
    event = Event(identity_of(request).id, action, f"user:{user.id}", address_of(request), **said)
    await audit_log.write(connection, event)
