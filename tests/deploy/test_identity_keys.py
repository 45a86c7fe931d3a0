"""`esi keys` and `esi audit-log` as people type them, on a real database."""

from __future__ import annotations

import json

import psycopg
import pytest
from typer.testing import CliRunner

from api.alerting.vault import new_key
from deploy.alert_tools import AlertsCommandError
from deploy.identity_keys import app, log


def said(database: str, *arguments: str, of: object = app, code: int = 0) -> str:
    done = CliRunner().invoke(of, [*arguments, "--postgres-url", database], catch_exceptions=False)  # type: ignore[arg-type]
    assert done.exit_code == code, done.output
    return done.output


def test_keys_are_made_listed_revoked_and_rotated(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(database, "add", "dashboard", "--scope", "index:read", "--days", "30").strip()
    (key,) = json.loads(said(database, "list", "--json"))
    assert text.startswith(f"esi_{key['prefix']}_")
    said(database, "revoke", key["prefix"])
    with pytest.raises(AlertsCommandError, match="esi keys list"):
        said(database, "revoke", key["prefix"])
    with pytest.raises(AlertsCommandError, match="index:read"):
        said(database, "add", "x", "--scope", "everything")
    monkeypatch.setenv("ESI_ALERTS_KEY", new_key())
    assert "Tokens are signed by" in said(database, "rotate")


def test_the_log_is_exported_and_verified(database: str) -> None:
    said(database, "add", "dashboard", "--scope", "index:read")
    (line,) = said(database, "export", of=log).splitlines()
    assert json.loads(line)["action"] == "keys.add"
    assert json.loads(line)["hash"] in said(database, "verify", of=log)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE audit_log SET action = 'x'")
    assert "Entry 1" in said(database, "verify", of=log, code=1)
