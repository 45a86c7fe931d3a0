"""Argon2id, and which passwords are taken."""

from __future__ import annotations

import pytest

from api.identity.passwords import PasswordError, Passwords, check


async def test_only_the_right_password_is_right() -> None:
    passwords = Passwords()
    hashed = await passwords.hash("a horse and a battery", "ann")
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,")
    assert await passwords.verify(hashed, "a horse and a battery")
    for wrong in ("", "a horse and a batterY", "\ud800", "x" * 10_000):
        assert not await passwords.verify(hashed, wrong)
    assert not await passwords.verify(None, "the password of nobody"), "the hash for nobody lets nobody in"
    assert not await passwords.verify("no hash at all", "x")


@pytest.mark.parametrize("password", ["", "short", "x" * 257, "aaaaaaaaaaaaaaaa", "anneliese.meier", "ababababababab"])
def test_passwords_that_are_not_taken(password: str) -> None:
    with pytest.raises(PasswordError) as refused:
        check(password, "anneliese.meier")
    assert not password or password not in str(refused.value)
