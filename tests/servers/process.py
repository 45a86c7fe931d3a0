"""A server process: started, asked until it answers, killed, paused, restarted on the same port and data."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import psutil


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
        environment: what its environment has beyond ours.
        orphan_signal: what the kernel sends it when the tests are killed.
    """

    orphan_signal = signal.SIGKILL
    environment: Mapping[str, str] = {}

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
        guard = (
            ["setpriv", "--pdeathsig", self.orphan_signal.name.removeprefix("SIG"), "--"]
            if shutil.which("setpriv")
            else []
        )
        return subprocess.Popen(
            guard + command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=self.folder,
            env={**os.environ, **self.environment},
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
