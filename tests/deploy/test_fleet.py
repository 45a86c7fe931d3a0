"""Several processes of one flow live and die together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from deploy import fleet
from deploy.fleet import FlowChoice
from deploy.settings import Settings
from tests.servers import wait_until


def test_every_process_knows_all_addresses_and_its_place() -> None:
    choice = FlowChoice("week~r", ("week", "my.toml"), "r", 2)
    first, second = fleet.commands(Settings().with_(processes=2, metrics_port=9), choice)
    assert first[3:] == [*second[3 : second.index("--process-id")], "--process-id", "0", "--metrics-port", "9"]
    assert second[second.index("--process-id") :] == ["--process-id", "1", "--metrics-port", "0"]
    addresses = second[second.index("--addresses") + 1].split(",")
    assert len(set(addresses)) == 2
    assert all(address.startswith("127.0.0.1:") for address in addresses)
    assert [second[i + 1] for i, part in enumerate(second) if part == "--market"] == ["week", "my.toml"]
    assert second[second.index("--run") + 1] == "r"


@pytest.mark.parametrize(("script", "status"), [("exit 5", 5), ("exit 0", 1)])
def test_if_one_ends_all_end_and_the_status_is_bad(tmp_path: Path, script: str, status: int) -> None:
    stays = f"echo $$ > {tmp_path}/pid; exec sleep 65"
    assert (
        fleet.run([["sh", "-c", stays], ["sh", "-c", f"while ! test -s {tmp_path}/pid; do :; done; {script}"]])
        == status
    )
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_they_end_with_their_parent(tmp_path: Path, number: signal.Signals) -> None:
    scripts = [
        ["sh", "-c", f"echo $$ > {tmp_path}/{i}.new; mv {tmp_path}/{i}.new {tmp_path}/{i}; exec sleep 66"]
        for i in (0, 1)
    ]
    code = f"import sys; from deploy import fleet; sys.exit(fleet.run({scripts!r}))"
    parent = subprocess.Popen([sys.executable, "-c", code])
    wait_until(lambda: (tmp_path / "0").exists() and (tmp_path / "1").exists())
    members = [int((tmp_path / str(i)).read_text()) for i in (0, 1)]
    os.kill(parent.pid, number)
    assert parent.wait(10) == (0 if number == signal.SIGTERM else -9)
    deadline = time.monotonic() + 10
    while any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in members):
        assert time.monotonic() < deadline
        time.sleep(0.02)
