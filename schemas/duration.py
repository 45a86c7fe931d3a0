"""Durations as people write them in market files: `250ms`, `1s`, `30m`, `6h`, `5d`."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

DAY_US: Final = 86_400_000_000

_UNITS: Final = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": DAY_US,
}
MAX_US: Final = 36_500 * DAY_US
"""A hundred years: longer ones are slips, and would leave 64 bits when they are added to a time."""

_FORM: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|m|h|d)")


def microseconds(text: object) -> int:
    """Duration in microseconds: `"1s"` gives 1,000,000; an integer is taken as microseconds already.

    Raises:
        ValueError: not a duration (the message shows the form), below zero, or longer than a hundred years.
    """
    duration_us = _parse(text)
    if not 0 <= duration_us <= MAX_US:
        msg = f"{str(text)[:40]!r} is not between 0 and 36500d"
        raise ValueError(msg)
    return round(duration_us)


def _parse(text: object) -> int | float:
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    match = _FORM.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        msg = f'{text!r} is no duration: write a number and one of us, ms, s, m, h, d, such as "30m"'
        raise ValueError(msg)
    return float(match[1]) * _UNITS[match[2]]


_Written = int | Annotated[str, Field(pattern=rf"^\s*{_FORM.pattern}\s*$")]
_AS_WRITTEN: Final = BeforeValidator(microseconds, json_schema_input_type=_Written)

Duration = Annotated[int, _AS_WRITTEN]
"""A field that is written as `"30m"` and read as microseconds."""

Span = Annotated[int, _AS_WRITTEN, Field(gt=0)]
"""A duration that cannot be nothing."""
