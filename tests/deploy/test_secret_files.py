"""Secrets in files: read where they are named, and every fault by variable and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy import setting_origins
from deploy.secret_files import LONGEST
from deploy.settings import SECRETS, SettingsError, load
from deploy.settings_page import PAGE


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "redis_url"
    path.write_text("redis://:pass@127.0.0.1:6379/0\n")
    return path


def test_a_file_holds_what_its_variable_would(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ESI_REDIS_URL_FILE", str(file))
    found = load(env_file=tmp_path / "none").redis_url
    assert found is not None
    assert found.get_secret_value() == "redis://:pass@127.0.0.1:6379/0"
    (tmp_path / "env").write_text(f"ESI_POSTGRES_URL_FILE={file}\n")
    both = load(env_file=tmp_path / "env")
    assert both.postgres_url == both.redis_url


def test_a_flag_wins(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ESI_REDIS_URL_FILE", str(file))
    found = load({"redis_url": "redis://other:1/0"}, tmp_path / "none").redis_url
    assert found is not None
    assert found.get_secret_value() == "redis://other:1/0"


def fault(monkeypatch: pytest.MonkeyPatch, path: Path) -> str:
    monkeypatch.setenv("ESI_ALERTS_KEY_FILE", str(path))
    with pytest.raises(SettingsError) as told:
        load(env_file=path.parent / "none")
    return str(told.value)


def test_a_secret_that_is_given_twice_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ESI_ALERTS_KEY", "one")
    assert (
        fault(monkeypatch, file) == "ESI_ALERTS_KEY_FILE (environment) and ESI_ALERTS_KEY are both given: leave one out"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b" \n", "it is empty: write the secret into it"),
        (b"\xff\xfe", "it is no text: write the secret into it, as UTF-8"),
        (b"x" * (LONGEST + 1), f"it is longer than {LONGEST} bytes: name a file that holds the secret alone"),
    ],
)
def test_what_is_no_secret_is_named(file: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, said: str) -> None:
    file.write_bytes(content)
    assert fault(monkeypatch, file) == f"ESI_ALERTS_KEY_FILE (environment) is {str(file)!r}: {said}"


def test_a_file_that_is_not_there_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.unlink()
    assert "No such file or directory: name a file that this user may read" in fault(monkeypatch, file)


def test_only_secrets_may_stand_in_files(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ESI_API_HOST_FILE", str(file))
    with pytest.raises(SettingsError, match="ESI_API_HOST_FILE \\(environment\\) is no setting"):
        load(env_file=tmp_path / "none")


def test_the_page_names_them_all() -> None:
    text = PAGE.read_text()
    assert {"redis_url", "postgres_url", "alerts_key", "oidc_client_secret"} <= set(SECRETS)
    assert all(f"`{setting_origins.PREFIX}{name.upper()}_FILE`" in text or name == "redis_url" for name in SECRETS)
    assert "ESI_REDIS_URL_FILE" in text
