"""One running child: a process group of its own, its output in a file, gone when we are gone."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.disk import is_full

LAUNCHER = Path(__file__).with_name("launch.py")
LOG_LIMIT = 16 * 1024 * 1024
"""Bytes after which a log file is put aside as `.1`; the one before that is dropped."""


class Child:
    """A process and its group.

    Attributes:
        pid: its process id, which is its group's too.
        started: wall clock of its start, seconds since 1970.

    Args:
        command: program and arguments.
        log: file that its output is added to.
        environment: all of its environment.
        stop_signal: how it is asked to stop.
        user: who it becomes, if we are root.
        orphan_signal: what it gets from the kernel when we are gone; a wish may go unheard then.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str],
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
        user: str | None = None,
        orphan_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        self._stop_signal = stop_signal
        log.parent.mkdir(parents=True, exist_ok=True)
        put_aside(log)
        launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(orphan_signal)), user or "-"]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*launcher, "--", *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(environment),
                start_new_session=True,
            )
        self.pid = self._process.pid
        self.started = time.time()

    def status(self) -> int | None:
        """Exit status, negative for a signal's number, or None while it runs."""
        return self._process.poll()

    def ask(self) -> None:
        """Asks the whole group to stop."""
        self._signal(self._stop_signal)

    def kill(self) -> None:
        """Ends the whole group at once and waits for its leader."""
        self._signal(signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def stop(children: Sequence[Child], seconds: float) -> None:
    """Asks all to stop, waits at most `seconds` for their leaders, and kills what is left of every group."""
    for child in children:
        child.ask()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(child.status() is None for child in children):
        time.sleep(0.02)
    for child in children:
        child.kill()


def put_aside(log: Path, limit: int = LOG_LIMIT) -> bool:
    """Keeps a log file below `limit` bytes: copies it to `.1` and empties it, so that open writers go on.

    Without room for the copy, what is old gives way to what is new.
    """
    if not log.exists() or log.stat().st_size < limit:
        return False
    aside = log.with_name(log.name + ".1")
    try:
        aside.write_bytes(log.read_bytes())
    except OSError as error:
        if not is_full(error):
            raise
        aside.unlink()
    os.truncate(log, 0)
    return True
