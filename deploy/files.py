"""Files that are whole or not there."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(file: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Writes a file so that no reader ever sees half of it, nor one whom `mode` excludes any of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(content.encode() if isinstance(content, str) else content)
    fresh.replace(file)
