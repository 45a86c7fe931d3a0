"""Kinds of settings: how text becomes each, and the words that say what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from deploy.setting_kinds import Bootstrap, Folder, Names, Port, allowed
from deploy.settings import Settings


def test_names_are_parted_by_commas() -> None:
    names = TypeAdapter(Names)
    assert names.validate_python(" a, b ,,c") == ("a", "b", "c")
    assert names.validate_python(("a",)) == ("a",)


def test_folders_are_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/somewhere")
    assert TypeAdapter(Folder).validate_python("x") == tmp_path / "x"
    assert TypeAdapter(Folder).validate_python("~/x") == Path("/somewhere/x")


def test_a_broker_may_be_written_as_url() -> None:
    assert TypeAdapter(Bootstrap).validate_python("kafka://host:9092") == "host:9092"


@pytest.mark.parametrize("port", [-1, 65_536, "x"])
def test_what_is_no_port_is_refused(port: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Port).validate_python(port)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("metrics_port", "a whole number, 0 to 65535"),
        ("log_level", "one of debug, info, warning, error"),
        ("markets", "a list with commas"),
        ("data_dir", "a path"),
        ("registry", "a path"),
        ("api_host", "a text"),
        ("kafka_url", "a URL"),
        ("postgres_url", "a URL"),
    ],
)
def test_what_is_allowed_is_said_in_words(name: str, words: str) -> None:
    assert allowed(Settings.model_fields[name]) == words
