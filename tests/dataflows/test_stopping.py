"""A signal is a wish, told to sources that end the process when all is saved."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from bytewax.inputs import AbortExecution

from dataflows import stopping


def outcome(code: str, number: int = 0) -> tuple[int, str]:
    """Exit code and output of a Python of its own, to which a signal is sent once it has written a line."""
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as stdout:
        first = stdout.readline()
        if number:
            os.kill(process.pid, number)
        rest = stdout.read()
    return process.wait(20), first + rest


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_and_ends_nothing(number: int) -> None:
    code, said = outcome(
        """
        import time
        from dataflows import stopping
        stopping.listen()
        print(stopping.asked(), flush=True)
        while not stopping.asked():
            time.sleep(0.01)
        print("saved")
        """,
        number,
    )
    assert (code, said) == (0, "False\nsaved\n")


def test_one_worker_aborts_itself() -> None:
    with pytest.raises(AbortExecution):
        stopping.leave(single=True)


def test_who_hangs_in_a_call_to_the_network_is_asked_all_the_same_and_ends_in_time() -> None:
    """Python would not run a handler before the call is over, in half a minute."""
    began = time.monotonic()
    code, said = outcome(
        """
        import threading
        from confluent_kafka.admin import AdminClient
        from dataflows import stopping
        stopping.listen()
        def tell():
            stopping._asked.wait()
            print("asked", flush=True)
        threading.Thread(target=tell, daemon=True).start()
        client = AdminClient({"bootstrap.servers": "127.0.0.1:1", "log_level": 0})
        print("hangs", flush=True)
        client.list_topics(timeout=60)
        """,
        signal.SIGTERM,
    )
    assert (code, said.splitlines()[:2]) == (0, ["hangs", "asked"])
    assert "stopped_before_all_was_saved" in said
    assert time.monotonic() - began < 30


def test_the_end_is_said_and_takes_nothing_down() -> None:
    code, said = outcome(
        """
        import atexit
        from dataflows import stopping
        atexit.register(print, "taken down")
        print("before")
        stopping.end()
        """
    )
    assert code == 0
    assert said.startswith("before\n")
    assert "flow_stopped" in said
    assert "taken down" not in said


def test_one_of_several_ends_the_process_at_once_and_well() -> None:
    code, said = outcome(
        """
        from dataflows import stopping
        print("before", flush=True)
        stopping.leave(single=False)
        print("after")
        """
    )
    assert code == 0
    assert "before" in said
    assert "after" not in said
