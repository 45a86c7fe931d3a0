"""What `esi trainer` remembers of a market over restarts, and that one trainer at a time does so."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import structlog

from deploy.files import write_whole

log = structlog.get_logger()

FOLDER = "trainer"


class TrainerBusyError(RuntimeError):
    """Another trainer looks after the market; the message names it."""

    passes = True


class Notes:
    """Notes of one market, in a file; the right to keep them goes back to the kernel when we end, however we end.

    Attributes:
        seen: id of the newest final that was looked at; empty: none yet.
        asked: why training is wanted; empty: it is not.
        before: models that were there when the training began that is going on, or was cut off; None: none is.
        trained: when the last training ended, seconds since 1970.
        arrived: name and version of models that were trained and are not brought in yet.
        verdicts: newest forecast that a duel was decided by, by the duel.
    """

    def __init__(self, data: Path, market: str) -> None:
        """Takes the notes of a market.

        Raises:
            TrainerBusyError: another trainer has them.
        """
        folder = data / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(folder / f"{market}.lock", market)
        self._file = folder / f"{market}.json"
        said = self._read()
        self.seen: str = said.get("seen", "")
        self.asked: str = said.get("asked", "")
        self.before: list[list[str]] | None = said.get("before")
        self.trained: float = said.get("trained", 0.0)
        self.arrived: list[list[str]] = said.get("arrived", [])
        self.verdicts: dict[str, str] = said.get("verdicts", {})

    def save(self) -> None:
        """Keeps them; without room they are kept by the next one."""
        said = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        try:
            write_whole(self._file, json.dumps(said))
        except OSError as error:
            log.warning("notes_not_kept", file=str(self._file), error=str(error), advice="make room")

    def close(self) -> None:
        """Gives them back."""
        os.close(self._lock)

    def _read(self) -> dict[str, Any]:
        try:
            said: dict[str, Any] = dict(json.loads(self._file.read_text()))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError) as error:
            log.warning("notes_unreadable", file=str(self._file), error=str(error), advice="it begins anew")
            return {}
        return said


def _locked(file: Path, market: str) -> int:
    """A lock of the kernel's, with our process id in its file for people."""
    lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(lock, 20).decode(errors="replace").strip() or "unknown"
        os.close(lock)
        msg = f"another `esi trainer` looks after {market} (process {holder}): stop it, or leave the market out"
        raise TrainerBusyError(msg) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock
