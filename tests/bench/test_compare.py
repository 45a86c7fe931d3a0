"""Two checkouts in turns: what is slower fails, what cannot be compared is told, and the worktree is gone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bench import compare

_REGISTRY = """
from dataclasses import dataclass
@dataclass
class Figure:
    name: str
    value: float
    unit: str
    higher_is_better: bool
@dataclass
class Benchmark:
    name: str
    measure: object
BENCHMARKS = (Benchmark("engine", lambda: [Figure("engine", {rate}, "ticks/s", True)]),)
"""


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def written(folder: Path, rate: float, pins: str = "numpy==2\n") -> None:
    (folder / "bench").mkdir(exist_ok=True)
    (folder / "bench" / "__init__.py").touch()
    (folder / "bench" / "registry.py").write_text(_REGISTRY.format(rate=rate))
    (folder / "constraints.txt").write_text(pins)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    written(tmp_path, 100.0)
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "base")
    return tmp_path


def ran(checkout: Path, *words: str) -> int:
    return compare.main(["HEAD", "engine", "--pairs", "6", "--root", str(checkout), *words])


@pytest.mark.parametrize(
    ("rate", "status", "word"), [(50.0, 1, "SLOWER"), (100.0, 0, "the same"), (200.0, 0, "faster")]
)
def test_the_exit_status_says_it(
    checkout: Path, capsys: pytest.CaptureFixture[str], rate: float, status: int, word: str
) -> None:
    written(checkout, rate)
    assert ran(checkout) == status
    assert word in capsys.readouterr().out
    kept = subprocess.run(["git", "worktree", "list"], cwd=checkout, check=True, capture_output=True, text=True).stdout
    assert len(kept.splitlines()) == 1


def test_other_packages_cannot_be_compared(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(checkout, 100.0, "numpy==3\n")
    assert ran(checkout) == 2
    assert "constraints.txt of HEAD differs" in capsys.readouterr().err


def test_a_commit_that_is_none_is_told(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.main(["nowhere", "engine", "--root", str(checkout)]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_a_benchmark_that_neither_has_is_told(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.main(["HEAD", "other", "--pairs", "6", "--root", str(checkout)]) == 2
    assert "nothing was compared" in capsys.readouterr().err


def counts(old: float, new: float) -> tuple[str, compare.Series]:
    return "instructions/arrow", compare.Series("instructions/tick", False, [old], [new])


@pytest.mark.parametrize(("new", "status", "word"), [(103.0, 1, "MORE"), (101.0, 0, "the same"), (97.0, 0, "fewer")])
def test_instructions_are_compared_without_an_interval(
    capsys: pytest.CaptureFixture[str], new: float, status: int, word: str
) -> None:
    assert compare._told([counts(100.0, new)]) == status
    assert word in capsys.readouterr().out


def test_without_valgrind_instructions_are_left_out(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare.instructions, "absent", lambda: "no valgrind")
    written(checkout, 100.0)
    assert compare.main(["HEAD", "engine", "instructions", "--pairs", "6", "--root", str(checkout)]) == 0
    assert "left out: no valgrind" in capsys.readouterr().err
