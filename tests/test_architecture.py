"""The house rules that a machine can hold: who may import whom, how long a module is, which module has its test."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
PACKAGES = ("schemas", "models", "dataflows", "api", "evaluation", "deploy")
LONGEST = 250

MODULES = sorted(
    path.relative_to(CHECKOUT)
    for package in PACKAGES
    for path in (CHECKOUT / package).rglob("*.py")
    if not {"node_modules", "migrations", "dashboard"} & set(path.parts)
)

LONGER = {
    "models/signals/fold_kernel.py": "a compiled loop is cached by its own file: what it calls must stand in it",
}


def _id(path: Path) -> str:
    return path.as_posix()


def test_imports_point_one_way() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_the_contracts_see_a_planted_import(tmp_path: Path) -> None:
    """A contract that cannot fail would be worth nothing."""
    config = (CHECKOUT / "pyproject.toml").read_text()
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / "models" / "signals").mkdir()
    (tmp_path / "models" / "signals" / "__init__.py").write_text("import redis\n")
    (tmp_path / "api" / "bad.py").write_text("import dataflows\n")
    (tmp_path / "pyproject.toml").write_text(config)
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Math and words know no machinery BROKEN" in done.stdout
    assert "Arrows point down BROKEN" in done.stdout


@pytest.mark.parametrize("path", MODULES, ids=_id)
def test_a_module_fits_on_a_few_screens(path: Path) -> None:
    lines = len((CHECKOUT / path).read_text().splitlines())
    longest = LONGEST + 100 if _id(path) in LONGER else LONGEST
    assert lines <= longest, f"{path} has {lines} lines: divide it where its parts know least of each other"


@pytest.mark.parametrize("path", [p for p in MODULES if p.name != "__init__.py"], ids=_id)
def test_a_module_has_its_test_module(path: Path) -> None:
    own = f"tests/{path.with_name(f'test_{path.name}').as_posix()}"
    assert (CHECKOUT / own).is_file(), f"{path} has no {own}"


def _clocks(tree: ast.AST) -> list[str]:
    """Uses of the clock, the environment, or randomness without a seed."""
    forbidden = {
        ("time", "time"), ("time", "time_ns"), ("time", "monotonic"), ("datetime", "now"), ("datetime", "utcnow"),
        ("date", "today"), ("os", "environ"), ("os", "getenv"), ("random", "random"), ("uuid", "uuid4"),
    }  # fmt: skip
    return [
        f"{node.value.id}.{node.attr} in line {node.lineno}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in forbidden
    ]


@pytest.mark.parametrize("path", [p for p in MODULES if p.parts[0] in {"schemas", "models"}], ids=_id)
def test_words_and_thinking_read_no_clock_and_no_environment(path: Path) -> None:
    assert _clocks(ast.parse((CHECKOUT / path).read_text())) == []


def test_a_clock_would_be_seen() -> None:
    assert _clocks(ast.parse("import time\nx = time.time()")) == ["time.time in line 2"]


def test_the_api_never_loads_what_only_flows_need() -> None:
    """import-linter does not see what `schemas/__init__.py` runs; the interpreter does."""
    code = "import api.app, sys; sys.exit(any(m in sys.modules for m in ('numba', 'bytewax', 'pandas')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, check=False).returncode == 0
