"""Apache Kafka."""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.servers.machine import CACHE, CHECKOUT, AbsentError
from tests.servers.process import Server, free_port

THRIFTY = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""A virtual machine that compiles without optimising: what lives for a minute never earns the time back."""


class Kafka(Server):
    """Apache Kafka in KRaft mode, one node, from Maven's jars and without its scripts.

    Topics have 4 partitions. Nothing is deleted by age: records of tests carry old times. `thrifty` is for tests: half
    the processor time for a short life, and less throughput than benchmarks want. `settings` are further lines of
    `server.properties`.
    """

    def __init__(
        self, host: str = "127.0.0.1", *, thrifty: bool = False, settings: Mapping[str, str] | None = None
    ) -> None:
        super().__init__()
        self._options, self._settings = THRIFTY if thrifty else (), settings or {}
        self._controller, self._host = free_port(), host
        self.bootstrap = f"{host}:{self.port}"

    def _java(self, heap: str, main: str, *args: str) -> list[str]:
        if (java := shutil.which("java")) is None:
            raise AbsentError("no java on PATH: apt-get install default-jre-headless")
        return [java, *self._options, f"-Xmx{heap}", "-cp", f"{kafka_jars()}/*", main, *args]

    def prepare(self) -> None:
        """Writes `server.properties` and formats the log folder."""
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{self._controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": str(self.folder / "data"),
            "num.partitions": "4",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.num.partitions": "4",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "log.retention.ms": "-1",
            "broker.session.timeout.ms": "3000",  # after a kill -9 the controller waits this long
            "broker.heartbeat.interval.ms": "500",
        }
        path = self.folder / "server.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in (settings | dict(self._settings)).items()))
        cluster = f"A{base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]}"  # not "-..": that would be a flag
        format_log = self._java("256m", "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(path))
        subprocess.run(format_log, check=True, capture_output=True, cwd=self.folder)

    def command(self) -> list[str]:
        """`java kafka.Kafka server.properties`."""
        return self._java("1g", "kafka.Kafka", str(self.folder / "server.properties"))

    def answers(self) -> object:
        """The broker lists its topics."""
        with socket.create_connection((self._host, self.port), 1):
            pass
        return lists_topics(self.bootstrap)


def lists_topics(bootstrap: str) -> bool:
    try:
        admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, "socket.timeout.ms": 2000})
        return bool(admin.list_topics(timeout=2).brokers)
    except KafkaException:
        return False


def kafka_jars() -> Path:
    """Folder of Kafka's jars; fetched by Maven once (43 MB) into `.cache/kafka`, which git ignores.

    Raises:
        AbsentError: no Maven, or no way to its repository.
    """
    jars = CACHE / "kafka" / "lib"
    if jars.is_dir():
        return jars
    if shutil.which("mvn") is None:
        raise AbsentError("no mvn on PATH: apt-get install maven")
    jars.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=jars.parent) as fresh:
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={fresh}/lib"]
        pom = CHECKOUT / "tests" / "kafka" / "pom.xml"
        command = ["mvn", "-q", "-B", "-f", str(pom), *goal]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            msg = f"Maven could not fetch Kafka's jars: {(done.stdout + done.stderr)[-500:]}"
            raise AbsentError(msg)
        if not jars.is_dir():  # another test run may have been quicker
            Path(fresh, "lib").rename(jars)
    return jars
