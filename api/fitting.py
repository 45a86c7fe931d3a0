"""Readings in little room: what a frame leaves out when the published bytes do not fit into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

DIGITS: Final = 6
"""Significant digits of a number that was shortened, and its decimals at most."""

Parts = dict[str, Any]


def _without_seal(reading: Parts) -> Parts:
    """Its hash is of the published bytes, which these are not."""
    return {name: value for name, value in reading.items() if name not in {"prev_hash", "hash"}}


def _without_forms(reading: Parts) -> Parts:
    return {**reading, "forms": {}}


def _without_change(reading: Parts) -> Parts:
    return {**reading, "change": None}


_STEPS: Final[tuple[Callable[[Parts], Parts], ...]] = (_without_seal, _without_forms, _without_change)


def _short(text: str) -> float:
    return round(float(f"{float(text):.{DIGITS}g}"), DIGITS)


_SHORTENED: Final = msgspec.json.Decoder(float_hook=_short)


def fitted(body: bytes, room: int) -> bytes:
    """A reading in at most `room` bytes, as far as that can be done.

    What fits stays as it was published, byte by byte. Else numbers are rounded to six significant digits and six
    decimals, and then the hashes, the forms and the change are left out, one after the other until it fits. What is no
    reading stays as it is.
    """
    if len(body) <= room:
        return body
    try:
        reading = _SHORTENED.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body
    if not isinstance(reading, dict):
        return body
    shorter = msgspec.json.encode(reading)
    for step in _STEPS:
        if len(shorter) <= room:
            break
        reading = step(reading)
        shorter = msgspec.json.encode(reading)
    return shorter
