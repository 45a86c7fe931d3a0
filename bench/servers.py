"""The test servers for benchmarks: what the machine lacks becomes a reason to skip; one broker serves them all."""

from __future__ import annotations

import atexit
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from confluent_kafka.admin import AdminClient

from bench.case import AbsentPartError, require
from tests import servers

FORGOTTEN_S: Final = 30.0
_SHARED: Final[list[servers.Kafka]] = []

S = TypeVar("S", bound=servers.Server)


@contextmanager
def running(server: S) -> Iterator[S]:
    """A started server, ended afterwards.

    Raises:
        AbsentPartError: the machine lacks it.
    """
    try:
        server.start()
    except servers.AbsentError as absent:
        raise AbsentPartError(str(absent)) from absent
    try:
        yield server
    finally:
        server.close()


@contextmanager
def broker() -> Iterator[servers.Kafka]:
    """An Apache Kafka without topics; the one that was started for one benchmark serves the next as well.

    Raises:
        AbsentPartError: the machine lacks it.
        WrongOutputError: it does not forget the topics of whoever had it.
    """
    kafka = _started()
    try:
        yield kafka
    finally:
        _forget(AdminClient({"bootstrap.servers": kafka.bootstrap, "log_level": 2}))


def _started() -> servers.Kafka:
    if not _SHARED:
        kafka = servers.Kafka(settings={"log.segment.delete.delay.ms": "1000"})
        try:
            kafka.start()
        except servers.AbsentError as absent:
            raise AbsentPartError(str(absent)) from absent
        _SHARED.append(kafka)
    return _SHARED[0]


@atexit.register
def end_broker() -> None:
    """Ends it: benchmarks without Kafka have the machine for themselves, and the next one with it begins anew."""
    while _SHARED:
        _SHARED.pop().close()


def _forget(admin: AdminClient) -> None:
    deadline = time.monotonic() + FORGOTTEN_S
    while left := [name for name in admin.list_topics(timeout=10).topics if not name.startswith("__")]:
        require(time.monotonic() < deadline, f"Kafka keeps the topics {left}")
        for done in admin.delete_topics(left).values():
            done.exception(10)
        time.sleep(0.1)


def trade_files(days: int) -> list[Path]:
    """The first real trade files by date.

    Raises:
        AbsentPartError: the licensed data is not there.
    """
    try:
        found = sorted((servers.real_data() / "ticks" / "equity").glob("trades_*.csv.gz"))
    except servers.AbsentError as absent:
        raise AbsentPartError(str(absent)) from absent
    if len(found) < days:
        msg = f"{len(found)} days of trades, {days} are needed: set ESI_DATA"
        raise AbsentPartError(msg)
    return found[:days]
