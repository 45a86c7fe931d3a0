"""Errors that are told in a sentence: those that people can put right."""

from __future__ import annotations

from deploy.disk import is_full

OURS = frozenset({"schemas", "dataflows", "api", "deploy"})
"""Packages whose own errors say what is wrong and what to do."""


def is_told(error: Exception) -> bool:
    """Whether an error says what to do; any other is a fault in the program, and keeps its traceback."""
    return type(error).__module__.partition(".")[0] in OURS or is_full(error)
