"""Durations as people write them in market files: `250ms`, `1s`, `30m`, `6h`, `5d`."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import BeforeValidator

_UNITS: Final = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
}
_FORM: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|m|h|d)")


def microseconds(text: object) -> int:
    """Duration in microseconds: `"1s"` gives 1,000,000; an integer is taken as microseconds already.

    Raises:
        ValueError: not a duration; the message shows the form.
    """
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    match = _FORM.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        msg = f'{text!r} is no duration: write a number and one of us, ms, s, m, h, d, such as "30m"'
        raise ValueError(msg)
    return round(float(match[1]) * _UNITS[match[2]])


Duration = Annotated[int, BeforeValidator(microseconds)]
"""A field that is written as `"30m"` and read as microseconds."""
