"""`esi users` as people type it, on a real database."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from api.archive.schema import migrate
from deploy.alert_tools import AlertsCommandError
from deploy.settings import Settings
from deploy.users import app, first_link, show_first_link
from tests import servers


def said(database: str, *arguments: str) -> str:
    done = CliRunner().invoke(app, [*arguments, "--postgres-url", database], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_users_are_added_listed_and_forgotten(database: str) -> None:
    assert "/#link=" in said(database, "add", "ann", "--role", "admin")
    assert "/#link=" in said(database, "add", "bob")
    assert "/#link=" in said(database, "link", "bob")
    said(database, "role", "bob", "operator")
    said(database, "disable", "bob")
    said(database, "disable", "bob", "--undo")
    (ann, bob) = json.loads(said(database, "list", "--json"))
    assert (ann["role"], bob["role"], bob["disabled"]) == ("admin", "operator", False)
    assert json.loads(said(database, "export", "bob"))["user"]["name"] == "bob"
    said(database, "delete", "bob")
    with pytest.raises(AlertsCommandError, match="no user"):
        said(database, "delete", "bob")
    with pytest.raises(AlertsCommandError, match="last admin"):
        said(database, "delete", "ann")


def test_a_role_that_does_not_exist_is_told(database: str) -> None:
    migrate(database)
    done = CliRunner().invoke(app, ["add", "ann", "--role", "king", "--postgres-url", database])
    assert done.exit_code == 2
    assert "viewer, analyst, operator, admin" in done.output.replace("\n", " ")


def test_the_first_link_is_told_once_there_is_a_database(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(postgres_url=database)
    assert "/#link=" in (first_link(settings, database) or "")
    show_first_link(settings)
    assert "/#link=" in capsys.readouterr().err
    show_first_link(Settings(postgres_url=f"postgresql://x@127.0.0.1:{servers.free_port()}/x"))
    assert "PostgreSQL is away" in capsys.readouterr().err
    show_first_link(Settings(postgres_url=None))
    assert not capsys.readouterr().err
