"""Settings arrive where they mean something."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.config import ApiConfigError
from deploy import api_config as module
from deploy.api_config import allowed_networks, api_config, check_api
from deploy.settings import Settings, SettingsError, load

REDIS = "redis://127.0.0.1:1/0"


def test_a_loopback_api_has_a_local_session() -> None:
    found = api_config(Settings(), REDIS, ("a sealing",), shared=False)
    assert found.has_local_session
    assert not found.has_tls
    assert found.provider is None
    assert "a sealing" not in repr(found)


def test_what_ends_the_local_session() -> None:
    for said in ({"local_session": False}, {"api_behind_tls": True}, {"trusted_proxies": "127.0.0.1"}):
        assert not api_config(Settings(**said), REDIS, (), shared=False).has_local_session, said
    tls = Settings(api_tls_certificate=Path("c.pem"), api_tls_key=Path("k.pem"))
    assert api_config(tls, REDIS, (), shared=False).has_tls


def test_an_open_address_without_users_is_refused() -> None:
    with pytest.raises(ValueError, match="esi users add"):
        api_config(Settings(api_host="0.0.0.0", allowed_hosts="desk.example"), REDIS, (), shared=False)


def test_a_fault_is_told_in_the_words_of_the_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ESI_API_HOST", "0.0.0.0")
    with pytest.raises(SettingsError) as told:
        check_api(load(env_file=tmp_path / "none"))
    said = "ESI_API_HOST (environment) is 0.0.0.0, which others can reach: name in ESI_ALLOWED_HOSTS how they may "
    assert str(told.value) == f"{said}address it"


def test_ordinary_words_stay_as_they_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Some of the API's names for its settings are words: host, port."""
    monkeypatch.setenv("ESI_ALLOWED_ORIGINS", "desk.example")
    with pytest.raises(SettingsError) as told:
        check_api(load(env_file=tmp_path / "none"))
    said = "ESI_ALLOWED_ORIGINS (environment) has 'desk.example': write scheme and host, such as https://desk.example"
    assert str(told.value) == said


def test_a_setting_is_called_as_it_was_given(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("ESI_API_TLS_KEY=k.pem\n")
    with pytest.raises(
        SettingsError,
        match=r"^ESI_API_TLS_KEY \(.env\) is k.pem, alone: give ESI_API_TLS_CERTIFICATE with it, or neither",
    ):
        check_api(load(env_file=file))
    file.write_text("ESI_ALERTS_ALLOW=desk\n")
    with pytest.raises(SettingsError, match=r"^ESI_ALERTS_ALLOW \(.env\) has 'desk': write networks, such as"):
        allowed_networks(load(env_file=file))
    with pytest.raises(SettingsError, match=r"^--api-host \(flag\) is 0.0.0.0, which others can reach"):
        check_api(load({"api_host": "0.0.0.0"}, env_file=tmp_path / "none"))


def test_a_fault_of_what_was_not_given_is_told_as_a_default() -> None:
    with pytest.raises(SettingsError, match=r"^ESI_API_SOCKETS \(default\) is 0: it must be above 0$"):
        check_api(Settings().with_(api_sockets=0))


def test_a_fault_that_is_of_no_setting_keeps_its_name() -> None:
    told = module._in_settings(ApiConfigError("ping", "is 0.0", "it must be above 0"), Settings())
    assert str(told) == "ping is 0.0: it must be above 0"


def test_an_api_with_its_own_postgres_needs_none_to_be_named() -> None:
    check_api(Settings(api_host="0.0.0.0", allowed_hosts="desk.example"))
