"""Keeps receivers' secrets encrypted at rest; whoever holds the database alone cannot read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class VaultError(ValueError):
    """A secret cannot be kept or read; the message says what to do, and never the secret."""


def new_key() -> str:
    """A new random key, as `ESI_ALERTS_KEY` takes it."""
    return Fernet.generate_key().decode()


class Vault:
    """Encrypts under the first key, decrypts under any: put a new key first to rotate.

    Fernet: AES-128 in CBC mode with HMAC-SHA256 (the `cryptography` package).

    Raises:
        VaultError: a key is no key.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys]) if keys else None
        except ValueError as error:
            msg = "ESI_ALERTS_KEY holds something that is no key: `esi alerts key` prints a new one"
            raise VaultError(msg) from error

    def seal(self, secrets: Mapping[str, object]) -> bytes:
        """Secrets as bytes that say nothing; no secrets are no bytes.

        Raises:
            VaultError: there is no key.
        """
        if not secrets:
            return b""
        if self._fernet is None:
            msg = "secrets are kept encrypted, and there is no key: set ESI_ALERTS_KEY (`esi alerts key` prints one)"
            raise VaultError(msg)
        return self._fernet.encrypt(msgspec.json.encode(dict(secrets)))

    def open(self, sealed: bytes) -> dict[str, object]:
        """The secrets again.

        Raises:
            VaultError: there is no key, or another one.
        """
        if not sealed:
            return {}
        if self._fernet is None:
            raise VaultError("there is no key to read the receivers' secrets: set ESI_ALERTS_KEY")
        try:
            found: dict[str, object] = msgspec.json.decode(self._fernet.decrypt(sealed))
        except InvalidToken as error:
            msg = "the secrets were written under another key: put it into ESI_ALERTS_KEY, behind a comma"
            raise VaultError(msg) from error
        return found
