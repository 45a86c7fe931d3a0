"""Login by a real provider, as a browser does it; and answers of providers that do not hold."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

from api.config import ApiConfig
from api.identity.oidc import Errand, Provider, ProviderConfig, ProviderError
from tests import servers
from tests.api.alerting.conftest import KEY
from tests.api.conftest import Served, archive_tables, archive_url, config, serving
from tests.api.identity.keycloak import PASSWORD, Keycloak
from tests.api.identity.people import make_user, rows
from tests.conftest import present

__all__ = ["archive_tables", "archive_url", "config"]


@pytest.fixture(scope="module")
def keycloak() -> Iterator[Keycloak]:
    server = Keycloak()
    try:
        with present():
            server.start(150)
        yield server
    finally:
        server.close()


def provided(config: ApiConfig, issuer: str, role: str = "viewer") -> ApiConfig:
    callback = "http://127.0.0.1/v1/session/oidc/callback"
    made = ProviderConfig(issuer, "esi", "the-secret-of-esi", callback, role)
    return replace(config, alert_keys=(KEY,), local_session=False, provider=made)


def log_in(served: Served, name: str, tamper: Any = None) -> httpx.Response:
    """Goes to the provider, fills in its form, and comes back; gives our answer."""
    with httpx.Client(timeout=30) as browser:
        away = browser.get(f"{served.url}/v1/session/oidc")
        assert away.status_code == 303, away.text
        assert "code_challenge_method=S256" in away.headers["location"]
        errand = away.headers["set-cookie"].partition(";")[0]
        page = browser.get(away.headers["location"])
        action = html.unescape(re.findall(r'action="([^"]+)"', page.text)[0])
        # Keycloak's cookies are for TLS, or for loopback as browsers see it; a jar of Python's leaves them out
        kept = "; ".join(one.partition(";")[0] for one in page.headers.get_list("set-cookie"))
        form = {"username": name, "password": PASSWORD}
        back = httpx.post(action, data=form, headers={"cookie": kept}, timeout=30)
        assert back.status_code == 302, back.text[:500]
        query = httpx.URL(back.headers["location"]).params
        params = {"state": query["state"], "code": query["code"]} | (tamper or {})
        headers = {"cookie": errand} if params.pop("cookie", True) else {}
        return httpx.get(f"{served.url}/v1/session/oidc/callback", params=params, headers=headers, timeout=30)


@pytest.mark.timeout(300)
def test_a_login_by_a_real_provider(keycloak: Keycloak, config: ApiConfig, archive_url: str) -> None:
    make_user(archive_url, "ann", "admin")  # somebody else of that name, with a password
    with serving(provided(config, keycloak.issuer)) as served:
        done = log_in(served, "ann")
        assert (done.status_code, done.headers["location"]) == (303, "/")
        cookie = next(one for one in done.headers.get_list("set-cookie") if one.startswith("esi_session="))
        session = httpx.get(f"{served.url}/v1/session", headers={"cookie": cookie.partition(";")[0]}).json()
        assert session["role"] == "viewer"
        assert session["name"].startswith("ann-"), "names of others are not taken over"
        assert log_in(served, "ann").status_code == 303, "the same subject comes again"
        assert rows(archive_url, "SELECT count(*) FROM users") == [(2,)]
        for tamper in ({"state": "x"}, {"code": "x"}, {"cookie": ""}, {"error": "access_denied"}):
            refused = log_in(served, "bob", tamper)
            assert (refused.status_code, refused.json()["title"]) == (401, "No login by the provider"), tamper
        assert log_in(served, "bob").status_code == 303
        with_role = rows(archive_url, "SELECT name, role FROM users WHERE issuer IS NOT NULL ORDER BY name")
        assert [role for _, role in with_role] == ["viewer", "viewer"]
    with serving(provided(config, keycloak.issuer, role="")) as served:
        assert log_in(served, "bob").status_code == 303


def test_without_a_provider_or_with_one_that_is_away(config: ApiConfig) -> None:
    with serving(config) as served:
        assert served.get("/v1/session/oidc").status_code == 404
        assert "link" not in served.get("/v1/session").headers
    with serving(provided(config, f"http://127.0.0.1:{servers.free_port()}")) as served:
        assert served.get("/v1/session").headers["link"] == '</v1/session/oidc>; rel="login"', "the page shows the way"
        answer = served.get("/v1/session/oidc")
        assert (answer.status_code, answer.json()["title"]) == (503, "No login by the provider")


GOOD = {"iss": "https://id.example", "aud": "esi", "sub": "7", "nonce": "n", "iat": 1}
WRONG = [
    {"iss": "https://other.example"}, {"aud": "other"}, {"nonce": "other"}, {"nonce": None}, {"sub": None},
    {"exp": 1}, {"exp": None}, {"azp": "other"},
]  # fmt: skip


def _provider(key: RSAKey) -> Provider:
    made = Provider(ProviderConfig("https://id.example", "esi", "secret", "https://us.example/back"))
    made._keys = KeySet([key])
    return made


@pytest.mark.parametrize("change", WRONG)
def test_id_tokens_that_do_not_hold(change: dict[str, Any]) -> None:
    key = RSAKey.generate_key(2048, {"kid": "k"})
    claims = GOOD | {"exp": int(time.time()) + 60, "email": "ann@desk.example", "email_verified": False}
    header = {"alg": "RS256", "kid": "k"}
    assert _provider(key)._believe(jwt.encode(header, claims, key), "n").name == "7", (
        "an unverified address names nobody"
    )
    wrong = {name: value for name, value in (claims | change).items() if value is not None}
    with pytest.raises((JoseError, ValueError, KeyError)):
        _provider(key)._believe(jwt.encode(header, wrong, key), "n")
    with pytest.raises((JoseError, ValueError, KeyError)):
        _provider(key)._believe(jwt.encode(header, claims, RSAKey.generate_key(2048, {"kid": "k"})), "n")


async def test_an_answer_to_another_login_is_refused() -> None:
    provider = _provider(RSAKey.generate_key(2048, {"kid": "k"}))
    with pytest.raises(ProviderError, match="another login"):
        await provider.finish(Errand("a", "n", "v"), "b", "code")
