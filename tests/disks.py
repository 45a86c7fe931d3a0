"""Disks that are really full: small ones in memory, mounted for a test and filled to the last byte."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from tests.servers import AbsentError


class SmallDisk:
    """A disk of so many MiB, mounted at `folder`, which every user may pass: PostgreSQL's servers are not root.

    Raises:
        AbsentError: it cannot be mounted here.
    """

    def __init__(self, mib: int) -> None:
        if os.geteuid() != 0:
            raise AbsentError("only root may mount a disk that can be filled")
        self.folder = Path(tempfile.mkdtemp(prefix="esi-disk-"))
        command = ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=755", "esi-test", str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            self.folder.rmdir()
            msg = f"this machine mounts no disk that can be filled: {done.stderr.strip()}"
            raise AbsentError(msg)

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    def fill(self, leave: int = 0) -> None:
        """Takes all the room but `leave` bytes."""
        with self._ballast.open("ab", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(b"x" * 65_536)
            except OSError:
                pass
        os.truncate(self._ballast, max(0, self._ballast.stat().st_size - leave))

    def clear(self) -> None:
        """Gives the room back."""
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        """Unmounts it, at once or when its last file is closed."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True, capture_output=True)
        self.folder.rmdir()
