"""What this machine may have or lack, and where the checkout lies."""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent.parent
CACHE = CHECKOUT / ".cache"


class AbsentError(Exception):
    """A server that this machine lacks; the message says what to install."""


def chromium() -> str:
    """Path of Debian's Chromium (`ESI_CHROMIUM` names another).

    Raises:
        AbsentError: there is none.
    """
    path = os.environ.get("ESI_CHROMIUM", "/usr/bin/chromium")
    if not os.access(path, os.X_OK):
        msg = f"no {path}: apt-get install chromium"
        raise AbsentError(msg)
    return path


def real_data() -> Path:
    """Folder of real market data for tests: `ESI_DATA`, or `../shared/data` beside the checkout.

    Raises:
        AbsentError: there is none; it is licensed and not part of the project.
    """
    path = Path(os.environ.get("ESI_DATA", CHECKOUT.parent / "shared" / "data"))
    if not path.is_dir():
        msg = f"no real data at {path}: set ESI_DATA"
        raise AbsentError(msg)
    return path
