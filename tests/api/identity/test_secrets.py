"""Secrets are random, and what looks like a key is told from what does not."""

from __future__ import annotations

import pytest

from api.identity.secrets import digest, new_key, new_secret, prefix_of


def test_secrets_do_not_repeat() -> None:
    made = {new_secret() for _ in range(1_000)}
    assert len(made) == 1_000
    assert min(map(len, made)) >= 43, "256 bits"


def test_a_key_names_its_prefix() -> None:
    prefix, text = new_key()
    assert prefix_of(text) == prefix
    assert len(digest(text)) == 32


@pytest.mark.parametrize(
    "text", ["", "esi", "esi_", "esi__x", "esi_0123456789ab", "esi_0123456789ab_", "other_0123456789ab_x"]
)
def test_what_is_no_key(text: str) -> None:
    assert prefix_of(text) is None


def test_a_text_that_is_no_unicode_has_a_digest() -> None:
    assert len(digest("\ud800")) == 32
