"""A signal is a wish, told to sources that end the process when all is saved."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

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


def test_one_of_several_ends_the_process_at_once_and_well() -> None:
    code, said = outcome(
        """
        from dataflows import stopping
        print("before", flush=True)
        stopping.leave(single=False)
        print("after")
        """
    )
    assert (code, said) == (0, "before\n")
