"""The command itself: its verbs, its exit statuses, and one sentence instead of a traceback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy import cli
from deploy.settings import SettingsError
from deploy.state import Lock
from tests.servers import CHECKOUT


@pytest.fixture
def esi(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `esi` in an empty folder, with no settings but those given."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ESI_")}

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        environment = {**ours, "PYTHONPATH": str(CHECKOUT), **settings}
        command = [sys.executable, "-m", "deploy", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment, timeout=60
        )

    return run


Esi = Callable[..., subprocess.CompletedProcess[str]]


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """What a verb said that could not do its work; a sentence, and nothing on standard output."""
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("esi: ")
    assert "Traceback" not in done.stderr
    return done.stderr


def test_help_names_the_verbs_for_people_and_not_those_for_ourselves() -> None:
    said = CliRunner().invoke(cli.app, ["--help"]).output
    verbs = {line.split()[0] for line in said.splitlines() if line.startswith("  ") and line.split()}
    assert verbs >= {
        "up",
        "flow",
        "replay",
        "broker",
        "tock",
        "archive",
        "api",
        "markets",
        "status",
        "doctor",
        "control",
    }
    assert not verbs & {"history", "sim", "page"}


def test_all_faults_of_the_settings_are_told_at_once(esi: Esi) -> None:
    said = refused(esi("status", ESI_API_PORT="http", ESI_RATE="0", ESI_REDIS_ULR="redis://"))
    assert "ESI_API_PORT (environment) is 'http': allowed is a whole number, 1 to 65535" in said
    assert "ESI_RATE (environment) is '0'" in said
    assert "ESI_REDIS_ULR (environment) is no setting: did you mean ESI_REDIS_URL?" in said


def test_a_flag_wins_over_environment_and_file(esi: Esi, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ESI_DATA_DIR=from_file\n")
    assert json.loads(esi("status", "--json").stdout)["data"] == str(tmp_path / "from_file")
    assert json.loads(esi("status", "--json", ESI_DATA_DIR="told").stdout)["data"] == str(tmp_path / "told")
    done = esi("status", "--json", "--data", "flag", ESI_DATA_DIR="told")
    assert json.loads(done.stdout)["data"] == str(tmp_path / "flag")
    assert done.returncode == 1  # nothing runs, so not all is well


def test_a_folder_in_use_is_refused_with_the_process_and_the_remedy(esi: Esi, tmp_path: Path) -> None:
    lock = Lock(tmp_path / "data")
    said = refused(esi("up", "--once", "--no-page", "--data", "data"))
    lock.release()
    assert f"{tmp_path / 'data'} is in use by `esi up`, process {os.getpid()}" in said
    assert "--data" in said


def test_a_port_that_was_asked_for_and_is_taken_is_refused(esi: Esi, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        said = refused(esi("up", "--no-page", "--api-port", str(port), "--data", "data"))
    assert f"port {port} on 127.0.0.1 is taken" in said
    assert "--api-port" in said
    assert not (tmp_path / "data" / "up.json").exists()


def test_markets_are_listed_and_a_wrong_one_is_refused(esi: Esi) -> None:
    done = esi("markets", "--json")
    assert done.returncode == 0
    assert {market["name"] for market in json.loads(done.stdout)} == {"us", "us-open", "sim", "week"}
    assert "us-opne" in refused(esi("markets", "us-opne"))


@pytest.mark.parametrize("verb", [["archive"], ["tock", "--feed", "sim"], ["api"]])
def test_a_process_without_its_server_says_which_setting_it_needs(esi: Esi, verb: list[str]) -> None:
    said = esi(*verb).stderr
    assert "is not set, and this process needs it" in said
    assert "Traceback" not in said


def test_our_own_errors_are_a_sentence_and_faults_are_not_hidden(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(error: Exception) -> Callable[[], None]:
        def run() -> None:
            raise error

        return run

    monkeypatch.setattr(cli, "app", fail(SettingsError("ESI_RATE is wrong")))
    with pytest.raises(SystemExit, match="2"):
        cli.main()
    assert capsys.readouterr().err == "esi: ESI_RATE is wrong\n"
    monkeypatch.setattr(cli, "app", fail(ZeroDivisionError("a bug")))
    with pytest.raises(ZeroDivisionError, match="a bug"):
        cli.main()
