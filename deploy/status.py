"""`esi status`: every process of an `esi up`, whether it is well, and how far it is behind."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
import redis
from prometheus_client.parser import text_string_to_metric_families
from redis.backoff import NoBackoff
from redis.retry import Retry
from rich.console import Console

from deploy.broker import Address
from deploy.state import Running, Up, held

LAG_METRICS = frozenset({"esi_lag_records", "esi_archive_lag_entries"})
"""Gauges that say how many records or entries a process has not dealt with yet."""

COLUMNS = ("process", "pid", "health", "behind", "starts", "address")

ANSWER_S = 1.0


@dataclass(frozen=True)
class Health:
    """One process: `health` is `ok`, `starting`, `done`, `stopped`, or what is wrong; `lag` counts what waits."""

    name: str
    pid: int | None
    url: str | None
    state: str
    health: str
    lag: int | None
    metrics_port: int | None
    started: float | None
    starts: int


def report(data: Path) -> dict[str, Any]:
    """The whole state of a data folder's `esi up`, as `esi status --json` prints it."""
    up = Up.read(data)
    running = up is not None and held(data)
    processes = [_health(one, running) for one in up.processes] if up else []
    return {
        "running": running,
        "healthy": running and all(one.health in {"ok", "done"} for one in processes),
        "data": str(data),
        "pid": up.pid if up and running else None,
        "page": up.api_url if up and running else None,
        "markets": list(up.markets) if up else [],
        "processes": [asdict(one) for one in processes],
    }


def show(said: dict[str, Any]) -> None:
    """Prints a report for people; an address stays in one piece, to be copied, however narrow the terminal is."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    if not said["running"]:
        console.print(f"Nothing runs in {said['data']}. `esi up` (or `make run`) starts everything.")
        return
    heading, *lines = _aligned([COLUMNS, *map(_row, said["processes"])])
    console.print(heading, style="bold")
    for line in lines:
        console.print(line)
    console.print(f"The page: {said['page']}")


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    """A process as text, by column."""
    behind = "" if one["lag"] is None else str(one["lag"])
    return one["name"], str(one["pid"] or ""), one["health"], behind, str(one["starts"]), one["url"] or ""


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows as lines with their columns one below the other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _health(one: Running, up_runs: bool) -> Health:
    word, lag = _look(one) if up_runs else ("stopped", None)
    metrics = f"http://127.0.0.1:{one.metrics_port}/metrics" if one.metrics_port else None
    return Health(
        name=one.name,
        pid=one.pid if up_runs else None,
        url=(hide_password(one.url) or metrics) if up_runs else None,
        state=one.state if up_runs else "stopped",
        health=word,
        lag=lag,
        metrics_port=one.metrics_port,
        started=one.started,
        starts=one.starts,
    )


def _look(one: Running) -> tuple[str, int | None]:
    """Health and lag of one process."""
    if one.state != "running":
        return {"waiting": "starting", "resting": "fell, starts again"}.get(one.state, one.state), None
    if one.pid is None or not psutil.pid_exists(one.pid):
        return "gone", None
    try:
        return _ask(one)
    except (OSError, redis.RedisError, psycopg.Error, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        return f"does not answer: {reason}", None


def _ask(one: Running) -> tuple[str, int | None]:
    """Asks a process in its own language whether it is well."""
    url = one.url or ""
    match one.name.partition(" ")[0]:
        case "broker":
            return ("ok" if Address(url, "", 0).answers() else "does not answer"), None
        case "valkey":
            with redis.Redis.from_url(url, socket_timeout=ANSWER_S, retry=Retry(NoBackoff(), 0)) as client:
                client.ping()
        case "postgres":
            with psycopg.connect(url, connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        case "api":
            return _ready(f"{url}/readyz"), None
        case _:
            return "ok", _lag(_metrics(one.metrics_port)) if one.metrics_port else None
    return "ok", None


def _ready(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_S):  # nosec B310  # our own servers
            return "ok"
    except urllib.error.HTTPError as error:
        with error:
            said = json.loads(error.read())
        return f"not ready: {said.get('detail') or ', '.join(said.get('missing', ())) or error.code}"


def _metrics(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=ANSWER_S) as answer:  # nosec B310  # our own
        return str(answer.read().decode())


def _lag(page: str) -> int | None:
    lags = [
        sample.value
        for family in text_string_to_metric_families(page)
        if family.name in LAG_METRICS
        for sample in family.samples
    ]
    return int(sum(lags)) if lags else None


def hide_password(url: str | None) -> str | None:
    """The URL with its password, if it has one, as stars."""
    parts = urlsplit(url or "")
    if not parts.password:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", ":***@")))
