"""Guesses: so many from an address, then a rest, without a word to the database."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from api.config import ApiConfig
from api.identity import authority
from api.identity.guesses import ADDRESSES, MOST, WINDOW_S, Guesses
from api.problems import Problem
from tests.api.conftest import archive_tables, archive_url, config, publisher, serving
from tests.api.identity.people import make_key

__all__ = ["archive_tables", "archive_url", "config", "publisher"]


class Clock:
    """Seconds that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_an_address_rests_after_its_last_chance_and_comes_back() -> None:
    clock = Clock()
    guesses = Guesses(clock)
    for n in range(MOST):
        guesses.check("10.0.0.1")
        clock.now = 100.0 + n
        guesses.wrong("10.0.0.1")
    with pytest.raises(Problem) as told:
        guesses.check("10.0.0.1")
    assert (told.value.status, told.value.headers["retry-after"]) == (429, f"{WINDOW_S - (MOST - 1):.0f}")
    guesses.check("10.0.0.2")
    clock.now = 100.0 + WINDOW_S
    guesses.check("10.0.0.1")


def test_many_addresses_forget_each_other() -> None:
    guesses = Guesses(Clock())
    for n in range(3 * ADDRESSES):
        guesses.wrong(f"address {n}")
    assert len(guesses._seen) == ADDRESSES


def test_ten_thousand_wrong_tokens_are_asked_of_the_database_a_few_times(
    config: ApiConfig, archive_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, asked = make_key(archive_url, "index:read"), list[str]()
    check = authority.keys.check

    async def counted(connection: object, secret: str) -> object:
        asked.append(secret)
        return await check(connection, secret)  # type: ignore[arg-type]  # as it was given

    monkeypatch.setattr(authority.keys, "check", counted)
    with serving(replace(config, local_session=False)) as served, httpx.Client(base_url=served.url) as client:

        def ask(secret: str) -> int:
            return client.get("/v1/markets", headers={"authorization": f"Bearer {secret}"}).status_code

        assert ask(key) == 200
        answers = [ask(f"{key[:17]}_{n:043d}") for n in range(10_000 // 20)]
        assert answers == [401] * MOST + [429] * (len(answers) - MOST)
        assert len(asked) == MOST + 1
        served.app.state.authority.forget(key)
        assert ask(key) == 200, "whoever was known goes on, and is looked up again"
        assert len(asked) == MOST + 2
        assert client.get("/v1/markets", headers={"cookie": "esi_session=old"}).status_code == 401
