"""The embedded Kafka-protocol broker: librdkafka's mock cluster in a process of its own, all in memory.

Four partitions a topic, 5 MiB each, then the oldest batches go. It chooses its port itself. What it held is gone when
it ends, so every start is another incarnation.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from confluent_kafka import Producer

from deploy.files import write_whole


@dataclass(frozen=True)
class Address:
    """Where a broker listens (`host:port`), which incarnation it is, and its process id."""

    bootstrap: str
    incarnation: str
    pid: int

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """The address that a broker has written, or None if there is none yet."""
        try:
            return cls(**json.loads(file.read_text()))
        except (FileNotFoundError, json.JSONDecodeError, TypeError):
            return None

    def answers(self) -> bool:
        """Whether somebody listens there."""
        host, _, port = self.bootstrap.rpartition(":")
        try:
            with socket.create_connection((host, int(port)), timeout=0.1):
                return True
        except OSError:
            return False


def start(file: Path | None) -> tuple[Producer, Address]:
    """Starts the broker, which lives as long as the returned client, and writes its address to `file`."""
    owner = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 0})
    broker = next(iter(owner.list_topics(timeout=10).brokers.values()))
    address = Address(f"{broker.host}:{broker.port}", secrets.token_hex(8), os.getpid())
    if file is not None:
        write_whole(file, json.dumps(asdict(address)))
    return owner, address


def serve(file: Path | None) -> Address:
    """Runs the broker until SIGTERM or Ctrl-C; its address is printed and, if `file` is given, written there."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    owner, address = start(file)
    print(json.dumps(asdict(address)), flush=True)  # noqa: T201  what the verb is asked for
    stopped.wait()
    if file is not None:
        file.unlink(missing_ok=True)
    del owner
    return address
