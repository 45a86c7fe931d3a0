"""The supervisor starts in the order of needs, starts the fallen again with growing pauses, and stops everything."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy import program
from deploy import supervisor as module
from deploy.files import write_whole
from deploy.program import Program
from deploy.supervisor import Supervisor
from tests.disks import SmallDisk
from tests.servers import wait_until

SLEEP = ["sleep", "60"]
DEAF = [sys.executable, "-S", "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"]


class Scene:
    """A supervisor, what it said, and how often it wrote its state down."""

    def __init__(self, logs: Path, *programs: Program) -> None:
        self.said: list[str] = []
        self.written = 0
        self.supervisor = Supervisor(programs, logs, self.said.append, self._write)

    def _write(self) -> None:
        self.written += 1

    def until(self, over: Callable[[], bool], seconds: float = 15) -> None:
        """Ticks until `over`."""

        def tick() -> bool:
            self.supervisor.tick()
            return over()

        wait_until(tick, seconds)

    def state(self, name: str) -> str:
        """State of one program."""
        return self.supervisor.services[name].state

    def pid(self, name: str) -> int:
        """Process id of a program that runs."""
        child = self.supervisor.services[name].child
        assert child is not None
        return child.pid


Begin = Callable[..., Scene]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Makes a scene of programs; ends what it left."""
    scenes: list[Scene] = []

    def make(*programs: Program) -> Scene:
        scenes.append(Scene(tmp_path / "logs", *programs))
        return scenes[-1]

    yield make
    for scene in scenes:
        scene.supervisor.stop(0.1)


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_killed_child_is_started_again_and_said(begin: Begin) -> None:
    scene = begin(Program("worker", lambda: SLEEP))
    scene.until(scene.supervisor.running)
    first = scene.pid("worker")
    os.kill(first, signal.SIGKILL)
    scene.until(lambda: scene.state("worker") == "resting")
    scene.until(scene.supervisor.running)
    assert scene.pid("worker") != first
    service = scene.supervisor.services["worker"]
    assert (service.starts, service.falls, service.last_status) == (2, 1, -signal.SIGKILL)
    assert scene.said[0].startswith("worker: was killed by SIGKILL; starting it again in 0.2 s (log: ")
    assert scene.said[1] == "worker: running again"


