"""API keys, client credentials, and a table of attacks on tokens."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from api.config import ApiConfig
from tests.api.alerting.conftest import KEY
from tests.api.conftest import Served, archive_tables, archive_url, config, serving
from tests.api.identity.people import Person, make_key, make_user, rows

__all__ = ["archive_tables", "archive_url", "config"]


@pytest.fixture
def sealed(config: ApiConfig) -> Any:
    """A served api that has a key to seal its signing keys with."""
    from dataclasses import replace

    with serving(replace(config, alert_keys=(KEY,))) as found:
        yield found


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def token_of(served: Served, key: str, **more: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_id": key.split("_")[1], "client_secret": key, **more}
    return httpx.post(f"{served.url}/v1/token", data=form)


def test_a_key_from_making_to_revoking(sealed: Served, archive_url: str) -> None:
    make_user(archive_url, "root", "admin")
    admin = Person(sealed.url, "root")
    made = admin.ask("POST", "/v1/keys", json={"name": "dashboard", "scopes": ["index:read"]})
    assert made["key"].startswith(f"esi_{made['prefix']}_")
    assert [one["key"] for one in admin.ask("GET", "/v1/keys")["keys"]] == [None]
    assert made["key"] not in str(rows(archive_url, "SELECT * FROM api_keys"))
    assert sealed.get("/v1/session", headers=bearer(made["key"])).json()["role"] == "service"
    assert sealed.get("/v1/alerts", headers=bearer(made["key"])).status_code == 403
    admin.ask("DELETE", f"/v1/keys/{made['id']}")
    assert sealed.get("/v1/session", headers=bearer(made["key"])).status_code == 401
    admin.ask("DELETE", f"/v1/keys/{made['id']}", 404)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["everything"]},
        {"name": "x", "scopes": ["index:read"], "expires_at": "2020-01-01T00:00:00Z"},
        {"name": "x", "scopes": ["index:read"], "expires_at": "2030-01-01T00:00:00"},
        {"name": "\u0000", "scopes": ["index:read"]},
    ],
)
def test_keys_that_cannot_be(sealed: Served, archive_url: str, body: dict[str, Any]) -> None:
    make_user(archive_url, "root", "admin")
    Person(sealed.url, "root").ask("POST", "/v1/keys", 422, json=body)


def test_nobody_gives_what_they_do_not_have(sealed: Served, archive_url: str) -> None:
    key = make_key(archive_url, "users:admin")
    body = {"name": "more", "scopes": ["audit:read"]}
    assert httpx.post(f"{sealed.url}/v1/keys", json=body, headers=bearer(key)).status_code == 403


def test_a_service_gets_a_short_token(sealed: Served, archive_url: str) -> None:
    key = make_key(archive_url, "index:read", "alerts:read")
    said = token_of(sealed, key, scope="index:read").json()
    assert (said["token_type"], said["expires_in"], said["scope"]) == ("Bearer", 600, "index:read")
    session = sealed.get("/v1/session", headers=bearer(said["access_token"])).json()
    assert (session["scopes"], session["local"]) == (["index:read"], False)
    assert sealed.get("/v1/alerts", headers=bearer(said["access_token"])).status_code == 403
    (public,) = sealed.get("/.well-known/jwks.json").json()["keys"]
    assert (
        jwt.decode(said["access_token"], ECKey.import_key(public), algorithms=["ES256"])
        .claims["sub"]
        .startswith("key:")
    )
    assert "d" not in public
    basic = base64.b64encode(f"{key.split('_')[1]}:{key}".encode()).decode()
    form = {"grant_type": "client_credentials"}
    by_header = httpx.post(f"{sealed.url}/v1/token", data=form, headers={"authorization": f"Basic {basic}"})
    assert by_header.json()["scope"] == "alerts:read index:read"


def test_what_gets_no_token(sealed: Served, archive_url: str) -> None:
    key = make_key(archive_url, "index:read")
    assert token_of(sealed, key, scope="users:admin").status_code == 403
    assert token_of(sealed, key, grant_type="password").status_code == 422
    assert token_of(sealed, key[:-1] + ("A" if key[-1] != "A" else "B")).status_code == 401
    assert token_of(sealed, key, client_id="0" * 12).status_code == 401
    for content in (b"\xff", b"grant_type", b"grant_type=client_credentials&grant_type=x", b"a=b&" * 100):
        assert httpx.post(f"{sealed.url}/v1/token", content=content).status_code == 422
    odd = {"authorization": "Basic !!!"}
    assert (
        httpx.post(f"{sealed.url}/v1/token", data={"grant_type": "client_credentials"}, headers=odd).status_code == 401
    )


def test_without_a_key_to_seal_with_no_token_is_signed(config: ApiConfig, archive_url: str) -> None:
    with serving(config) as served:
        answer = token_of(served, make_key(archive_url, "index:read"))
    assert (answer.status_code, answer.json()["title"]) == (503, "No key to sign with")


Forge = Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], str]


def _part(said: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


def _signed(header: dict[str, Any], claims: dict[str, Any], key: Any = None) -> str:
    key = key or ECKey.generate_key("P-256")
    return jwt.encode(header, claims, key, algorithms=[header["alg"]])


def _hs256(header: dict[str, Any], claims: dict[str, Any], public: dict[str, Any]) -> str:
    """The classic: the public key, which everybody has, as the secret of an HMAC."""
    import hashlib
    import hmac

    pem = ECKey.import_key(public).raw_value.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    text = f"{_part(header | {'alg': 'HS256'})}.{_part(claims)}"
    mac = hmac.new(pem, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


ATTACKS: dict[str, Forge] = {
    "alg none": lambda header, claims, public: f"{_part(header | {'alg': 'none'})}.{_part(claims)}.",
    "alg None with a signature": lambda header, claims, public: (
        f"{_part(header | {'alg': 'None'})}.{_part(claims)}.AAAA"
    ),
    "another key under our kid": lambda header, claims, public: _signed(header, claims),
    "another key under its own kid": lambda header, claims, public: _signed(header | {"kid": "mine"}, claims),
    "its own key in the header": lambda header, claims, public: _with_own_key(header, claims),
    "a key from elsewhere": lambda header, claims, public: _signed(
        header | {"jku": "https://evil.example/jwks"}, claims
    ),
    "kid as a path": lambda header, claims, public: _signed(header | {"kid": "../../../../dev/null"}, claims),
    "kid as SQL": lambda header, claims, public: _signed(header | {"kid": "' OR 1=1 --"}, claims),
    "kid as a number": lambda header, claims, public: f"{_part(header | {'kid': 1})}.{_part(claims)}.AAAA",
    "no kid": lambda header, claims, public: _signed({k: v for k, v in header.items() if k != "kid"}, claims),
    "HS256 with the public key": _hs256,
    "HS256 with an empty key": lambda header, claims, public: _signed(
        header | {"alg": "HS256"}, claims, OctKey.import_key("x" * 32)
    ),
    "a critical header": lambda header, claims, public: f"{_part(header | {'crit': ['exp']})}.{_part(claims)}.AAAA",
    "no signature": lambda header, claims, public: f"{_part(header)}.{_part(claims)}.",
    "not JSON": lambda header, claims, public: "AAAA.BBBB.CCCC",
    "nothing": lambda header, claims, public: "..",
    "too long": lambda header, claims, public: f"{_part(header)}.{'A' * 5_000}.AAAA",
}


def _with_own_key(header: dict[str, Any], claims: dict[str, Any]) -> str:
    key = ECKey.generate_key("P-256")
    return jwt.encode(header | {"jwk": key.as_dict(private=False)}, claims, key, algorithms=["ES256"])


def test_a_table_of_attacks(sealed: Served, archive_url: str) -> None:
    good = token_of(sealed, make_key(archive_url, "index:read")).json()["access_token"]
    (public,) = sealed.get("/.well-known/jwks.json").json()["keys"]
    parts = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in good.split(".")[:2]]
    for name, forge in ATTACKS.items():
        answer = sealed.get("/v1/session", headers=bearer(forge(*parts, public)))
        assert answer.status_code == 401, name
        assert answer.headers["www-authenticate"].startswith("Bearer"), name
    head, body, signature = good.split(".")
    claims = parts[1] | {"scope": "users:admin"}
    assert sealed.get("/v1/session", headers=bearer(f"{head}.{_part(claims)}.{signature}")).status_code == 401
    assert sealed.get("/v1/session", headers=bearer(f"{head}.{body}.{signature[:-4]}AAAA")).status_code == 401
    assert sealed.get("/v1/session", headers=bearer(good)).status_code == 200


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"exp": 1}, "expired"),
        ({"exp": None}, "without an end"),
        ({"exp": "tomorrow"}, "an end that is no time"),
        ({"nbf": 4_000_000_000}, "not yet"),
        ({"aud": "esi:other"}, "for another deployment"),
        ({"aud": None}, "for nobody"),
        ({"iss": "esi:other"}, "from another deployment"),
        ({"sub": None}, "of nobody"),
        ({"scope": None}, "for nothing"),
    ],
)
def test_claims_that_do_not_hold_even_when_well_signed(change: dict[str, Any], why: str) -> None:
    from api.identity import signing

    key, now = ECKey.generate_key("P-256", {"kid": "ours"}), time.time()
    claims = {"iss": "esi:us", "aud": "esi:us", "sub": "key:x", "scope": "index:read", "exp": int(now) + 60, "nbf": 0}
    claims = {name: value for name, value in (claims | change).items() if value is not None}
    token = jwt.encode({"alg": "ES256", "kid": "ours", "typ": "at+jwt"}, claims, key, algorithms=["ES256"])
    with pytest.raises(signing.TokenError):
        signing.verify(token, [key.as_dict(private=False)], "esi:us", now)


def test_ten_megabytes_are_refused_before_they_are_read(sealed: Served) -> None:
    for path in ("/v1/token", "/v1/session", "/v1/session/link"):
        assert httpx.post(f"{sealed.url}{path}", content=b"x" * 10_000_000, timeout=30).status_code == 413
