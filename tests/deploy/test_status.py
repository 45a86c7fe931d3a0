"""`esi status` asks every process in its own language, and a password never shows."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from deploy import status
from deploy.state import Lock, Running, Up
from tests import servers

HERE = os.getpid()


class Page:
    """An HTTP server of one answer."""

    def __init__(self, code: int, body: str) -> None:
        page = body.encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(code)
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.01))
        self._thread.start()

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[[int, str], int]]:
    """Serves one answer on a port of its own."""
    pages: list[Page] = []

    def begin(code: int, body: str) -> int:
        pages.append(Page(code, body))
        return pages[-1].port

    yield begin
    for page in pages:
        page.close()


@pytest.fixture
def report(tmp_path: Path) -> Iterator[Callable[..., dict[str, Any]]]:
    """Reports on processes as a running `esi up` would have written them down."""
    lock = Lock(tmp_path)

    def ask(*processes: Running) -> dict[str, Any]:
        Up(HERE, time.time(), "http://127.0.0.1:8137", None, None, None, ("us-open",), processes).write(tmp_path)
        return status.report(tmp_path)

    yield ask
    lock.release()


def one(said: dict[str, Any]) -> dict[str, Any]:
    """The only process of a report."""
    [process] = said["processes"]
    return dict(process)


def test_nothing_runs_where_nothing_was_started(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = status.report(tmp_path)
    assert said == {
        "running": False,
        "healthy": False,
        "data": str(tmp_path),
        "pid": None,
        "page": None,
        "markets": [],
        "processes": [],
    }
    status.show(said)
    assert "Nothing runs in" in capsys.readouterr().out


def test_what_has_stopped_shows_no_process_ids(tmp_path: Path) -> None:
    running = Running("archive", "running", HERE, None, 9000, time.time(), 1)
    Up(HERE, time.time(), "http://127.0.0.1:8137", None, None, None, ("us-open",), (running,)).write(tmp_path)
    said = status.report(tmp_path)
    assert (said["running"], said["healthy"], said["pid"], said["page"]) == (False, False, None, None)
    assert (one(said)["health"], one(said)["pid"], one(said)["url"]) == ("stopped", None, None)


def test_lag_is_the_sum_of_what_waits(report: Callable[..., dict[str, Any]], serve: Callable[[int, str], int]) -> None:
    page = (
        "# TYPE esi_lag_records gauge\n"
        'esi_lag_records{partition="0"} 3\nesi_lag_records{partition="1"} 4\n# TYPE other gauge\nother 100\n'
    )
    port = serve(200, page)
    said = report(Running("flow us-open", "running", HERE, None, port, time.time(), 2))
    assert said["healthy"] is True
    process = one(said)
    assert process.keys() >= {"name", "pid", "url", "health", "lag"}
    assert (process["name"], process["pid"], process["health"], process["lag"]) == ("flow us-open", HERE, "ok", 7)
    assert process["url"] == f"http://127.0.0.1:{port}/metrics"
    assert json.loads(json.dumps(said)) == said


def test_a_process_without_lag_has_none(
    report: Callable[..., dict[str, Any]], serve: Callable[[int, str], int]
) -> None:
    said = report(Running("sim", "running", HERE, None, serve(200, "# TYPE other gauge\nother 1\n")))
    assert (one(said)["health"], one(said)["lag"]) == ("ok", None)


@pytest.mark.parametrize(
    ("state", "health", "healthy"),
    [("waiting", "starting", False), ("resting", "fell, starts again", False), ("done", "done", True)],
)
def test_a_process_that_does_not_run_says_why(
    report: Callable[..., dict[str, Any]], state: str, health: str, healthy: bool
) -> None:
    said = report(Running("history", state))
    assert (one(said)["health"], said["healthy"]) == (health, healthy)


def test_a_process_that_is_gone_or_silent_is_not_well(report: Callable[..., dict[str, Any]]) -> None:
    said = report(Running("archive", "running", 2**22 + 1, None, 1))
    assert (one(said)["health"], said["healthy"]) == ("gone", False)
    port = servers.free_port()
    said = report(Running("archive", "running", HERE, None, port))
    assert one(said)["health"].startswith("does not answer: ")
    assert said["healthy"] is False


def test_the_broker_is_asked_for_a_connection(report: Callable[..., dict[str, Any]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        broker = Running("broker", "running", HERE, f"127.0.0.1:{server.getsockname()[1]}")
        assert one(report(broker))["health"] == "ok"
    assert one(report(broker))["health"] == "does not answer"


@pytest.mark.parametrize(
    ("code", "body", "health"),
    [
        (200, "{}", "ok"),
        (503, '{"detail": "Redis does not answer"}', "not ready: Redis does not answer"),
        (503, '{"missing": ["us-open", "sim"]}', "not ready: us-open, sim"),
        (503, "{}", "not ready: 503"),
    ],
)
def test_the_api_is_asked_whether_it_is_ready(
    report: Callable[..., dict[str, Any]], serve: Callable[[int, str], int], code: int, body: str, health: str
) -> None:
    url = f"http://127.0.0.1:{serve(code, body)}"
    assert one(report(Running("api", "running", HERE, url)))["health"] == health


def test_redis_is_asked_and_its_password_hidden(
    report: Callable[..., dict[str, Any]], redis_server: servers.Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    said = report(Running("valkey", "running", HERE, redis_server.url))
    assert one(said)["health"] == "ok"
    assert one(said)["url"] == redis_server.url.replace(redis_server.password, "***")
    status.show(said)
    shown = capsys.readouterr().out
    assert "valkey" in shown
    assert redis_server.password not in shown
    wrong = dataclasses.replace(Running("valkey", "running", HERE), url=f"redis://127.0.0.1:{redis_server.port}/0")
    assert one(report(wrong))["health"].startswith("does not answer: ")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (None, None),
        ("unix:///run/valkey.sock?db=0", "unix:///run/valkey.sock?db=0"),
        ("postgresql://esi:p%40ss@db:5432/esi?x=1", "postgresql://esi:***@db:5432/esi?x=1"),
        ("redis://:secret@127.0.0.1:6379/0", "redis://:***@127.0.0.1:6379/0"),
    ],
)
def test_only_the_password_of_a_url_is_hidden(url: str | None, shown: str | None) -> None:
    assert status.hide_password(url) == shown
