"""Which origin counts, and how a setting is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.setting_origins import label, origin, variable
from deploy.settings import load


def test_the_origin_is_that_which_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    written = {"ESI_RATE": "7", "esi_seed": "7", "ESI_REDIS_URL": "x"}
    monkeypatch.setenv("ESI_RATE", "8")
    assert origin("rate", {"rate"}, (), written) == "flag"
    assert origin("rate", (), (), written) == "environment"
    assert origin("seed", (), (), written) == ".env"
    assert origin("redis_url", (), {"redis_url"}, written) == "file"
    assert origin("keep", (), (), written) == "default"
    monkeypatch.setenv("ESI_KEEP", "")
    assert origin("keep", (), (), written) == "default"


def test_a_flag_is_called_as_it_is_spelled_and_everything_else_by_its_variable() -> None:
    assert label("api_port", "flag") == "--api-port (flag)"
    assert label("markets", "flag") == "--market (flag)"
    assert label("markets", ".env") == "ESI_MARKETS (.env)"
    assert variable("api_port") == "ESI_API_PORT"


def test_loaded_settings_know_their_origins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret, env = tmp_path / "secret", tmp_path / "env"
    secret.write_text("redis://127.0.0.1:1/0")
    env.write_text("ESI_SEED=3\n")
    monkeypatch.setenv("ESI_REDIS_URL_FILE", str(secret))
    monkeypatch.setenv("ESI_RATE", "8")
    given = load({"api_port": 1003}, env_file=env)
    for name, said in {
        "api_port": "--api-port (flag)",
        "rate": "ESI_RATE (environment)",
        "seed": "ESI_SEED (.env)",
        "redis_url": "ESI_REDIS_URL (file)",
        "keep": "ESI_KEEP (default)",
    }.items():
        assert given.label(name) == said
    assert given == given.with_(), "origins make no settings others"
    assert given.with_(keep=5).label("rate") == "ESI_RATE (environment)"
