"""What follows from how `esi up` was called."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from deploy import choice
from deploy.choice import Choice, PortError, choose_markets, choose_port, page_built
from deploy.settings import Settings, load


def test_a_free_port_is_kept_and_a_taken_default_moves_on(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        settings = Settings().with_(api_port=port)
        settings.model_fields_set.discard("api_port")
        moved = choose_port(settings, Choice(), said.append)
        assert moved.api_port > port
        assert f"Port {port} is taken" in said[0]
        assert choose_port(settings, Choice(once=True), said.append).api_port == port, "once there is no API"
    assert choose_port(settings, Choice(), said.append).api_port == port


def test_a_port_that_was_asked_for_and_is_taken_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(PortError, match=f"port {port} on 127.0.0.1 is taken: stop whoever listens there"):
            choose_port(load({"api_port": port}), Choice(), lambda _: None)


def test_once_runs_what_has_an_end(tmp_path: Path) -> None:
    settings = Settings().with_(markets=("us-open", "sim"), data_dir=tmp_path)
    assert choose_markets(settings, Choice(once=True)).markets == ("us-open",)
    assert choose_markets(settings.with_(markets=("sim",)), Choice(once=True)).markets == ("us-open",)
    assert choose_markets(settings, Choice()).markets == ("us-open", "sim")
    with_artifact = settings.with_(markets=("us", "us-open", "sim"))
    assert choose_markets(with_artifact, Choice(once=True)).markets == ("us", "us-open")
    assert choose_markets(settings.with_(markets=("us", "sim")), Choice(once=True)).markets == ("us",)
    without = with_artifact.with_(reference_dir=tmp_path)
    assert choose_markets(without, Choice(once=True)).markets == ("us-open",)


def test_the_page_is_built_if_it_is_of_the_present_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "checkout", lambda: tmp_path)
    assert page_built(), "an installed wheel has no sources to build from"
    (tmp_path / "api" / "dashboard").mkdir(parents=True)
    assert not page_built()
