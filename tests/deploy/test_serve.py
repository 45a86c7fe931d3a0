"""What `esi api` does with its flags; what runs then is proved in test_crew and in tests/api/test_server.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy import crew, verbs
from deploy.cli import app
from deploy.settings import Settings
from deploy.sockets import free_port


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Settings, Any]]:
    """What was run instead of a server."""
    said: list[tuple[str, Settings, Any]] = []
    monkeypatch.setattr(verbs, "api", lambda settings, *, shared: said.append(("api", settings, shared)))
    monkeypatch.setattr(crew, "run", lambda settings: said.append(("crew", settings, None)) or 0)
    return said


def test_one_process_serves_itself_several_are_a_crew(done: list[tuple[str, Settings, Any]], tmp_path: Path) -> None:
    options = ["api", "--redis-url", "redis://127.0.0.1:1/0", "--api-port", str(free_port()), "--data", str(tmp_path)]
    for more in ([], ["--processes", "3"], ["--member", "--processes", "3", "--metrics-port", "7"]):
        assert CliRunner().invoke(app, [*options, *more]).exit_code == 0
    assert [(verb, shared) for verb, _, shared in done] == [("api", False), ("crew", None), ("api", True)]
    assert done[1][1].api_processes == 3
    assert done[2][1].metrics_port == 7
