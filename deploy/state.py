"""What `esi up` leaves in its data folder for others: a lock that dies with it, and what runs where."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil

from deploy.files import write_whole

LOCK, STATE = "up.lock", "up.json"


class BusyError(RuntimeError):
    """Another `esi up` works in the data folder; the message names it."""


@dataclass(frozen=True)
class Running:
    """One process: its name, state, and how it is reached; times are seconds since 1970."""

    name: str
    state: str
    pid: int | None = None
    url: str | None = None
    metrics_port: int | None = None
    started: float | None = None
    starts: int = 0


@dataclass(frozen=True)
class Up:
    """A whole `esi up`: its own process, the addresses of its servers (passwords included), its processes."""

    pid: int
    started: float
    api_url: str
    kafka_url: str | None
    redis_url: str | None
    postgres_url: str | None
    markets: tuple[str, ...] = ()
    processes: tuple[Running, ...] = field(default=())

    def write(self, data: Path) -> None:
        """Writes the state file, for our own eyes only: addresses may hold passwords."""
        write_whole(data / STATE, json.dumps(asdict(self), indent=1), mode=0o600)

    @classmethod
    def read(cls, data: Path) -> Self | None:
        """What the last `esi up` wrote, running or not; None if there is nothing readable."""
        try:
            said: dict[str, Any] = json.loads((data / STATE).read_text())
            processes = tuple(Running(**one) for one in said.pop("processes"))
            return cls(**{**said, "markets": tuple(said["markets"]), "processes": processes})
        except (OSError, json.JSONDecodeError, KeyError, TypeError):
            return None


class Lock:
    """The right to work in a data folder; the kernel takes it back when we end, however we end."""

    def __init__(self, data: Path) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self._file = (data / LOCK).open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.seek(0)
            holder = self._file.read().strip() or "another process"
            self._file.close()
            msg = f"{data} is in use by `esi up`, process {holder}: stop it, or give another folder with --data"
            raise BusyError(msg) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Gives the folder back."""
        self._file.close()


def held(data: Path) -> bool:
    """Whether some `esi up` works in the folder now."""
    try:
        with (data / LOCK).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def end_leftovers(before: Up | None) -> list[str]:
    """Kills the processes of an `esi up` that was killed itself; returns their names.

    A process id alone may be another's by now: only one that began when ours did is touched.
    """
    ended = []
    for one in before.processes if before else ():
        if one.pid is not None and one.started is not None and _is_ours(one.pid, one.started):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(one.pid, signal.SIGKILL)
                ended.append(one.name)
    return ended


def _is_ours(pid: int, started: float) -> bool:
    try:
        return abs(psutil.Process(pid).create_time() - started) < 2.0
    except psutil.Error:
        return False
