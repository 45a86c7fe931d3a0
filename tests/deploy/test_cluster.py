"""Where a process stands among those of its flow, and that it is started again however often it falls."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy import cluster
from deploy.cluster import Place
from deploy.settings import SettingsError
from tests.servers import CHECKOUT, wait_until


def test_a_flow_of_one_needs_no_place() -> None:
    assert cluster.place(None, None) == Place()


def test_addresses_and_number_make_a_place() -> None:
    assert cluster.place("10.0.0.1:7000, host-b:7001", 1) == Place(("10.0.0.1:7000", "host-b:7001"), 1)


@pytest.mark.parametrize(
    ("addresses", "number", "says"),
    [
        (None, 1, "give both or neither"),
        ("10.0.0.1", 0, "HOST:PORT for each process"),
        ("10.0.0.1:x,b:1", 0, "HOST:PORT for each process"),
        ("tcp://a:1,b:1", 0, "HOST:PORT for each process"),
        ("a:1,a:1", 0, "an address of its own"),
        ("a:1,b:1", None, "a number from 0 to 1"),
        ("a:1,b:1", 2, "a number from 0 to 1"),
        ("a:1,b:1", -1, "a number from 0 to 1"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_does(addresses: str | None, number: int | None, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        cluster.place(addresses, number)


def test_the_verb_says_what_does_not_fit() -> None:
    command = [sys.executable, "-m", "deploy", "flow", "--feed", "sim", "--addresses", "a:1,b:1"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (done.returncode, "--process-id is None" in done.stderr) == (2, True), done.stderr


def test_it_is_started_again_for_ever_and_stops_well(tmp_path: Path) -> None:
    """Seven times are more than the members of the API get."""
    code = (
        f"import sys, os; sys.path.insert(0, {str(CHECKOUT)!r})\n"
        "from deploy import crew, cluster, fleet\n"
        "from deploy.settings import Settings\n"
        "crew.FIRST_PAUSE = crew.LONGEST_PAUSE = 0.01\n"
        f"script = ['sh', '-c', 'echo \"$@\" >> {tmp_path}/starts; exit 1', 'sh']\n"
        "cluster.esi = lambda *arguments: [*script, *arguments]\n"
        f"settings = Settings().with_(metrics_port=9100)\n"
        "place = cluster.place('a:1,b:1', 1)\n"
        "sys.exit(cluster.run(settings, fleet.FlowChoice('f', ('m.toml',)), place))\n"
    )
    keeper = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    starts = tmp_path / "starts"
    wait_until(lambda: len(starts.read_text().splitlines()) > 7, 60)
    keeper.send_signal(signal.SIGTERM)
    assert keeper.wait(10) == 0
    line = starts.read_text().splitlines()[0]
    assert line.startswith("flow --feed f --workers 1 --market m.toml --member --addresses a:1,b:1 --process-id 1")
    assert line.endswith("--metrics-port 9100")
    time.sleep(0.3)
    before = starts.read_text()
    time.sleep(0.3)
    assert starts.read_text() == before
