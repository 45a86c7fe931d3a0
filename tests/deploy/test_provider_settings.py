"""A provider is what its settings say, and none without an issuer."""

from __future__ import annotations

import pytest

from deploy.provider_settings import provider_of
from deploy.settings import Settings, SettingsError, load


def test_a_provider_from_settings() -> None:
    assert provider_of(Settings(), "http://127.0.0.1:8137") is None
    said = Settings(
        oidc_issuer="https://id.example", oidc_client_id="esi", oidc_client_secret="hidden", oidc_role="none"
    )
    found = provider_of(said, "https://us.example/")
    assert found is not None
    assert found.callback == "https://us.example/v1/session/oidc/callback"
    assert (found.client_secret, found.role) == ("hidden", "none")
    assert "hidden" not in repr(found)
    assert "hidden" not in repr(said)


def test_a_role_that_does_not_exist_is_told() -> None:
    with pytest.raises(SettingsError, match="oidc-role"):
        load({"oidc_role": "king"})
