"""Settings of logins by a provider of one's own (OpenID Connect)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

if TYPE_CHECKING:
    from api.identity.oidc import ProviderConfig


class ProviderSettings(BaseSettings):
    """What is agreed with the provider; without an issuer there is none."""

    oidc_issuer: str = Field(default="", description="Address of an OpenID Connect provider for logins.")
    oidc_client_id: str = Field(default="", description="Our name at that provider.")
    oidc_client_secret: SecretStr | None = Field(default=None, description="Our secret at that provider.")
    oidc_role: str = Field(
        default="viewer",
        pattern="^(viewer|analyst|operator|admin|none)$",
        description="Role of people who come by it for the first time; `none` lets in only those added before.",
    )


def provider_of(settings: ProviderSettings, page_url: str) -> ProviderConfig | None:
    """The provider that settings name; people come back to the page's address."""
    if not settings.oidc_issuer:
        return None
    from api.identity.oidc import ProviderConfig  # noqa: PLC0415 - the API only

    secret = settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else ""
    callback = f"{page_url.rstrip('/')}/v1/session/oidc/callback"
    return ProviderConfig(settings.oidc_issuer, settings.oidc_client_id, secret, callback, settings.oidc_role)
