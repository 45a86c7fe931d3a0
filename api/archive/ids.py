"""Stream ids as pairs of integers, which sort as Redis sorts them."""

from __future__ import annotations

from typing import Final

Id = tuple[int, int]
"""A Redis stream id `<ms>-<seq>` as `(ms, seq)`: milliseconds of event time (UTC), and 0 provisional or 1 final."""

START: Final[Id] = (0, 0)
"""Before every entry."""

LAST_SEQ: Final = 2**64 - 1


def parse_id(text: str | bytes) -> Id:
    """`"1381152600000-1"` as `(1381152600000, 1)`; without `-`, the first entry of that millisecond.

    Raises:
        ValueError: no stream id.
    """
    plain = text.decode("ascii") if isinstance(text, bytes) else text
    ms, _, seq = plain.partition("-")
    if not (ms.isascii() and ms.isdigit() and (seq or "0").isascii() and (seq or "0").isdigit()):
        msg = f"{plain!r} is no stream id: write <milliseconds>-<number>"
        raise ValueError(msg)
    return int(ms), int(seq or 0)


def format_id(position: Id) -> str:
    """`(1381152600000, 1)` as `"1381152600000-1"`."""
    return f"{position[0]}-{position[1]}"


def following(position: Id) -> Id:
    """The smallest id after this one."""
    ms, seq = position
    return (ms, seq + 1) if seq < LAST_SEQ else (ms + 1, 0)
