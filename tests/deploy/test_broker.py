"""The embedded broker: where it is, who it is, and that every start is another one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition

from deploy.broker import Address
from tests.servers import wait_until

SERVE = [sys.executable, "-m", "deploy", "broker", "--address-file"]


def _start(file: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([*SERVE, str(file)], stdout=subprocess.PIPE, text=True)
    wait_until(lambda: Address.read(file) is not None, what="the broker's address")
    return process


def test_two_starts_are_two_incarnations_with_four_partitions(tmp_path: Path) -> None:
    file, seen = tmp_path / "broker.json", []
    for _ in range(2):
        process = _start(file)
        address = Address.read(file)
        assert address is not None
        assert address.answers()
        assert address.pid == process.pid
        _carries_a_record(address.bootstrap)
        process.send_signal(signal.SIGTERM)
        printed, _ = process.communicate(timeout=10)
        assert process.returncode == 0
        assert json.loads(printed)["bootstrap"] == address.bootstrap
        assert Address.read(file) is None
        assert not address.answers()
        seen.append(address.incarnation)
    assert seen[0] != seen[1]


def _carries_a_record(bootstrap: str) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    producer.produce("t", b"value", partition=3)
    assert producer.flush(10) == 0
    assert len(producer.list_topics("t", timeout=10).topics["t"].partitions) == 4
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "g"})
    consumer.assign([TopicPartition("t", 3, 0)])
    (message,) = consumer.consume(1, 10)
    assert message.value() == b"value"
    consumer.close()


def test_what_is_no_address_is_none(tmp_path: Path) -> None:
    for text in ("", "{", "[]", '{"bootstrap": "x"}'):
        (tmp_path / "f").write_text(text)
        assert Address.read(tmp_path / "f") is None
    assert Address.read(tmp_path / "none") is None
    assert not Address("127.0.0.1:1", "", os.getpid()).answers()
