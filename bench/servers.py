"""The test servers for benchmarks: what the machine lacks becomes a reason to skip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from bench.case import AbsentPartError
from tests import servers

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
