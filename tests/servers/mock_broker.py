"""The Kafka-protocol broker inside librdkafka."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.servers.kafka import lists_topics
from tests.servers.machine import CHECKOUT
from tests.servers.process import Server


class MockBroker(Server):
    """The Kafka-protocol broker inside librdkafka, in a process of its own: memory only, 5 MiB a partition.

    It chooses its port itself, another one after `restart` (`bootstrap` tells), and its data dies with it.
    """

    bootstrap = ""

    def command(self) -> list[str]:
        """This module's `_serve_mock_broker` in another Python."""
        (self.folder / "bootstrap").unlink(missing_ok=True)
        code = f"from tests.servers.mock_broker import _serve_mock_broker; _serve_mock_broker({str(self.folder)!r})"
        return [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); {code}"]

    def answers(self) -> object:
        """The broker lists its topics."""
        self.bootstrap = (self.folder / "bootstrap").read_text()
        return lists_topics(self.bootstrap)


def _serve_mock_broker(folder: str) -> None:
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": "ignored", "test.mock.num.brokers": 1, "log_level": 0})
    broker = next(iter(producer.list_topics(timeout=10).brokers.values()))
    Path(folder, "bootstrap.new").write_text(f"{broker.host}:{broker.port}")
    Path(folder, "bootstrap.new").rename(Path(folder, "bootstrap"))
    while True:
        producer.poll(3600)
