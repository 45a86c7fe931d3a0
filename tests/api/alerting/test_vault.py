"""Secrets at rest."""

from __future__ import annotations

import pytest

from api.alerting.vault import Vault, VaultError, new_key

SECRETS = {"token": "s3cret", "keys": ["whsec_a", "whsec_b"]}


def test_sealed_bytes_say_nothing_and_open_again() -> None:
    vault = Vault([new_key()])
    sealed = vault.seal(SECRETS)
    assert b"s3cret" not in sealed
    assert sealed != vault.seal(SECRETS)
    assert vault.open(sealed) == SECRETS
    assert vault.open(vault.seal({})) == {}


def test_keys_rotate() -> None:
    old, new = new_key(), new_key()
    sealed = Vault([old]).seal(SECRETS)
    assert Vault([new, old]).open(sealed) == SECRETS
    with pytest.raises(VaultError, match="written under another key"):
        Vault([new]).open(sealed)


def test_without_a_key_there_are_no_secrets() -> None:
    with pytest.raises(VaultError, match="esi alerts key"):
        Vault([]).seal(SECRETS)
    with pytest.raises(VaultError, match="no key to read"):
        Vault([]).open(b"x")
    assert Vault([]).seal({}) == b""


def test_what_is_no_key_is_told_without_being_shown() -> None:
    with pytest.raises(VaultError) as caught:
        Vault(["hunter2"])
    assert "hunter2" not in str(caught.value)
