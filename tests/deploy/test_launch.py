"""The launcher: what it starts dies with whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from deploy.launch import main
from tests.servers import wait_until

LAUNCH = str(Path(__file__).parent.parent.parent / "deploy" / "launch.py")


def _launched(*command: str, parent: int | None = None, user: str = "-") -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-I", "-S", LAUNCH, str(parent or os.getpid()), str(int(signal.SIGKILL)), user, "--"]
    return subprocess.run([*arguments, *command], capture_output=True, text=True, check=False)


def test_it_becomes_the_command() -> None:
    done = _launched("sh", "-c", "echo here; exit 3")
    assert (done.returncode, done.stdout) == (3, "here\n")


def test_a_command_that_is_not_there_is_named() -> None:
    done = _launched("/no/such/program")
    assert done.returncode == 127
    assert "cannot start /no/such/program" in done.stderr


def test_a_parent_that_is_gone_already_starts_nothing() -> None:
    assert _launched("sh", "-c", "echo here", parent=1).stdout == ""


def test_an_unknown_user_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(os.getppid()), "9", "no-such-user", "--", "true"]) == 127
    assert "as user no-such-user" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_becomes_somebody_else_for_good() -> None:
    assert _launched("id", "-un", user="nobody").stdout == "nobody\n"
    assert _launched("id", "-G", user="nobody").stdout.split() == [str(_gid("nobody"))]


def _gid(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent has ended")
def test_the_command_dies_when_its_parent_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-I', '-S', {LAUNCH!r}, str(os.getpid()), '15', '-', '--', 'sh', '-c',"
        f" 'echo $$ > {tmp_path}/pid; exec sleep 60'])\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith("\n"))
    child = int((tmp_path / "pid").read_text())
    assert psutil.pid_exists(child)
    parent.kill()
    parent.wait()
    wait_until(lambda: not _lives(child), what="the child to die with its parent")


def _lives(pid: int) -> bool:
    time.sleep(0.02)
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
