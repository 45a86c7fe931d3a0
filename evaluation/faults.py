"""What is wrong with a file that somebody gave us: its name, the row, the remedy."""

from __future__ import annotations


class InputError(ValueError):
    """An input that cannot be used; the message names file, row and remedy."""
