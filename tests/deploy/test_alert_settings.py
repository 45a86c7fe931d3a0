"""Settings of alerts."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.settings import load


def test_two_keys_and_two_networks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ESI_ALERTS_KEY", "new,old")
    monkeypatch.setenv("ESI_ALERTS_ALLOW", "10.0.0.0/8, 192.168.0.0/16")
    found = load(env_file=tmp_path / "none")
    assert found.alerts_allow == ("10.0.0.0/8", "192.168.0.0/16")
    assert "new" not in repr(found)
    assert found.environment()["ESI_ALERTS_KEY"] == "new,old"


def test_without_any_there_is_no_key_and_no_way_into_private_networks(tmp_path: Path) -> None:
    found = load(env_file=tmp_path / "none")
    assert (found.alerts_key, found.heartbeat_url, found.alerts_allow, found.page_url) == (None, None, (), "")
