"""Programs of the peers, each in a process of its own: what they say, and how much memory they took."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.case import AbsentPartError
from bench.peers import job
from tests import servers

PROGRAMS: Final = Path(__file__).parent / "programs"
PYTHON: Final = servers.CHECKOUT / ".venv-peers" / "bin" / "python"
JARS: Final = servers.CACHE / "peers" / "lib"
CLASSES: Final = servers.CACHE / "peers" / "classes"
LIMIT_S: Final = 400.0

# what Flink's own scripts open to it on Java 17
_OPENED: Final = ("java.base/java.lang", "java.base/java.util", "java.base/java.time", "java.base/java.nio")


@dataclass(frozen=True)
class Told:
    """What a program did.

    Attributes:
        seconds: of each run, as it measured them itself: from the start of the job to its last row.
        rows: of each run.
        rss_mb: most resident memory.
    """

    seconds: tuple[float, ...]
    rows: tuple[Path, ...]
    rss_mb: float


def python(program: str) -> list[str]:
    """Command of a program in Python.

    Raises:
        AbsentPartError: the peers' venv is not there.
    """
    if not PYTHON.exists():
        raise AbsentPartError("no .venv-peers: make bench-peers makes it")
    return [str(PYTHON), str(PROGRAMS / program)]


def java(*words: str) -> list[str]:
    """Command of a program on the JVM, with a heap of 4 GB as users give it.

    Raises:
        AbsentPartError: no Java, or no way to the jars.
    """
    build()
    opened = [word for package in _OPENED for word in ("--add-opens", f"{package}=ALL-UNNAMED")]
    return ["java", "-Xms1g", "-Xmx4g", *opened, "-cp", f"{CLASSES}:{JARS}/*", *words]


def build() -> None:
    """Fetches the jars (once) and compiles the programs.

    Raises:
        AbsentPartError: no Java, no Maven, or no way to its repository.
    """
    source = PROGRAMS / "java"
    for tool in ("java", "javac", "mvn"):
        if shutil.which(tool) is None:
            msg = f"no {tool} on PATH: apt-get install default-jdk-headless maven"
            raise AbsentPartError(msg)
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={JARS}"]
    stamp = JARS.parent / "pom.xml"
    if not stamp.exists() or stamp.read_bytes() != (source / "pom.xml").read_bytes():
        shutil.rmtree(JARS, ignore_errors=True)
        _tool(["mvn", "-q", "-B", "-f", str(source / "pom.xml"), *goal])
        shutil.copy(source / "pom.xml", stamp)
    CLASSES.mkdir(parents=True, exist_ok=True)
    _tool(["javac", "-cp", f"{JARS}/*", "-d", str(CLASSES), *map(str, sorted(source.glob("*.java")))])


def _tool(command: list[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        msg = f"{command[0]} failed: {(done.stdout + done.stderr)[-800:]}"
        raise AbsentPartError(msg)


def run(command: list[str], source: str, topic: str, folder: Path, runs: int) -> Told:
    """Runs a program to its end.

    Raises:
        RuntimeError: it failed, or took too long; the message carries the end of its log.
    """
    guard = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []  # no stray JVMs
    words = [source, topic, str(folder), str(runs), str(job.ROWS), repr(job.WEIGHT)]
    with (folder / "log").open("wb") as log, (folder / "said").open("wb") as said:
        process = subprocess.Popen([*guard, *command, *words], stdout=said, stderr=log, cwd=folder)
        rss_mb = _ended(process)
    if process.returncode:
        said_last = ((folder / "said").read_bytes() + (folder / "log").read_bytes())[-3000:].decode(errors="replace")
        msg = f"{command[-1]} ended with {process.returncode}: {said_last}"
        raise RuntimeError(msg)
    lines = [json.loads(line) for line in (folder / "said").read_text().splitlines() if line.startswith('{"run"')]
    return Told(
        tuple(line["seconds"] for line in lines), tuple(folder / f"{number}.csv" for number in range(runs)), rss_mb
    )


def _ended(process: subprocess.Popen[bytes]) -> float:
    """Waits for its end and returns its most resident memory, MB; killed where it takes too long."""
    deadline, most = time.monotonic() + LIMIT_S, 0.0
    while process.poll() is None:
        most = max(most, peak_mb(process.pid))
        if time.monotonic() > deadline:
            process.kill()
        time.sleep(0.05)
    return most


def peak_mb(pid: int) -> float:
    """Most resident memory of a process so far, MB; 0 when it has ended.

    Not what `wait4` says: that begins with the memory of whoever started it.
    """
    try:
        found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def folder() -> tempfile.TemporaryDirectory[str]:
    """For one program's rows, state and log."""
    return tempfile.TemporaryDirectory(prefix="esi-peers-")
