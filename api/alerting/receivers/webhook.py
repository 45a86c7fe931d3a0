"""Webhooks by the Standard Webhooks specification 1.0.0: HMAC-SHA256 (`v1`) and ed25519 (`v1a`) signatures."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import ClassVar, Final, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field, SecretStr, field_validator

from api.alerting.messages import Message
from api.alerting.receivers.base import Call, HttpReceiver

SYMMETRIC: Final = "whsec_"
PRIVATE: Final = "whsk_"
PUBLIC: Final = "whpk_"


class Webhook(HttpReceiver):
    """Any HTTPS address that checks signatures.

    Attributes:
        url: where it is.
        keys: `whsec_` and base64 of 24 to 64 bytes, or `whsk_` and base64 of an ed25519 private key of 32; with two
            keys each message carries both signatures, so that a receiver can change over without a gap.
    """

    SECRET: ClassVar[frozenset[str]] = frozenset({"keys"})
    SENT_TO: ClassVar[tuple[str, ...]] = ()  # keys sign, and are not sent

    kind: Literal["webhook"] = "webhook"
    url: str = Field(max_length=2_000)
    keys: tuple[SecretStr, ...] = Field(min_length=1, max_length=4)
    per_minute: float = Field(default=6_000.0, gt=0, le=1_000_000)

    @field_validator("keys")
    @classmethod
    def _are_keys(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for key in keys:
            signer(key.get_secret_value())
        return keys

    def calls(self, message: Message, now: datetime) -> list[Call]:
        """One signed request."""
        body = msgspec.json.encode(
            {"type": f"esi.{message.body.subject}", "timestamp": message.body.at, "data": message.body}
        )
        seconds = str(int(now.timestamp()))
        signed = b".".join((message.id.encode(), seconds.encode(), body))
        headers = {
            "content-type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": seconds,
            "webhook-signature": " ".join(signer(key.get_secret_value())(signed) for key in self.keys),
        }
        return [Call(self.url, body, headers, self.url)]


def signer(key: str) -> Callable[[bytes], str]:
    """Signs bytes under a key in the specification's spelling.

    Raises:
        ValueError: it is no such key; the message does not show it.
    """
    if key.startswith(SYMMETRIC):
        secret = _decoded(key.removeprefix(SYMMETRIC))
        if not 24 <= len(secret) <= 64:
            raise ValueError("a whsec_ key holds 24 to 64 bytes in base64")
        return lambda signed: f"v1,{_text(hmac.new(secret, signed, hashlib.sha256).digest())}"
    if key.startswith(PRIVATE):
        seed = _decoded(key.removeprefix(PRIVATE))
        if len(seed) not in {32, 64}:
            raise ValueError("a whsk_ key holds the 32 bytes of an ed25519 private key in base64")
        private = Ed25519PrivateKey.from_private_bytes(seed[:32])
        return lambda signed: f"v1a,{_text(private.sign(signed))}"
    raise ValueError("a key begins with whsec_ (HMAC-SHA256) or whsk_ (ed25519)")


def public_key(key: str) -> str:
    """The `whpk_` key that a receiver checks the signatures of a `whsk_` key with."""
    private = Ed25519PrivateKey.from_private_bytes(_decoded(key.removeprefix(PRIVATE))[:32])
    return PUBLIC + _text(private.public_key().public_bytes_raw())


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("a key is base64 behind its whsec_ or whsk_") from error


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
