"""What an `esi up` decides by itself, without starting anything: which processes, when to give up, what is said."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from deploy import up
from deploy.choice import Choice
from deploy.console import Console
from deploy.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings that name no server."""
    nothing = {"kafka_url": None, "redis_url": None, "postgres_url": None}
    return Settings(_env_file=None, data_dir=tmp_path).with_(**nothing)


def test_once_runs_what_has_an_end_and_no_window(settings: Settings) -> None:
    session = up.Session(settings, Choice(once=True), Console())
    assert set(session._supervisor.services) == {
        *("broker", "valkey", "postgres", "archive", "flow us", "flow us-open", "history")
    }


def test_without_the_page_the_api_waits_for_no_build(settings: Settings) -> None:
    services = up.Session(settings, Choice(page=False), Console())._supervisor.services
    assert services.keys() >= {"api", "flow us", "flow us-open", "flow sim", "history"}
    assert "page" not in services
    assert services["api"].program.needs == ("valkey", "postgres")
    assert "trainer" not in services
    training = up.Session(settings.with_(retrain=("sim",)), Choice(page=False), Console())
    assert "trainer" in training._supervisor.services


def test_once_gives_up_on_a_program_that_falls_again_and_again(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    session = up.Session(settings, Choice(once=True), Console())
    session._supervisor.services["archive"].falls = up.GIVE_UP_AFTER
    began = time.monotonic()
    assert session._wait(lambda: False) is False
    assert time.monotonic() - began < 5
    assert session._verdict() == 1
    assert "Giving up: archive fell 7 times" in capsys.readouterr().err


def test_a_long_lived_one_never_gives_up(settings: Settings) -> None:
    session = up.Session(settings, Choice(page=False), Console())
    session._supervisor.services["archive"].falls = 1000
    assert not session._hopeless()
    session.asked.set()
    assert session._verdict() == 0


def test_what_cannot_run_as_it_is_set_up_ends_a_long_lived_one_too(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    session = up.Session(settings, Choice(page=False), Console())
    session._supervisor.services["alerts"].state = "refused"
    assert session._wait(lambda: False) is False
    assert session._verdict() == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "Giving up: alerts cannot run as called or set up (exit status 2), which a new start would not mend" in said
    assert "logs/alerts.log)" in said


def test_a_once_that_was_interrupted_says_so_by_its_status(settings: Settings) -> None:
    session = up.Session(settings, Choice(once=True), Console())
    session.asked.set()
    assert session._wait(lambda: True) is False
    assert session._verdict() == 130


def test_the_welcome_says_how_far_the_history_of_an_artifact_goes(settings: Settings) -> None:
    said = up.Session(settings, Choice(page=False), Console())._welcome()
    assert "`us` begins with 9,067 finals up to 2025-12-31." in said
    said = up.Session(settings.with_(markets=("sim",)), Choice(page=False), Console())._welcome()
    assert "begins" not in said


def test_a_fresh_history_begins_with_the_shipped_models_and_one_that_has_begun_does_not(settings: Settings) -> None:
    up.Session(settings, Choice(once=True), Console())._bring_champions()
    assert (settings.registry_dir / "us-open-lstm" / "aliases.json").exists()
    shutil.rmtree(settings.registry_dir)
    (settings.data_dir / "flows" / "us-open").mkdir(parents=True)
    (settings.data_dir / "flows" / "us-open" / "part-0.sqlite3").touch()
    up.Session(settings, Choice(once=True), Console())._bring_champions()
    assert not settings.registry_dir.exists()


def test_without_the_history_no_model_is_brought(settings: Settings) -> None:
    up.Session(settings.with_(markets=("sim",)), Choice(page=False), Console())._bring_champions()
    assert not settings.registry_dir.exists()
