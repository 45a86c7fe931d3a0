"""Follows log files and picks out the lines that people should see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

IMPORTANT = frozenset({"warning", "error", "critical"})
DATA = frozenset({"rejected"})
"""Events that are about data, not about us: they stay in the log, the metric and the rejects' topic."""

LAST_WORDS = "esi: "
"""How a verb begins to say why it ends (`deploy.cli.main`)."""

TRACEBACK = "Traceback (most recent call last)"

LONGEST_LINE = 240
_LONGEST_WORDS = 4_096
_PLUMBING = frozenset({"event", "level", "timestamp", "process", "exception"})


class Tail:
    """Reads what has been added to one log file since it was last asked; begins at its present end."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._at = file.stat().st_size if file.exists() else 0
        self._rest = b""
        self._falls = False

    def lines(self) -> Iterator[str]:
        """Whole new lines; a file that has shrunk was put aside and is read from its beginning."""
        try:
            size = self._file.stat().st_size
        except FileNotFoundError:
            return
        if size < self._at:
            self._at, self._rest = 0, b""
        if size == self._at:
            return
        with self._file.open("rb") as file:
            file.seek(self._at)
            read = file.read(size - self._at)
        self._at += len(read)
        *whole, self._rest = (self._rest + read).split(b"\n")
        yield from (self._cause(line.decode(errors="replace")) for line in whole)

    def _cause(self, line: str) -> str:
        """The line, marked as last words where it is the end of a raw traceback: a fault that nobody foresaw."""
        if line.startswith(TRACEBACK):
            self._falls = True
        elif self._falls and line and not line.startswith((" ", "\t")):
            self._falls = False
            return LAST_WORDS + line
        return line


def important(line: str) -> str | None:
    """A warning, an error, or the sentence with which a process of ours ended; None for everything else."""
    if line.startswith(LAST_WORDS):
        return line.removeprefix(LAST_WORDS)
    try:
        said = json.loads(line)
    except json.JSONDecodeError:
        return None
    if not isinstance(said, dict) or said.get("level") not in IMPORTANT or said.get("event") in DATA:
        return None
    details = ", ".join(f"{key} {value}" for key, value in said.items() if key not in _PLUMBING)
    event = str(said.get("event", "")).replace("_", " ")
    sentence = f"{event} ({details})" if details else event
    return sentence if len(sentence) <= LONGEST_LINE else sentence[:LONGEST_LINE] + " ..."


def last_words(file: Path) -> str:
    """What a process that has just ended wrote of why, with all its lines: from `esi: ` on, or else its last line."""
    try:
        text = file.read_bytes()[-_LONGEST_WORDS:].decode(errors="replace").strip()
    except OSError:
        return ""
    _, mark, words = f"\n{text}".rpartition(f"\n{LAST_WORDS}")
    return words if mark else text.rpartition("\n")[2].removeprefix("Error: ")
