"""Signed webhooks, verified by the specification's own library and by its test vector."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import SecretStr
from standardwebhooks import Webhook as Reference
from standardwebhooks import WebhookVerificationError

from api.alerting.receivers.webhook import Webhook, public_key, signer
from tests.api.alerting.conftest import WHSEC
from tests.api.alerting.receivers.made import message

OTHER = "whsec_" + base64.b64encode(bytes(range(40, 72))).decode()
PRIVATE = "whsk_" + base64.b64encode(bytes(range(32))).decode()


def webhook(*keys: str) -> Webhook:
    return Webhook(url="https://example.org/hook", keys=tuple(SecretStr(key) for key in keys))


def test_the_specification_s_signature() -> None:
    body = b'{"type":"stress.alert","timestamp":"2025-11-21T14:30:00Z","data":{"index":71.4,"level":"high"}}'
    signed = b"msg_esi0001.1763735400." + body
    assert signer(WHSEC)(signed) == "v1,HYZ4gsJeeT5KDgIA3WUar3aS+OBiUU1++DKoLJIcpvw="


def test_the_reference_library_verifies_every_key_during_rotation() -> None:
    (call,) = webhook(WHSEC, OTHER).calls(message(), datetime.now(UTC))
    text = call.body.decode()
    for key in (WHSEC, OTHER):
        said = Reference(key).verify(text, dict(call.headers))
        assert said["type"] == "esi.alerts"
        assert said["data"]["alerts"][0]["id"] == "a1"
    with pytest.raises(WebhookVerificationError):
        Reference(WHSEC).verify(text + " ", dict(call.headers))
    with pytest.raises(WebhookVerificationError):
        Reference("whsec_" + base64.b64encode(bytes(24)).decode()).verify(text, dict(call.headers))


def test_an_ed25519_signature_is_verified_by_the_public_key() -> None:
    (call,) = webhook(PRIVATE).calls(message(), datetime.now(UTC))
    kind, _, signature = call.headers["webhook-signature"].partition(",")
    assert kind == "v1a"
    public = public_key(PRIVATE)
    assert public.startswith("whpk_")
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    signed = ".".join((call.headers["webhook-id"], call.headers["webhook-timestamp"], call.body.decode()))
    key.verify(base64.b64decode(signature), signed.encode())


def test_the_id_stays_and_the_timestamp_is_of_the_attempt() -> None:
    early, late = (
        webhook(WHSEC).calls(message(), datetime(2025, 11, 21, 14, minute, tzinfo=UTC))[0] for minute in (0, 5)
    )
    assert early.headers["webhook-id"] == late.headers["webhook-id"] == "msg_esi0001"
    assert int(late.headers["webhook-timestamp"]) - int(early.headers["webhook-timestamp"]) == 300
    assert early.body == late.body
    assert "." not in early.headers["webhook-id"]
    assert json.loads(early.body)["timestamp"] == "2025-11-21T14:30:00Z"


@pytest.mark.parametrize("key", ["secret", "whsec_short", "whsec_" + "A" * 20, "whsk_AAAA", "whsec_???", WHSEC + "==="])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        webhook(key)
