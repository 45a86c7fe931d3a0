"""Settings: which origin wins, and how a wrong one is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from deploy import settings
from deploy.settings import Settings, SettingsError, load


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings but the test's own."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"ESI_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_flag_beats_environment_beats_file_beats_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert load().api_port == 8137
    (tmp_path / ".env").write_text("ESI_API_PORT=1001\nPOSTGRES_PASSWORD=of-somebody-else\n")
    assert load().api_port == 1001
    monkeypatch.setenv("ESI_API_PORT", "1002")
    assert load().api_port == 1002
    assert load({"api_port": 1003}).api_port == 1003
    assert load({"api_port": None}).api_port == 1002


def test_an_empty_value_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESI_REDIS_URL", "")
    assert load().redis_url is None


def test_lists_have_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESI_MARKETS", "us-open, my.toml,")
    assert load().markets == ("us-open", "my.toml")


def test_kafka_may_be_spelled_as_url() -> None:
    assert load({"kafka_url": "kafka://a:9092"}).kafka_url == "a:9092"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("API_PORT", "abc", "ESI_API_PORT (environment) is 'abc': allowed is a whole number, 1 to 65535"),
        ("LOG_LEVEL", "loud", "ESI_LOG_LEVEL (environment) is 'loud': allowed is one of debug, info, warning, error"),
        ("KAFKA_URL", "nowhere", "ESI_KAFKA_URL (environment) is 'nowhere': allowed is"),
        ("EPOCH_MS", "1", "ESI_EPOCH_MS (environment) is '1': allowed is a whole number, 50 to 10000"),
    ],
)
def test_a_wrong_value_names_itself_its_origin_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"ESI_{name}", value)
    with pytest.raises(SettingsError) as caught:
        load()
    assert said in str(caught.value)


def test_a_wrong_value_of_a_name_in_small_letters_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("esi_rate", "0")
    with pytest.raises(SettingsError, match=r"ESI_RATE \(environment\) is '0': allowed is a whole number"):
        load()


def test_the_origin_is_the_file_or_the_flag_where_it_is(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ESI_RATE=none\n")
    with pytest.raises(SettingsError, match=r"ESI_RATE \(\.env\) is 'none'"):
        load()
    with pytest.raises(SettingsError, match=r"--rate \(flag\) is '0'"):
        load({"rate": 0})
    with pytest.raises(SettingsError, match=r"--market \(flag\)"):
        load({"rate": 1, "markets": ()})


def test_an_unknown_name_is_told_its_nearest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ESI_API_PROT", "1")
    (tmp_path / ".env").write_text("ESI_ZZZZZZZZZZ=1\n")
    with pytest.raises(SettingsError) as caught:
        load()
    assert "ESI_API_PROT (environment) is no setting: did you mean ESI_API_PORT?" in str(caught.value)
    assert "ESI_ZZZZZZZZZZ (.env) is no setting: docs/settings.md lists all settings" in str(caught.value)


def test_names_of_tests_and_compose_are_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ESI_DATA", "ESI_REQUIRE_SERVERS", "ESI_TEST_REDIS", "ESI_VALKEY_PASSWORD"):
        monkeypatch.setenv(name, "x")
    assert load().rate == 5000


def test_secrets_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESI_REDIS_URL", "redis://:sesame@h/0")
    assert "sesame" not in repr(load())
    monkeypatch.setenv("ESI_KAFKA_URL", "bad")
    with pytest.raises(SettingsError) as caught:
        load()
    assert "sesame" not in str(caught.value)


def test_they_are_frozen() -> None:
    with pytest.raises(ValidationError):
        load().rate = 3  # type: ignore[misc]  # the point of the test


def test_what_is_told_to_a_child_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    first = load({"redis_url": "redis://:sesame@h/0", "markets": ("a", "b"), "rate": 7})
    for name, value in first.environment().items():
        monkeypatch.setenv(name, value)
    assert load() == first


def test_the_data_folder_is_absolute_and_in_the_checkout_by_default() -> None:
    assert load().data_dir == (settings.checkout() or Path()) / ".esi"
    assert load({"data_dir": "here"}).data_dir.is_absolute()
