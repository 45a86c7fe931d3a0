"""Login by a provider of the user's own: OpenID Connect, authorization code with PKCE, Authlib as relying party."""

# ruff: noqa: PLC0415 - Authlib is loaded where a provider is configured only
from __future__ import annotations

import hmac
import time
import warnings
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import ClaimsOption

from api.identity.secrets import new_secret

ALGORITHMS: Final = ["RS256", "ES256", "PS256"]
DISCOVERY: Final = "/.well-known/openid-configuration"
KEPT_S: Final = 300.0
"""Seconds for which what the provider says of itself is kept."""

LEEWAY: Final = 30
_TIMEOUT: Final = 10.0


def _oauth_error() -> type[Exception]:
    from authlib.integrations.base_client import OAuthError

    found: type[Exception] = OAuthError
    return found


class ProviderError(RuntimeError):
    """The provider is away, or says something that cannot be believed; the message says what."""


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """What is agreed with a provider.

    Attributes:
        issuer: its address, as it stands in its tokens.
        client_id: our name there.
        client_secret: our secret there.
        callback: our address that it sends people back to.
        role: of people who come for the first time; empty lets in only those who are there already.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    callback: str
    role: str = "viewer"


@dataclass(frozen=True, slots=True)
class Errand:
    """What must be remembered while somebody is at the provider."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Known:
    """Whom the provider knows."""

    subject: str
    name: str


class Provider:
    """A relying party towards one provider."""

    def __init__(self, config: ProviderConfig) -> None:
        self.config = config
        self._found: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._until = 0.0

    def _client(self) -> Any:
        config = self.config
        with warnings.catch_warnings():
            import authlib.deprecate  # noqa: F401 - asks for its warnings when it is loaded

            warnings.simplefilter("ignore")  # it prefers a newer httpx, and says so at the first login
            from authlib.integrations.httpx_client import AsyncOAuth2Client
        return AsyncOAuth2Client(
            config.client_id, config.client_secret, scope="openid profile email", redirect_uri=config.callback,
            code_challenge_method="S256", timeout=_TIMEOUT,
        )  # fmt: skip

    async def begin(self) -> tuple[str, Errand]:
        """Where to send somebody, and what to remember meanwhile.

        Raises:
            ProviderError: it does not answer.
        """
        await self._discover()
        errand = Errand(new_secret(), new_secret(), new_secret())
        async with self._client() as client:
            url, _ = client.create_authorization_url(
                self._found["authorization_endpoint"], state=errand.state, nonce=errand.nonce,
                code_verifier=errand.verifier,
            )  # fmt: skip
        return str(url), errand

    async def finish(self, errand: Errand, state: str, code: str) -> Known:
        """Who came back.

        Raises:
            ProviderError: it was not this errand, or the provider's word does not hold.
        """
        if not hmac.compare_digest(errand.state.encode(), state.encode("utf-8", "replace")):
            raise ProviderError("this is the answer to another login")
        await self._discover()
        try:
            async with self._client() as client:
                token = await client.fetch_token(
                    self._found["token_endpoint"], code=code, code_verifier=errand.verifier
                )
            return self._believe(str(token["id_token"]), errand.nonce)
        except (_oauth_error(), httpx.HTTPError, JoseError, KeyError, ValueError) as error:
            msg = f"the provider's answer does not hold: {type(error).__name__}: {error}"
            raise ProviderError(msg) from error

    def _believe(self, id_token: str, nonce: str) -> Known:
        """Checks an ID token (OpenID Connect Core 1.0, section 3.1.3.7)."""
        assert self._keys is not None  # discovered
        found = jwt.decode(id_token, self._keys, algorithms=ALGORITHMS)
        needed = ClaimsOption(essential=True)
        jwt.JWTClaimsRegistry(
            now=int(time.time()), leeway=LEEWAY, iss=ClaimsOption(essential=True, value=self.config.issuer),
            aud=ClaimsOption(essential=True, value=self.config.client_id),
            nonce=ClaimsOption(essential=True, value=nonce), exp=needed, iat=needed, sub=needed,
        ).validate(found.claims)  # fmt: skip
        claims = found.claims
        if claims.get("azp", self.config.client_id) != self.config.client_id:
            raise ValueError("the token is for another client")
        verified = claims.get("email") if claims.get("email_verified") else None
        return Known(str(claims["sub"]), str(claims.get("preferred_username") or verified or claims["sub"]))

    async def _discover(self) -> None:
        """Reads what the provider says of itself, and its keys.

        Raises:
            ProviderError: it does not answer, or is another one.
        """
        if time.monotonic() < self._until:
            return
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT) as client:
                found = (await client.get(self.config.issuer.rstrip("/") + DISCOVERY)).raise_for_status().json()
                if found["issuer"] != self.config.issuer:
                    raise ValueError("it is the address of another issuer")
                keys = (await client.get(found["jwks_uri"])).raise_for_status().json()
            self._keys, self._found = KeySet.import_key_set(keys), found
        except (httpx.HTTPError, JoseError, KeyError, ValueError) as error:
            msg = f"{self.config.issuer} does not answer as a provider does: {type(error).__name__}: {error}"
            raise ProviderError(msg) from error
        self._until = time.monotonic() + KEPT_S
