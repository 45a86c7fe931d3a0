"""Errors that are told in a sentence: those that people can put right."""

from __future__ import annotations

from deploy.disk import is_full
from deploy.program import REFUSES

MAY_PASS = 75
"""Exit status where the same command may succeed later (EX_TEMPFAIL of sysexits.h): supervisors try again."""

OURS = frozenset({"schemas", "dataflows", "api", "deploy"})
"""Packages whose own errors say what is wrong and what to do."""


def is_told(error: Exception) -> bool:
    """Whether an error says what to do; any other is a fault in the program, and keeps its traceback."""
    return type(error).__module__.partition(".")[0] in OURS or is_full(error)


def status_of(error: Exception) -> int:
    """Exit status of a told error: whether the same command would end the same way again, or may not.

    An error may pass if its class says so by an attribute `passes`: servers come back, disks get room, locks are left.
    """
    return MAY_PASS if is_full(error) or getattr(error, "passes", False) else REFUSES
