"""The supervisor, with real processes: needs, falls, back-off, new identities, the end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy import supervisor as module
from deploy.supervisor import Program, Supervisor

SLEEP = ["sleep", "63"]


@pytest.fixture
def said() -> list[str]:
    """What people were told."""
    return []


@pytest.fixture
def make(tmp_path: Path, said: list[str]) -> Iterator[Callable[..., Supervisor]]:
    """Makes supervisors, and stops them."""
    made: list[Supervisor] = []

    def one(*programs: Program) -> Supervisor:
        made.append(Supervisor(programs, tmp_path / "logs", said.append))
        return made[-1]

    yield one
    for supervisor in made:
        supervisor.stop(1)


def _until(supervisor: Supervisor, over: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not over():
        assert time.monotonic() < deadline, supervisor.services
        supervisor.tick()
        time.sleep(0.01)


def _pid(supervisor: Supervisor, name: str) -> int:
    child = supervisor.services[name].child
    assert child is not None
    return child.pid


def test_a_program_starts_after_what_it_needs(make: Callable[..., Supervisor]) -> None:
    ready = [False]
    supervisor = make(
        Program("flow", lambda: SLEEP, needs=("server",)), Program("server", lambda: SLEEP, ready=lambda: ready[0])
    )
    for _ in range(5):
        supervisor.tick()
    assert [s.state for s in supervisor.services.values()] == ["waiting", "starting"]
    ready[0] = True
    _until(supervisor, lambda: supervisor.running())


def test_a_killed_one_is_started_again_and_people_are_told(make: Callable[..., Supervisor], said: list[str]) -> None:
    supervisor = make(Program("flow", lambda: SLEEP))
    _until(supervisor, lambda: supervisor.running("flow"))
    before = _pid(supervisor, "flow")
    os.kill(before, signal.SIGKILL)
    _until(supervisor, lambda: supervisor.services["flow"].starts == 2 and supervisor.running("flow"))
    assert _pid(supervisor, "flow") != before
    assert "flow: was killed by SIGKILL; starting it again in 0.2 s" in said[0]
    assert said[-1] == "flow: running again"


def test_pauses_grow_and_a_steady_run_forgets_the_falls(
    make: Callable[..., Supervisor], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.04)
    monkeypatch.setattr(module, "STEADY_AFTER", 0.2)
    command = [["sh", "-c", "exit 7"]]
    supervisor = make(Program("flow", lambda: command[0]))
    service = supervisor.services["flow"]
    _until(supervisor, lambda: service.falls >= 4)
    assert service.last_status == 7
    pauses = [float(line.split(" in ")[1].split(" s")[0]) for line in said if "ended with exit status 7" in line]
    assert pauses == sorted(pauses)
    command[0] = SLEEP
    _until(supervisor, lambda: service.falls == 0)


def test_one_with_an_end_is_done_and_its_failure_is_not(make: Callable[..., Supervisor], tmp_path: Path) -> None:
    script = f"test -e {tmp_path}/second || {{ touch {tmp_path}/second; exit 1; }}"
    supervisor = make(
        Program("history", lambda: ["sh", "-c", script], endless=False),
        Program("api", lambda: SLEEP, needs=("history",)),
    )
    _until(supervisor, lambda: supervisor.done("history") and supervisor.running("api"))
    assert supervisor.services["history"].starts == 2
    supervisor.stop(1)
    assert supervisor.done("history")


def test_a_new_identity_starts_dependants_again_with_it(make: Callable[..., Supervisor], tmp_path: Path) -> None:
    incarnation = ["one"]
    server = Program("broker", lambda: SLEEP, identity=lambda: incarnation[0])
    flow = Program(
        "flow",
        lambda: ["sh", "-c", f"echo $WHERE >> {tmp_path}/told; exec sleep 63"],
        environment=lambda: {"WHERE": incarnation[0]},
        needs=("broker",),
    )
    supervisor = make(server, flow, Program("api", lambda: SLEEP))
    _until(supervisor, lambda: supervisor.running() and (tmp_path / "told").exists())
    api = _pid(supervisor, "api")
    incarnation[0] = "two"
    os.kill(_pid(supervisor, "broker"), signal.SIGKILL)
    _until(supervisor, lambda: (tmp_path / "told").read_text() == "one\ntwo\n" and supervisor.running())
    assert _pid(supervisor, "api") == api
    assert supervisor.services["flow"].falls == 0


def test_a_server_that_comes_back_the_same_disturbs_nobody(make: Callable[..., Supervisor]) -> None:
    supervisor = make(Program("valkey", lambda: SLEEP), Program("flow", lambda: SLEEP, needs=("valkey",)))
    _until(supervisor, lambda: supervisor.running())
    flow = _pid(supervisor, "flow")
    os.kill(_pid(supervisor, "valkey"), signal.SIGKILL)
    _until(supervisor, lambda: supervisor.services["valkey"].starts == 2 and supervisor.running())
    assert _pid(supervisor, "flow") == flow


def test_servers_are_stopped_last_and_nothing_is_left(make: Callable[..., Supervisor], tmp_path: Path) -> None:
    def noting(name: str) -> list[str]:
        return ["sh", "-c", f"trap 'echo {name} >> {tmp_path}/ended; exit 0' TERM; while true; do sleep 0.05; done"]

    supervisor = make(Program("server", lambda: noting("server"), stop_rank=1), Program("flow", lambda: noting("flow")))
    _until(supervisor, lambda: supervisor.running())
    time.sleep(0.3)  # until both shells have set their traps
    pids = [_pid(supervisor, name) for name in ("server", "flow")]
    supervisor.stop(3)
    assert (tmp_path / "ended").read_text() == "flow\nserver\n"
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert [s.state for s in supervisor.services.values()] == ["stopped", "stopped"]


def test_changes_are_told(tmp_path: Path) -> None:
    changes: list[int] = []
    supervisor = Supervisor([Program("a", lambda: SLEEP)], tmp_path, lambda _: None, lambda: changes.append(1))
    _until(supervisor, lambda: supervisor.running())
    told = len(changes)
    supervisor.tick()
    assert len(changes) == told == 2
    supervisor.add(Program("b", lambda: SLEEP))
    _until(supervisor, lambda: supervisor.running())
    supervisor.stop(1)
    assert len(changes) == 5
