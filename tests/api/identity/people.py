"""Users and keys for tests, made as the product makes them, without its processes."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import httpx
import psycopg

from api.identity import keys, users
from api.identity.passwords import _HASHER
from api.identity.scopes import Role

PASSWORD = "a horse and a battery"
_HASH = _HASHER.hash(PASSWORD)


def make_key(url: str, *scopes: str, expires_at: datetime | None = None) -> str:
    """The text of a new API key."""

    async def make() -> str:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            return (await keys.make(connection, "a test", scopes, expires_at, None))[1]

    return asyncio.run(make())


def make_user(url: str, name: str, role: Role) -> str:
    """A new user with PASSWORD; gives the id."""

    async def make() -> str:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            user = await users.add(connection, name, role)
            await users.set_password(connection, user.id, _HASH)
            return str(user.id)

    return asyncio.run(make())


class Person:
    """Somebody logged in, with cookie and CSRF token."""

    def __init__(self, url: str, name: str, password: str = PASSWORD, **headers: str) -> None:
        self.url, self.headers = url, headers
        self.answer = self.request("POST", "/v1/session", json={"name": name, "password": password})
        self.csrf = self.answer.json().get("csrf", "")
        self.headers["cookie"] = self.answer.headers.get("set-cookie", "").partition(";")[0]

    def request(self, method: str, path: str, **said: Any) -> httpx.Response:
        """A request with what is known of them."""
        headers = self.headers | said.pop("headers", {})
        return httpx.request(method, self.url + path, headers=headers, timeout=30, **said)

    def ask(self, method: str, path: str, status: int = 200, **said: Any) -> Any:
        """A request with the CSRF token whose answer has this status; gives the body."""
        headers = {"x-csrf-token": self.csrf} | said.pop("headers", {})
        answer = self.request(method, path, headers=headers, **said)
        assert answer.status_code == status, answer.text
        return answer.json()


def rows(url: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of a query."""
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode(), values).fetchall()
