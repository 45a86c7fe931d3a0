"""Jobs do what they say before they are counted; valgrind's dumps are read in order; without it the reason is told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench import counted, grind, instructions
from bench.case import AbsentPartError
from tests.conftest import present

ALONE = """
from bench.grind import Job, count
count([Job(lambda times=times: sum(range(times)), times, "number", "") for times in (10_000, 20_000)])
"""


@pytest.mark.parametrize("name", ["json", "decode", "readings", "fanout"])
def test_a_job_can_be_run_as_often_as_it_is_counted(name: str) -> None:
    job = counted.JOBS[name]()  # which checks what comes out
    assert job.count > 0
    for _ in range(1 + 1 + 2):
        job.run()


def test_what_is_counted_is_known_without_it() -> None:
    assert tuple(counted.JOBS) == instructions.KERNELS


def test_valgrind_counts_what_a_job_does_and_nothing_else() -> None:
    with present():
        if reason := instructions.absent():
            raise AbsentPartError(reason)
    few, many = grind.each([10_000, 20_000], instructions.counted([sys.executable, "-c", ALONE]))
    assert 5 < few < 500
    assert many == pytest.approx(few, rel=0.02)


def test_without_valgrind_the_reason_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AbsentPartError, match="install the package valgrind"):
        instructions.measure()


def test_another_processor_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions.shutil, "which", lambda _: "/usr/bin/valgrind")
    monkeypatch.setattr(instructions.platform, "machine", lambda: "aarch64")
    assert "aarch64" in instructions.absent()
