"""A small supervisor: starts programs in the order of their needs, starts the fallen again, stops them all."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from deploy import child
from deploy.child import Child
from deploy.disk import Disk, is_full
from deploy.program import REFUSES, Program, Service, manner
from deploy.tail import last_words


class Supervisor:
    """Keeps programs running. `tick` is to be called some ten times a second from one thread, the main one.

    While the disk of the logs is full, falls do not count and are followed by the longest pause; once there is room,
    everything is started again at once. A program that says by its exit status that it cannot run as it is called or
    set up is not started again: whoever asks for `refused` ends the matter.

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

    @property
    def refused(self) -> str:
        """Which programs cannot run as they are called or set up, in words; "" if none has said so."""
        names = [name for name, service in self.services.items() if service.state == "refused"]
        logs = ", ".join(str(self.log(name)) for name in names)
        why = f"cannot run as called or set up (exit status {REFUSES}), which a new start would not mend"
        return f"{' and '.join(names)} {why} (log: {logs})" if names else ""

    def waits(self) -> str:
        """Who is waited for when everything stops, in order, in words."""
        ranks: dict[int, list[str]] = {}
        for name, service in sorted(self.services.items(), key=lambda one: one[1].program.stop_rank):
            if service.child is not None:
                ranks.setdefault(service.program.stop_rank, []).append(name)
        return ", then ".join(", ".join(names) for names in ranks.values()) or "nobody"

    def tick(self) -> None:
        """Looks after every program once; never waits."""
        if self.disk.look():
            for service in self.services.values():
                service.forgive()
        before = [(service.state, service.starts) for service in self.services.values()]
        for service in self.services.values():
            self._look_after(service)
        if self._untold or before != [(service.state, service.starts) for service in self.services.values()]:
            self._note()

    def stop(self, seconds: float | None = None) -> None:
        """Stops everything, rank by rank; each has its members' patience, or `seconds`, and is killed then."""
        for rank in sorted({service.program.stop_rank for service in self.services.values()}):
            members = [s for s in self.services.values() if s.program.stop_rank == rank]
            patience = max(s.program.patience for s in members) if seconds is None else seconds
            child.stop([s.child for s in members if s.child is not None], patience)
            for service in members:
                service.state = service.state if service.state in {"done", "refused"} else "stopped"
                service.child = None
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
            child.stop([service.child], service.program.patience)
            service.state, service.child = "waiting", None
        elif service.state == "starting":
            self._settle(service)
        elif service.is_steady:
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
        if status == REFUSES:
            service.state = "refused"
            self._tell(f"{service.program.name}: {last_words(self.log(service.program.name)) or manner(status)}")
        else:
            self._rest(service, manner(status))

    def _rest(self, service: Service, how: str) -> None:
        """After a fall: a pause before the next start."""
        self.disk.look(now=True)
        pause = service.rest(blameless=self.disk.full)
        self._tell(
            f"{service.program.name}: {how}; starting it again in {pause:.1f} s (log: {self.log(service.program.name)})"
        )
