"""`python -m deploy` is `esi`: what the supervisor starts is what people type."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from deploy.servers import esi
from tests.servers import CHECKOUT


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=CHECKOUT, timeout=60)


def test_the_module_and_the_command_say_the_same() -> None:
    command = str(Path(sys.executable).with_name("esi"))
    module, script = run(*esi("markets", "--json")), run(command, "markets", "--json")
    assert (module.returncode, module.stderr) == (0, "")
    assert (module.stdout, module.returncode) == (script.stdout, script.returncode)


def test_exit_status_and_error_come_through() -> None:
    done = run(*esi("markets", "us-opne"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("esi: ")


def test_without_a_verb_it_shows_the_verbs() -> None:
    done = run(*esi())
    assert "replay" in done.stdout + done.stderr
    assert done.returncode == 2
