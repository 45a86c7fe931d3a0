"""Several processes of the API: each comes back alone, all end together, and they count as one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from deploy import crew
from deploy.settings import Settings
from deploy.sockets import free_port
from tests import servers
from tests.api.publisher import Publisher
from tests.servers import wait_until


@pytest.fixture
def three(
    redis_server: servers.Redis, clean_redis: redis.Redis, tmp_path: Path
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`esi api --processes 3`, and its address."""
    Publisher(clean_redis, "test").readings([1])
    port = free_port()
    options = ["--processes", "3", "--api-port", str(port), "--redis-url", redis_server.url, "--data", str(tmp_path)]
    command = [sys.executable, "-m", "deploy", "api", *options]
    process = subprocess.Popen(command, cwd=servers.CHECKOUT, stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: len(listening(process.pid, port)) == 3, 60)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def listening(parent: int, port: int) -> set[int]:
    """Process ids of the members that listen on the shared port."""
    members = psutil.Process(parent).children(recursive=True)
    return {m.pid for m in members if any(c.laddr.port == port for c in m.net_connections("tcp"))}


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return str(answer.read().decode())


def test_they_share_a_port_count_together_and_come_back_alone(three: tuple[subprocess.Popen[str], str]) -> None:
    process, url = three
    port = int(url.rpartition(":")[2])
    before = listening(process.pid, port)
    for _ in range(30):
        assert json.loads(get(f"{url}/v1/markets/test/latest"))["market"] == "test"
    page = get(f"{url}/metrics")
    [counted] = [
        line for line in page.splitlines() if line.startswith("esi_api_http_requests_total") and "latest" in line
    ]
    assert float(counted.rpartition(" ")[2]) == 30
    assert {f'esi_api_resident_bytes{{pid="{pid}"}}' in page for pid in before} == {True}
    fallen = min(before)
    os.kill(fallen, signal.SIGKILL)
    wait_until(lambda: len(listening(process.pid, port) - {fallen}) == 3, 30)
    assert before - {fallen} < listening(process.pid, port)
    page = get(f"{url}/metrics")
    assert f'pid="{fallen}"' not in page
    assert counted in page, "what the fallen one has counted is kept"
    process.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    _, said = process.communicate(timeout=10)
    assert process.returncode == 0, said
    assert time.monotonic() - begin < 5
    assert "Traceback" not in said


def test_a_port_that_is_taken_is_not_shared_with_strangers(
    three: tuple[subprocess.Popen[str], str], tmp_path: Path
) -> None:
    _, url = three
    options = ["--processes", "2", "--api-port", url.rpartition(":")[2], "--redis-url", "redis://127.0.0.1:1/0"]
    command = [sys.executable, "-m", "deploy", "api", *options, "--data", str(tmp_path / "other")]
    done = subprocess.run(command, cwd=servers.CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 75
    assert "choose another port" in done.stderr


def test_one_that_never_runs_ends_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "FIRST_PAUSE", 0.01)
    begin = time.monotonic()
    assert crew.keep([["sleep", "61"], ["sh", "-c", "exit 7"]], dict(os.environ)) == 7
    assert time.monotonic() - begin < 20


def test_what_an_earlier_crew_counted_is_forgotten(tmp_path: Path) -> None:
    settings = Settings().with_(data_dir=tmp_path)
    folder = Path(crew.environment(settings)[crew.METRICS_FOLDER])
    folder.mkdir()
    (folder / "counter_1.db").touch()
    crew.prepare(settings)
    assert list(folder.iterdir()) == []
