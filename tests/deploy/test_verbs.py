"""Every verb asks for the servers it needs, by name; the synthetic market begins once; a page may fail alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr

from deploy import page, verbs
from deploy.settings import Settings, SettingsError

NOWHERE = Settings(_env_file=None, kafka_url=None, redis_url=None, postgres_url=None)


@pytest.mark.parametrize(
    ("verb", "name", "example"),
    [
        (verbs.kafka, "ESI_KAFKA_URL", "host:9092"),
        (verbs.redis, "ESI_REDIS_URL", "redis://"),
        (verbs.postgres, "ESI_POSTGRES_URL", "postgresql://"),
    ],
)
def test_a_missing_address_is_named_with_an_example(verb: Callable[[Settings], str], name: str, example: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name} is not set.*{example}.*`esi up`"):
        verb(NOWHERE)


def test_given_addresses_are_told_in_full() -> None:
    settings = NOWHERE.with_(
        kafka_url="127.0.0.1:9092",
        redis_url=SecretStr("redis://:secret@127.0.0.1:6379/0"),
        postgres_url=SecretStr("postgresql://esi:secret@127.0.0.1/esi"),
    )
    assert verbs.kafka(settings) == "127.0.0.1:9092"
    assert verbs.redis(settings) == "redis://:secret@127.0.0.1:6379/0"
    assert verbs.postgres(settings) == "postgresql://esi:secret@127.0.0.1/esi"


def test_the_synthetic_market_begins_the_first_time_it_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "new" / "sim.json"
    monkeypatch.setattr(verbs.time, "time", lambda: 1_700_000_000.9)
    assert verbs.genesis_us(file) == 1_700_000_000_000_000
    monkeypatch.setattr(verbs.time, "time", lambda: 1_800_000_000.0)
    assert verbs.genesis_us(file) == 1_700_000_000_000_000
    assert json.loads(file.read_text()) == {"genesis_us": 1_700_000_000_000_000}


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[structlog.typing.EventDict]]:
    """Log lines of a verb, which keeps its hands off the logging of the tests."""
    monkeypatch.setattr(verbs.logs, "configure", lambda *_: None)
    with structlog.testing.capture_logs() as lines:
        yield lines


def test_a_page_that_cannot_be_built_is_an_error_line_and_no_exception(
    said: list[structlog.typing.EventDict], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(_: Path) -> Path:
        raise page.PageError("no Node here")

    monkeypatch.setattr(page, "build", fail)
    monkeypatch.setattr(verbs, "checkout", lambda: tmp_path)
    verbs.page(NOWHERE)
    assert [(line["event"], line["log_level"], line["error"]) for line in said] == [
        ("page_not_built", "error", "no Node here")
    ]
    assert "esi page" in said[0]["advice"]


def test_an_installed_package_builds_no_page(
    said: list[structlog.typing.EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[Path] = []
    monkeypatch.setattr(page, "build", built.append)
    monkeypatch.setattr(verbs, "checkout", lambda: None)
    verbs.page(NOWHERE)
    assert built == []
    assert said == []
