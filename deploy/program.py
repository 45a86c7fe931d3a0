"""A program that is supervised: what to run and how, how it fares, and what its end says."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from deploy.child import Child

State = Literal["waiting", "starting", "running", "resting", "done", "refused", "stopped"]

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
"""Seconds before a fallen program is started again: the first time, and at most; doubled in between."""

STEADY_AFTER = 20.0
"""Seconds of running after which earlier falls no longer count."""

_DOUBLINGS = 20
"""Of the pause at most; it is at its longest long before, and a float's end comes after a thousand falls."""

REFUSES = 2
"""Exit status of who is called wrongly or cannot run as it is set up: it would end the same again."""


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
        patience: seconds that it has to stop before it is killed.
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
    patience: float = 3.0
    user: str | None = None
    endless: bool = True
    metrics_port: Callable[[], int | None] = lambda: None
    url: Callable[[], str] = _nothing


@dataclass
class Service:
    """A program and how it fares; `falls` counts the falls since it last ran steadily.

    Whoever is `refused` has said that it cannot run as it is called or set up, and is not started again.
    """

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

    @property
    def is_steady(self) -> bool:
        """Whether it has run for long enough."""
        return time.monotonic() - self.since > STEADY_AFTER

    def forgive(self) -> None:
        """Earlier falls count no longer; it may start at once."""
        self.falls, self.rest_until = 0, 0.0

    def rest(self, *, blameless: bool = False) -> float:
        """Seconds of pause before the next start, from now; a `blameless` fall does not count and rests longest."""
        pause = LONGEST_PAUSE if blameless else min(FIRST_PAUSE * 2 ** min(self.falls, _DOUBLINGS), LONGEST_PAUSE)
        self.falls += not blameless
        self.rest_until, self.state = time.monotonic() + pause, "resting"
        return pause


def manner(status: int) -> str:
    """How a process ended, by its exit status, negative for a signal's number."""
    return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"
