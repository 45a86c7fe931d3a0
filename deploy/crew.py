"""The API in several processes on one port: each that falls is started again alone, for its viewers come back."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from deploy import fleet
from deploy.program import FIRST_PAUSE, LONGEST_PAUSE, STEADY_AFTER
from deploy.servers import esi
from deploy.settings import Settings
from deploy.sockets import free_port

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable of prometheus_client: processes that share it count together."""

GIVE_UP_AFTER = 5
"""Falls in a row of one member, none of which ran steadily, after which all end: it will never run."""

_DOUBLINGS = 20
"""Of the pause at most; it is at its longest long before."""

log = structlog.get_logger("esi.crew")


def member(port: int) -> list[str]:
    """Command line of one process; only it answers on the given port of 127.0.0.1."""
    return esi("api", "--member", "--metrics-port", str(port))


def environment(settings: Settings) -> dict[str, str]:
    """What each of them needs to count together with the others."""
    return {METRICS_FOLDER: str(settings.data_dir / "api-metrics")}


def prepare(settings: Settings) -> None:
    """Forgets what an earlier crew has counted."""
    folder = Path(environment(settings)[METRICS_FOLDER])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


@dataclass
class _Member:
    command: Sequence[str]
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    since: float = 0.0
    falls: int = 0
    rest_until: float = 0.0
    statuses: list[int] = field(default_factory=list)

    def look(self, now: float) -> None:
        """Starts it, or notes that it fell."""
        if self.process is None:
            if now >= self.rest_until:
                self.process, self.since = fleet.start(self.command, self.environment), now
            return
        if (status := self.process.poll()) is None:
            return
        self.falls = 1 if now - self.since > STEADY_AFTER else self.falls + 1
        pause = min(FIRST_PAUSE * 2 ** min(self.falls - 1, _DOUBLINGS), LONGEST_PAUSE)
        log.warning("member_fell", status=status, again_in=pause, falls=self.falls)
        self.process, self.rest_until = None, now + pause
        self.statuses.append(status)

    @property
    def is_hopeless(self) -> bool:
        return self.falls >= GIVE_UP_AFTER


def run(settings: Settings) -> int:
    """Runs `settings.api_processes` of them until asked to stop; the exit status is bad if one of them never runs."""
    prepare(settings)
    told = {**os.environ, **settings.environment(), **environment(settings)}
    return keep([member(free_port()) for _ in range(settings.api_processes)], told)


def keep(commands: Sequence[Sequence[str]], told: dict[str, str], *, for_ever: bool = False) -> int:
    """Keeps all of them running; each rests a little before it is started again; `for_ever`: however often it falls."""
    asked = threading.Event()
    members = [_Member(command, told) for command in commands]
    with fleet.signals_set(asked):
        while not asked.is_set() and (for_ever or not any(one.is_hopeless for one in members)):
            now = time.monotonic()
            for one in members:
                one.look(now)
            asked.wait(0.1)
        for one in members:
            if one.process is not None:
                one.process.terminate()
        for one in members:
            if one.process is not None:
                fleet.end(one.process)
    return 0 if for_ever else next((one.statuses[-1] or 1 for one in members if one.is_hopeless), 0)