def test_pauses_double_up_to_the_longest(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(program, "LONGEST_PAUSE", 0.05)
    scene = begin(Program("fails", lambda: ["sh", "-c", "exit 3"]))
    service, pauses = scene.supervisor.services["fails"], []
    for falls in range(1, 5):
        scene.until(lambda falls=falls: service.falls == falls)  # type: ignore[misc]
        pauses.append(service.rest_until - time.monotonic())
    for pause, longest in zip(pauses, [0.01, 0.02, 0.04, 0.05], strict=True):
        assert pause <= longest
    assert pauses[3] > 0.01
    assert all("ended with exit status 3" in sentence for sentence in scene.said if "fails: ended" in sentence)


def test_who_cannot_run_as_it_is_set_up_is_not_started_again_and_has_the_last_word(
    begin: Begin, tmp_path: Path
) -> None:
    script = "echo starting; echo 'esi: ESI_RATE (environment) is 0: allowed is at least 1' >&2; exit 2"
    scene = begin(Program("sim", lambda: ["sh", "-c", script]), Program("other", lambda: SLEEP))
    scene.until(lambda: bool(scene.supervisor.refused))
    for _ in range(20):
        scene.supervisor.tick()
    service = scene.supervisor.services["sim"]
    assert (service.state, service.starts, service.last_status, service.child) == ("refused", 1, 2, None)
    assert scene.said == ["sim: ESI_RATE (environment) is 0: allowed is at least 1"]
    log = tmp_path / "logs" / "sim.log"
    assert scene.supervisor.refused == (
        f"sim cannot run as called or set up (exit status 2), which a new start would not mend (log: {log})"
    )
    assert scene.state("other") == "running"
    scene.supervisor.stop()
    assert scene.state("sim") == "refused"


def test_who_says_nothing_is_refused_with_its_status(begin: Begin) -> None:
    scene = begin(Program("mute", lambda: ["sh", "-c", "exit 2"]))
    scene.until(lambda: bool(scene.supervisor.refused))
    assert scene.said == ["mute: ended with exit status 2"]


def test_falls_are_forgotten_after_steady_running(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "STEADY_AFTER", 0.2)
    scene = begin(Program("worker", lambda: SLEEP))
    service = scene.supervisor.services["worker"]
    service.falls = 5
    scene.until(scene.supervisor.running)
    assert service.falls == 5
    scene.until(lambda: service.falls == 0)


def test_nothing_starts_before_what_it_needs_is_ready(begin: Begin) -> None:
    ready = False
    scene = begin(
        Program("client", lambda: SLEEP, needs=("server",)), Program("server", lambda: SLEEP, ready=lambda: ready)
    )
    for _ in range(5):
        scene.supervisor.tick()
    assert (scene.state("server"), scene.state("client")) == ("starting", "waiting")
    ready = True
    scene.until(scene.supervisor.running)
    assert scene.supervisor.services["client"].starts == 1


def test_what_has_an_end_is_done_once_and_lets_others_begin(begin: Begin) -> None:
    scene = begin(Program("once", lambda: ["true"], endless=False), Program("after", lambda: SLEEP, needs=("once",)))
    scene.until(lambda: scene.supervisor.done("once") and scene.supervisor.running())
    for _ in range(5):
        scene.supervisor.tick()
    assert scene.supervisor.services["once"].starts == 1
    assert scene.supervisor.usable("once", "after")
    assert not scene.supervisor.running("once")
    scene.supervisor.stop()
    assert (scene.state("once"), scene.state("after")) == ("done", "stopped")


def test_a_new_identity_of_a_server_starts_its_clients_again(begin: Begin) -> None:
    incarnation = ["a"]
    scene = begin(
        Program("broker", lambda: SLEEP, identity=lambda: incarnation[0]),
        Program("flow", lambda: SLEEP, needs=("broker",)),
    )
    scene.until(scene.supervisor.running)
    first = scene.pid("flow")
    incarnation[0] = "b"
    os.kill(scene.pid("broker"), signal.SIGKILL)
    scene.until(lambda: scene.supervisor.services["flow"].starts == 2 and scene.supervisor.running())
    assert gone(first)
    assert "flow: starting again, because broker is a new one" in scene.said
    assert scene.supervisor.services["flow"].falls == 0


def test_a_server_that_comes_back_the_same_disturbs_nobody(begin: Begin) -> None:
    scene = begin(Program("valkey", lambda: SLEEP), Program("flow", lambda: SLEEP, needs=("valkey",)))
    scene.until(scene.supervisor.running)
    flow = scene.pid("flow")
    os.kill(scene.pid("valkey"), signal.SIGKILL)
    scene.until(lambda: scene.supervisor.services["valkey"].starts == 2 and scene.supervisor.running())
    assert scene.pid("flow") == flow
    assert scene.supervisor.services["flow"].starts == 1


def test_what_has_an_end_and_fails_is_tried_again(begin: Begin, tmp_path: Path) -> None:
    script = f"test -e {tmp_path}/second || {{ touch {tmp_path}/second; exit 1; }}"
    scene = begin(Program("history", lambda: ["sh", "-c", script], endless=False))
    scene.until(lambda: scene.supervisor.done("history"))
    service = scene.supervisor.services["history"]
    assert (service.starts, service.falls, service.last_status) == (2, 1, 0)


def test_command_and_environment_are_asked_at_every_start(begin: Begin, tmp_path: Path) -> None:
    asked: list[int] = []

    def environment() -> dict[str, str]:
        asked.append(1)
        return {"TOLD": f"address {len(asked)}"}

    program = Program("worker", lambda: ["sh", "-c", "echo $TOLD; exec sleep 60"], environment=environment)
    scene = begin(program)
    log = tmp_path / "logs" / "worker.log"
    scene.until(lambda: log.exists() and log.read_text() == "address 1\n")
    os.kill(scene.pid("worker"), signal.SIGKILL)
    scene.until(lambda: log.read_text() == "address 1\naddress 2\n")


def test_stop_leaves_no_process_of_any_group_and_respects_ranks(begin: Begin, tmp_path: Path) -> None:
    order = tmp_path / "order"
    note = f"trap 'echo $0 >> {order}; exit 0' TERM; while :; do sleep 0.05; done"
    scene = begin(
        Program("server", lambda: ["sh", "-c", note, "server"], stop_rank=1),
        Program("client", lambda: ["sh", "-c", note, "client"]),
        Program("deaf", lambda: DEAF),
        Program("family", lambda: ["sh", "-c", "sleep 61 & sleep 62"]),
    )
    scene.until(scene.supervisor.running)
    assert scene.supervisor.waits() == "client, deaf, family, then server"
    heads = [scene.pid(name) for name in scene.supervisor.services]
    wait_until(lambda: len(psutil.Process(scene.pid("family")).children()) == 2)
    time.sleep(0.3)  # the shells set their traps
    children = [one.pid for head in heads for one in psutil.Process(head).children(recursive=True)]
    scene.supervisor.stop(1.0)
    assert scene.supervisor.waits() == "nobody"
    wait_until(lambda: all(gone(pid) for pid in heads + children), 5)
    assert order.read_text().split() == ["client", "server"]
    assert {service.state for service in scene.supervisor.services.values()} == {"stopped"}
    assert scene.written > 0


def test_a_fallen_leader_takes_its_group_along(begin: Begin) -> None:
    scene = begin(Program("family", lambda: ["sh", "-c", "sleep 61 & sleep 62"]))
    scene.until(scene.supervisor.running)
    head = scene.pid("family")
    wait_until(lambda: len(psutil.Process(head).children()) == 2)
    orphans = [one.pid for one in psutil.Process(head).children()]
    os.kill(head, signal.SIGKILL)
    scene.until(lambda: scene.state("family") == "resting")
    wait_until(lambda: all(gone(pid) for pid in orphans), 5)
    assert all(gone(pid) for pid in orphans)


def test_the_state_is_written_only_when_something_changed(begin: Begin) -> None:
    scene = begin(Program("worker", lambda: SLEEP))
    scene.until(scene.supervisor.running)
    written = scene.written
    for _ in range(5):
        scene.supervisor.tick()
    assert scene.written == written
    scene.supervisor.add(Program("late", lambda: SLEEP))
    scene.until(scene.supervisor.running)
    assert scene.written > written


WRITES = ["sh", "-c", "echo begins || exit 3; exec sleep 60"]


def test_a_full_disk_is_named_and_everything_goes_on_with_the_room(
    small_disk: Callable[[int], SmallDisk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither programs that cannot write nor a state that cannot be written end the supervisor."""
    monkeypatch.setattr(program, "LONGEST_PAUSE", 600.0)
    disk = small_disk(32)
    disk.fill()
    state, scene = disk.folder / "state" / "up.json", Scene(disk.folder / "logs", Program("a", lambda: WRITES))
    monkeypatch.setattr(scene.supervisor, "_changed", lambda: write_whole(state, scene.state("a")))
    scene.until(lambda: scene.state("a") == "resting")
    for _ in range(20):
        scene.supervisor.tick()
    assert scene.supervisor.services["a"].falls == 0
    assert f"The disk {disk.folder} is full (0 MiB are left)" in scene.said[0]
    assert "make room there" in scene.said[0]
    assert "a: ended with exit status 3; starting it again in 600.0 s" in scene.said[1]
    assert not state.exists()
    disk.clear()
    scene.until(lambda: scene.state("a") == "running" and state.exists() and state.read_text() == "running")
    assert scene.said[2:] == [f"There is room again on {disk.folder}: going on", "a: running again"]
    scene.supervisor.stop()


def test_a_log_that_cannot_be_opened_is_a_fall(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    scene = begin(Program("a", lambda: SLEEP))
    with monkeypatch.context() as full:
        full.setattr(module, "Child", no_room)
        scene.supervisor.tick()
    assert scene.state("a") == "resting"
    assert "a: cannot be started, because its log cannot be written" in scene.said[0]
    scene.until(lambda: scene.state("a") == "running")
