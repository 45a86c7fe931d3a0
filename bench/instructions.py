"""Instructions of the kernels, counted by valgrind: a yardstick without a clock, which no neighbour disturbs.

They are not time: a miss of the cache counts like a hit, and a wide instruction like a narrow one. What they tell for
certain is whether a change makes more work.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench.case import AbsentPartError, Figure, require
from bench.grind import each, totals
from bench.results import HERE

WORK: Final = (
    "instructions of user space for each tick, reading or message, counted by callgrind: one run of each job taken "
    "from two, after one that does not count; code for the same processor (AVX2) everywhere, no garbage collections"
)
TOOLS: Final = ("valgrind", "callgrind_control")
KERNELS: Final = ("arrow", "json", "decode", "readings", "fanout")
"""Of `bench.counted`, which brings the whole product."""

CACHE: Final = HERE.parent / ".cache" / "instructions"

ENVIRONMENT: Final = {
    "NUMBA_CPU_NAME": "haswell",  # what valgrind shows of the processor is less than what it has
    "NUMBA_CPU_FEATURES": "+avx,+avx2,+bmi,+bmi2,+cx16,+f16c,+fma,+lzcnt,+movbe,+popcnt,+sse4.1,+sse4.2,+ssse3",
    "NUMBA_CACHE_DIR": str(CACHE),
    "PYTHONHASHSEED": "0",
}


def absent() -> str:
    """Why nothing can be counted here; empty where it can."""
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        return f"{missing[0]} is not on this machine: install the package valgrind"
    machine = platform.machine()
    return "" if machine == "x86_64" else f"code is compiled for x86-64 processors, and this is {machine}"


def measure(names: tuple[str, ...] = KERNELS) -> list[Figure]:
    """Instructions by unit of each job, or of those named.

    Raises:
        AbsentPartError: there is no valgrind, or it may not be spoken to.
    """
    if why := absent():
        raise AbsentPartError(why)
    command = [sys.executable, "-m", "bench.counted"]
    told = json.loads(_ran([*command, "--once", *names]))  # which also compiles what is to be counted
    values = each([count for count, _, _ in told], counted([*command, *names]))
    return [
        Figure(f"instructions/{name}", (value,), f"instructions/{unit}", higher_is_better=False, work=work)
        for name, (_, unit, work), value in zip(names, told, values, strict=True)
    ]


def counted(command: list[str]) -> list[int]:
    """Totals of all dumps of a process, in order.

    Raises:
        AbsentPartError: valgrind may not be spoken to.
    """
    with tempfile.TemporaryDirectory(prefix="esi-bench-") as folder:
        grind = ["valgrind", "--tool=callgrind", "--instr-atstart=no"]
        _ran([*grind, f"--log-file={folder}/log", f"--callgrind-out-file={folder}/out", *command])
        return totals(Path(folder))


def _ran(command: list[str]) -> str:
    """What a process says."""
    told = {**os.environ, **ENVIRONMENT}
    done = subprocess.run(command, cwd=HERE.parent, env=told, check=False, capture_output=True, text=True)
    if "callgrind_control" in done.stderr:
        msg = "valgrind may not be spoken to here: does the system forbid to trace one's own processes (ptrace)?"
        raise AbsentPartError(msg)
    require(done.returncode == 0, f"{command} failed: {done.stderr[-1500:]}")
    return done.stdout
