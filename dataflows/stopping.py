"""How a flow stops: a signal asks, the sources fall silent for two epochs so that all is saved, the process ends.

Nobody is waited for longer than `LONGEST_S`: a broker or a Redis that does not answer would hold the process for as
long as it likes. What is not saved by then is read again at the next start, as after a kill.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from typing import Final, NoReturn

import structlog
from bytewax.inputs import AbortExecution

log = structlog.get_logger()

_asked: Final = threading.Event()

QUIET_EPOCHS: Final = 2
"""Saves after which everything read before the signal is durable: state, offsets and readings."""

LONGEST_S: Final = 1.25
"""Seconds from the signal to the end, saved or not; whoever asked is promised two."""


def listen() -> None:
    """Takes SIGTERM and SIGINT as the wish to stop; to be called once, by the main thread.

    Python runs a handler when the main thread is back from what it called, which can be a wait for the network. The
    byte that the interpreter writes at the signal itself wakes a thread at once.
    """
    here, there = os.pipe()
    os.set_blocking(there, False)
    signal.set_wakeup_fd(there, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _asked.set())
    threading.Thread(target=_watch, args=(here,), name="stopping", daemon=True).start()


def _watch(wakes: int) -> None:
    while not set(os.read(wakes, 64)) & {signal.SIGTERM, signal.SIGINT}:
        pass
    _asked.set()
    threading.Event().wait(LONGEST_S)
    log.warning("stopped_before_all_was_saved", advice="nothing is lost: the next start reads it again")
    _exit()


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
    end()


def end() -> NoReturn:
    """Ends this process well and at once: all is saved, and taking down compiled code and clients lasts seconds."""
    log.info("flow_stopped")
    _exit()


def _exit() -> NoReturn:
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)
