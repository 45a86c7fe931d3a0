"""Runs real flows in processes of their own, on real Kafka and Redis, and reads what they wrote."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import redis
from confluent_kafka import Consumer, Producer, TopicPartition

from dataflows import kafka as clients
from schemas import names
from tests import servers
from tests.dataflows.tape import Record, market_text


class Flow:
    """One `esi flow`, with its state and market file in a folder.

    Args:
        folder: where state, log and market file go.
        feed: its feed.
        bootstrap: Kafka.
        redis_url: Redis.
        args: more flags of `esi flow`.
        environment: more settings.
    """

    def __init__(self, folder: Path, feed: str, bootstrap: str, redis_url: str, *args: str, **environment: str) -> None:
        self.folder, self.feed = folder, feed
        self.file = folder / "tape.toml"
        self.file.write_text(market_text(feed))
        self._command = [sys.executable, "-m", "deploy", "flow", "--feed", feed, "--market", str(self.file), *args]
        self._environment = {
            "ESI_KAFKA_URL": bootstrap,
            "ESI_REDIS_URL": redis_url,
            "ESI_DATA_DIR": str(folder),
            "ESI_LOG_FORMAT": "json",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def choose(self, file: Path) -> None:
        """Another market file, from the next start on."""
        self._command[self._command.index("--market") + 1] = str(file)

    def start(self) -> Self:
        """Starts it in a process group of its own."""
        with (self.folder / "flow.log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command, env={**os.environ, **self._environment}, stdout=log, stderr=log, start_new_session=True
            )
        return self

    @property
    def log(self) -> str:
        """What it wrote so far."""
        return (self.folder / "flow.log").read_text()

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Sends a signal to the whole group and waits for the end; returns the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        return self.process.wait(20)

    def stop(self) -> tuple[int, float]:
        """SIGTERM to the flow itself; returns exit code and seconds until it was gone."""
        assert self.process is not None
        began = time.monotonic()
        self.process.terminate()
        return self.process.wait(20), time.monotonic() - began

    def __enter__(self) -> Self:
        """Starts it."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Leaves nothing behind."""
        self.kill()


def produce(bootstrap: str, feed: str, tape: list[list[Record]], seconds: float = 0, seed: int = 0) -> None:
    """Writes a tape into its feed's topic, partition by partition in turns, spread over some seconds."""
    topic = names.ticks_topic(feed)
    assert clients.ensure_topic(bootstrap, topic, len(tape)) == len(tape)
    sender: Producer = clients.producer(bootstrap)
    left = [list(part) for part in tape]
    whole, sent, began = sum(map(len, left)), 0, time.monotonic()
    turns = random.Random(seed)
    while any(left):
        part = turns.choice([part for part in left if part])
        for record in part[: turns.randint(1, 40)]:
            sender.produce(topic, record.raw, partition=record.partition, headers=record.headers())
            sent += 1
        del part[: sent - (whole - sum(map(len, left)))]
        sender.poll(0)
        ahead = seconds * sent / whole - (time.monotonic() - began)
        if ahead > 0:
            sender.flush(5)
            time.sleep(ahead)
    assert sender.flush(30) == 0


def published(client: redis.Redis, market: str = "tape") -> dict[str, list[tuple[str, bytes]]]:
    """What stands in a market's streams: (id, body) in order, by channel."""
    return {
        channel: [
            (entry_id.decode(), next(value for field, value in fields.items() if field != b"sent_ns"))
            for entry_id, fields in client.xrange(names.stream(market, channel))
        ]
        for channel in names.CHANNELS
    }


def wait_for(
    client: redis.Redis, want: dict[str, list[tuple[str, bytes]]], flow: Flow, seconds: float = 40, market: str = "tape"
) -> None:
    """Waits until the last wanted reading is there; fails with the flow's log."""
    last = want["readings"][-1][0]

    def there() -> bool:
        newest = client.xrevrange(names.stream(market, "readings"), count=1)
        return bool(newest) and newest[0][0].decode() == last

    try:
        servers.wait_until(there, seconds, f"reading {last}")
    except TimeoutError as error:
        msg = f"{error}\n{flow.log[-4000:]}"
        raise AssertionError(msg) from error


def rejected(bootstrap: str, feed: str) -> set[tuple[int, int, str, str, bytes]]:
    """What the dead-letter topic holds of a feed: (partition, offset, reason, rows, original bytes)."""
    reader: Consumer = clients.consumer(bootstrap, f"test-{feed}")
    partitions = reader.list_topics(names.REJECTS_TOPIC, timeout=10).topics[names.REJECTS_TOPIC].partitions
    found = set()
    for number in partitions:
        place = TopicPartition(names.REJECTS_TOPIC, number)
        low, high = reader.get_watermark_offsets(place, timeout=10)
        reader.assign([TopicPartition(names.REJECTS_TOPIC, number, low)])
        read = low
        while read < high:
            for message in reader.consume(1000, 0.05):
                read = (message.offset() or 0) + 1
                headers = {name: bytes(value or b"").decode() for name, value in message.headers() or ()}  # type: ignore[arg-type] # bytes on the wire
                if headers["feed"] == feed:
                    found.add(
                        (int(headers["partition"]), int(headers["offset"]), headers["reason"], headers["rows"],
                         message.value() or b"")
                    )  # fmt: skip
    reader.close()
    return found
