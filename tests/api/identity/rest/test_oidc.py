"""The addresses of logins by a provider; the whole way with a real one is in ../test_oidc.py."""

from __future__ import annotations

from tests.api.conftest import Served, archive_tables, archive_url, config, served

__all__ = ["archive_tables", "archive_url", "config", "served"]


def test_without_a_provider_there_is_nothing(served: Served) -> None:
    for path in ("/v1/session/oidc", "/v1/session/oidc/callback?state=x&code=y"):
        answer = served.get(path)
        assert (answer.status_code, answer.json()["title"]) == (404, "No provider")
        assert "ESI_OIDC_ISSUER" in answer.json()["detail"]
