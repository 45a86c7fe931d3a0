"""`esi status`: health asked of the processes themselves, lag read from their metrics pages."""

from __future__ import annotations

import http.server
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import status
from deploy.state import Lock, Running, Up
from deploy.status import hide_password, report
from tests import servers

PAGE = b"""# TYPE esi_lag_records gauge
esi_lag_records{feed="sim",partition="0"} 3
esi_lag_records{feed="sim",partition="1"} 4
"""


class _Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ready = self.path != "/readyz"
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(PAGE if ready else b'{"missing": ["redis"]}')

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def pages() -> Iterator[int]:
    """Port of a process that has metrics, and is not ready."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def _up(tmp_path: Path, *processes: Running) -> None:
    Up(os.getpid(), time.time(), "http://127.0.0.1:8137", "k", "r", "p", ("sim",), processes).write(tmp_path)


def test_where_nothing_runs_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(tmp_path)["running"] is False
    _up(tmp_path, Running("flow sim", "running", 1, metrics_port=2, started=3.0, starts=1))
    said = report(tmp_path)
    assert said["running"] is said["healthy"] is False
    assert said["processes"][0]["health"] == "stopped"
    assert said["processes"][0]["pid"] is None
    status.show(said)
    assert "Nothing runs in" in capsys.readouterr().out


def test_each_process_is_asked_in_its_own_language(
    tmp_path: Path, pages: int, mock_broker: servers.MockBroker, redis_server: servers.Redis, database: str
) -> None:
    me, url = os.getpid(), f"http://127.0.0.1:{pages}"
    lock = Lock(tmp_path)
    _up(
        tmp_path,
        Running("broker", "running", me, mock_broker.bootstrap),
        Running("valkey", "running", me, redis_server.url),
        Running("postgres", "running", me, database),
        Running("api", "running", me, url, pages),
        Running("api 2", "running", me, url, pages),
        Running("flow sim", "running", me, metrics_port=pages),
        Running("history", "done"),
        Running("sim", "resting"),
        Running("archive", "running", 2**22 + 1),
        Running("tock x", "running", me, metrics_port=1),
    )
    said = {one["name"]: one for one in report(tmp_path)["processes"]}
    lock.release()
    assert {name: one["health"] for name, one in said.items() if name != "tock x"} == {
        "broker": "ok",
        "valkey": "ok",
        "postgres": "ok",
        "api": "not ready: redis",
        "api 2": "not ready: redis",
        "flow sim": "ok",
        "history": "done",
        "sim": "fell, starts again",
        "archive": "gone",
    }
    assert said["tock x"]["health"].startswith("does not answer: ")
    assert said["flow sim"]["lag"] == 7
    assert said["flow sim"]["url"] == f"{url}/metrics"
    assert "***" in said["valkey"]["url"]


def test_all_well_is_healthy(tmp_path: Path, pages: int, capsys: pytest.CaptureFixture[str]) -> None:
    lock = Lock(tmp_path)
    _up(tmp_path, Running("flow sim", "running", os.getpid(), metrics_port=pages), Running("history", "done"))
    said = report(tmp_path)
    lock.release()
    assert said["healthy"]
    status.show(said)
    out = capsys.readouterr().out
    assert "flow sim" in out
    assert "The page: http://127.0.0.1:8137" in out


def test_an_address_is_in_one_piece_in_the_narrowest_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    address = f"unix:///{'a-long-folder/' * 12}valkey.sock?db=0"
    lock = Lock(tmp_path)
    _up(tmp_path, Running("valkey", "starting", 7, address, starts=12), Running("flow us-open", "done", starts=1))
    status.show(report(tmp_path))
    lock.release()
    heading, valkey, flow, _ = capsys.readouterr().out.splitlines()
    assert valkey.endswith(f"  {address}")
    assert heading.split() == ["process", "pid", "health", "behind", "starts", "address"]
    assert heading.index("address") == valkey.index("unix:")
    assert valkey.index("12") == flow.index("1") == heading.index("starts")


def test_passwords_are_stars() -> None:
    assert hide_password("redis://:sesame@h:1/0") == "redis://:***@h:1/0"
    assert hide_password("unix:///a?db=0") == "unix:///a?db=0"
    assert hide_password(None) is None
