"""Linear algebra stays on one core, and says the same."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = """
import hashlib, json
import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits
from models.one_core import one_core

def said():
    matrix = np.corrcoef(np.random.default_rng(1).standard_normal((80, 200)))
    found = hashlib.sha256()
    for size in (7, 30, 60, 80):
        for part in np.linalg.eigh(matrix[:size, :size]):
            found.update(part.tobytes())
    return found.hexdigest()

with threadpool_limits(limits=2, user_api="blas"):
    before = said()
one_core()
threads = [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]
print(json.dumps([before, said(), threads]))
"""


@pytest.fixture(scope="module")
def told() -> tuple[str, str, list[int]]:
    answer = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    before, after, threads = json.loads(answer.stdout)
    return before, after, threads


def test_one_thread_is_left(told: tuple[str, str, list[int]]) -> None:
    assert told[2]
    assert set(told[2]) == {1}


def test_bytes_do_not_depend_on_the_number_of_cores(told: tuple[str, str, list[int]]) -> None:
    assert told[0] == told[1]
