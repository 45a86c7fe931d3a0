"""A flow in several processes: they live and die together, as Bytewax wants it; and what such a parent needs."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from deploy.child import LAUNCHER
from deploy.servers import esi
from deploy.settings import Settings
from deploy.sockets import free_port


@dataclass(frozen=True)
class FlowChoice:
    """Which flow is run: its feed, its markets (names or paths), the name of its run, worker threads per process."""

    feed: str
    markets: tuple[str, ...]
    run: str | None = None
    workers: int = 1

    def arguments(self) -> list[str]:
        """As flags of `esi flow`."""
        flags = ["flow", "--feed", self.feed, "--workers", str(self.workers)]
        flags += [part for market in self.markets for part in ("--market", market)]
        return flags + (["--run", self.run] if self.run else [])


def commands(settings: Settings, choice: FlowChoice) -> list[list[str]]:
    """The command line of every process, with loopback ports that are free now."""
    addresses = ",".join(f"127.0.0.1:{free_port()}" for _ in range(settings.processes))
    shared = [*choice.arguments(), "--member", "--addresses", addresses]
    ports = [settings.metrics_port, *([0] * (settings.processes - 1))]
    return [esi(*shared, "--process-id", str(index), "--metrics-port", str(port)) for index, port in enumerate(ports)]


def run(commands: Sequence[Sequence[str]]) -> int:
    """Runs all until one ends or we are asked to stop; stops the others; returns the first bad exit status, or 0."""
    asked = threading.Event()
    with signals_set(asked):
        members = [start(command) for command in commands]
        while not asked.wait(0.1) and all(member.poll() is None for member in members):
            pass
        first = [status for member in members if (status := member.poll()) is not None]
        for member in members:
            member.terminate()
        for member in members:
            end(member)
    return 0 if asked.is_set() else next((status or 1 for status in first), 1)


def start(command: Sequence[str], environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """A member in our own process group, that dies with us."""
    launcher = [esi()[0], "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(signal.SIGKILL)), "-", "--"]
    return subprocess.Popen([*launcher, *command], stdin=subprocess.DEVNULL, env=environment)


def end(member: subprocess.Popen[bytes], seconds: float = 3.0) -> None:
    """Waits for a member that was asked to stop; kills it when it does not."""
    try:
        member.wait(seconds)
    except subprocess.TimeoutExpired:
        member.kill()
        member.wait()


@contextmanager
def signals_set(event: threading.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set an event."""
    before = {n: signal.signal(n, lambda *_: event.set()) for n in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
