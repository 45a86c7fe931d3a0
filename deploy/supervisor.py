"""A small supervisor: starts programs in the order of their needs, starts the fallen again, stops them all."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from deploy import child
from deploy.child import Child
from deploy.disk import Disk, is_full

State = Literal["waiting", "starting", "running", "resting", "done", "stopped"]

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
"""Seconds before a fallen program is started again: the first time, and at most; doubled in between."""

STEADY_AFTER = 20.0
"""Seconds of running after which earlier falls no longer count."""


def _always() -> bool:
    return True


def _nothing() -> str:
    return ""


@dataclass(frozen=True)
class Program:
    """What to run, and how.

    Attributes:
        name: unique; the log file's name too.
        command: asked at every start, so that a new address of a server gets in.
        environment: what is added to our own environment, asked at every start.
        needs: programs that must be running (done, if they have an end) before this one starts.
        ready: whether it can be used, asked until it is true; must answer within a tenth of a second.
        identity: what it is once it runs; when that changes, those that need it are started again.
        stop_signal: what it takes for a polite request.
        orphan_signal: what ends it when the supervisor is killed; a server may want to put its data in order.
        stop_rank: lower ranks are stopped first.
        user: who it runs as, if we are root.
        endless: whether ending is falling; otherwise exit status 0 means done.
        metrics_port: where its Prometheus page is, asked at every start.
        url: where it is reached, for people and `esi status`.
    """

    name: str
    command: Callable[[], Sequence[str]]
    environment: Callable[[], Mapping[str, str]] = dict
    needs: tuple[str, ...] = ()
    ready: Callable[[], bool] = _always
    identity: Callable[[], str] = _nothing
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    stop_rank: int = 0
    user: str | None = None
    endless: bool = True
    metrics_port: Callable[[], int | None] = lambda: None
    url: Callable[[], str] = _nothing


@dataclass
class Service:
    """A program and how it fares; `falls` counts the falls since it last ran steadily."""

    program: Program
    state: State = "waiting"
    child: Child | None = None
    falls: int = 0
    starts: int = 0
    rest_until: float = 0.0
    since: float = 0.0
    identity: str = ""
    saw: dict[str, str] = field(default_factory=dict)
    last_status: int | None = None


class Supervisor:
    """Keeps programs running. `tick` is to be called some ten times a second from one thread, the main one.

    While the disk of the logs is full, falls do not count and are followed by the longest pause; once there is room,
    everything is started again at once.

    Attributes:
        services: programs and how they fare, by name.
        disk: of the logs, and thus of the data folder.

    Args:
        programs: in any order; their needs must be among them.
        logs: folder of their output, `{name}.log` each.
        tell: gets what people should know, a sentence each.
        changed: called after anything has changed, to write the state down.
    """

    def __init__(
        self,
        programs: Iterable[Program],
        logs: Path,
        tell: Callable[[str], None],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.services = {program.name: Service(program) for program in programs}
        self._logs, self._tell, self._changed = logs, tell, changed
        self.disk = Disk(logs, tell)
        self._untold = False

    def log(self, name: str) -> Path:
        """File of a program's output."""
        return self._logs / f"{name}.log"

    def add(self, program: Program) -> None:
        """One more program, started when its needs are running."""
        self.services[program.name] = Service(program)

    def running(self, *names: str) -> bool:
        """Whether these (or all endless ones, if none is named) are running and ready."""
        chosen = names or [name for name, service in self.services.items() if service.program.endless]
        return all(self.services[name].state == "running" for name in chosen)

    def usable(self, *names: str) -> bool:
        """Whether these can be built upon: the endless ones are running, those with an end have reached it."""
        needed = [self.services[name] for name in names]
        return all(one.state == ("running" if one.program.endless else "done") for one in needed)

    def done(self, name: str) -> bool:
        """Whether a program that has an end has reached it."""
        return self.services[name].state == "done"

    def tick(self) -> None:
        """Looks after every program once; never waits."""
        if self.disk.look():
            self._forgive()
        before = [(service.state, service.starts) for service in self.services.values()]
        for service in self.services.values():
            self._look_after(service)
        if self._untold or before != [(service.state, service.starts) for service in self.services.values()]:
            self._note()

    def stop(self, seconds: float = 3.0) -> None:
        """Stops everything, rank by rank, and waits at most `seconds` for each rank before it kills."""
        for rank in sorted({service.program.stop_rank for service in self.services.values()}):
            members = [s for s in self.services.values() if s.program.stop_rank == rank]
            child.stop([s.child for s in members if s.child is not None], seconds)
            for service in members:
                service.state, service.child = "stopped" if service.state != "done" else "done", None
        self._note()

    def _note(self) -> None:
        """Lets the state be written down; where the disk has no room for it, again at the next tick."""
        try:
            self._changed()
            self._untold = False
        except OSError as error:
            if not is_full(error):
                raise
            self._untold = True

    def _forgive(self) -> None:
        for service in self.services.values():
            service.falls, service.rest_until = 0, 0.0

    def _look_after(self, service: Service) -> None:
        match service.state:
            case "waiting":
                if self.usable(*service.program.needs):
                    self._start(service)
            case "resting":
                if time.monotonic() >= service.rest_until:
                    service.state = "waiting"
            case "starting" | "running":
                self._watch(service)

    def _start(self, service: Service) -> None:
        program = service.program
        service.saw = {name: self.services[name].identity for name in program.needs}
        service.starts += 1
        service.since = time.monotonic()
        try:
            service.child = self._child(program)
        except OSError as error:
            if not is_full(error):
                raise
            self._rest(service, "cannot be started, because its log cannot be written")
        else:
            service.state = "starting"

    def _child(self, program: Program) -> Child:
        return Child(
            program.command(),
            self.log(program.name),
            {**os.environ, **program.environment()},
            stop_signal=program.stop_signal,
            user=program.user,
            orphan_signal=program.orphan_signal,
        )

    def _watch(self, service: Service) -> None:
        if service.child is None:
            return
        if (status := service.child.status()) is not None:
            self._ended(service, service.child, status)
        elif changed := [n for n, seen in service.saw.items() if self._changed_since(n, seen)]:
            self._tell(f"{service.program.name}: starting again, because {changed[0]} is a new one")
            child.stop([service.child], 3.0)
            service.state, service.child = "waiting", None
        elif service.state == "starting":
            self._settle(service)
        elif service.falls and time.monotonic() - service.since > STEADY_AFTER:
            service.falls = 0

    def _changed_since(self, name: str, seen: str) -> bool:
        needed = self.services[name]
        return needed.state == "running" and needed.identity != seen

    def _settle(self, service: Service) -> None:
        if service.program.ready():
            service.identity = service.program.identity()
            service.state = "running"
            if service.starts > 1:
                self._tell(f"{service.program.name}: running again")

    def _ended(self, service: Service, ended: Child, status: int) -> None:
        ended.kill()  # what is left of its group
        service.child, service.last_status = None, status
        if status == 0 and not service.program.endless:
            service.state = "done"
            return
        self._rest(
            service,
            f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}",
        )

    def _rest(self, service: Service, how: str) -> None:
        """After a fall: a pause before the next start."""
        self.disk.look(now=True)
        pause = LONGEST_PAUSE if self.disk.full else min(FIRST_PAUSE * 2**service.falls, LONGEST_PAUSE)
        service.falls += not self.disk.full
        service.rest_until, service.state = time.monotonic() + pause, "resting"
        self._tell(
            f"{service.program.name}: {how}; starting it again in {pause:.1f} s (log: {self.log(service.program.name)})"
        )
