"""How a flow stops: a signal asks, the sources fall silent for two epochs so that all is saved, the process ends."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Final

from bytewax.inputs import AbortExecution

_asked: Final = threading.Event()

QUIET_EPOCHS: Final = 2
"""Saves after which everything read before the signal is durable: state, offsets and readings."""


def listen() -> None:
    """Takes SIGTERM and SIGINT as the wish to stop cleanly."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _ask)


def _ask(_number: int, _frame: FrameType | None) -> None:
    _asked.set()


def asked() -> bool:
    """Whether this process should stop."""
    return _asked.is_set()


def leave(single: bool) -> None:
    """Ends the flow now.

    One worker can abort itself and close what it holds; with several, Bytewax would wait for ever for the others,
    and there is nothing left to save.
    """
    if single:
        raise AbortExecution
    os._exit(0)
