"""Records that could not be used: a named reason each, with the original bytes and where they stood."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a record, or a tick in it, was not used.

    Those of ticks stand in the order in which they are checked; a new one goes to the end, since compiled code knows
    them by their number.
    """

    EMPTY = "empty"
    OVERSIZED = "oversized"
    MALFORMED = "malformed"
    WRONG_TYPE = "wrong_type"
    UNKNOWN_KIND = "unknown_kind"
    BAD_NAME = "bad_name"
    UNKNOWN_INSTRUMENT = "unknown_instrument"
    BAD_TIME = "bad_time"
    NO_PRICE = "no_price"
    NOT_FINITE = "not_finite"
    NEGATIVE_PRICE = "negative_price"
    NEGATIVE_SIZE = "negative_size"
    CROSSED_QUOTE = "crossed_quote"
    BAD_BAR = "bad_bar"
    DUPLICATE = "duplicate"
    FUTURE = "future"
    LATE = "late"
    ABSURD_PRICE = "absurd_price"
    BAD_CONTROL = "bad_control"

    @property
    def code(self) -> int:
        """Number of the reason in the arrays of kernels; 0 means "good"."""
        return _CODES[self]


_CODES = {reason: number for number, reason in enumerate(Reason, start=1)}
REASONS: tuple[Reason, ...] = tuple(Reason)
"""By `code - 1`."""


UNREAD: int = -1
"""Partition of what came into none: a row of a replayed file that cannot be read."""


@dataclass(frozen=True, slots=True)
class Reject:
    """One rejected record, or the rejected rows of one record.

    Attributes:
        feed: whose topic it stood in.
        partition: Kafka partition, or `UNREAD`.
        offset: Kafka offset; of what is `UNREAD`, its number among those.
        reason: why.
        rows: which ticks of the record (counted from 0); empty when the whole record is meant.
        raw: the original bytes of the whole record.
        content_type: header of the original record, or None.
        note: what a person needs to mend it, such as the decoder's message.
    """

    feed: str
    partition: int
    offset: int
    reason: Reason
    raw: bytes
    rows: tuple[int, ...] = ()
    content_type: str | None = None
    note: str = ""

    def headers(self) -> list[tuple[str, str | bytes | None]]:
        """Kafka headers of the rejected record; its value is `raw`, untouched."""
        named = {
            "feed": self.feed,
            "partition": self.partition,
            "offset": self.offset,
            "reason": self.reason.value,
            "rows": ranges(self.rows),
            "count": len(self.rows) or 1,
            "content-type": self.content_type or "",
            "note": self.note,
        }
        return [(name, _clean(str(value))) for name, value in named.items()]

    def as_json(self) -> str:
        """One line for logs and terminals; `raw` in base64."""
        fields = {name.replace("-", "_"): value for name, value in self.headers()}
        return json.dumps(fields | {"raw": base64.b64encode(self.raw).decode()})


class UnreadableError(ValueError):
    """A record that cannot be read at all; `reason` says why, the message what to mend."""

    def __init__(self, reason: Reason, note: str) -> None:
        super().__init__(note)
        self.reason = reason


_LONGEST: int = 4096
"""Characters of a header at most: what strangers wrote into the record must not make its reject oversized."""


def _clean(text: str) -> str:
    """Text that every Kafka client can carry as UTF-8, and of bounded length."""
    return text[:_LONGEST].encode("utf-8", "backslashreplace").decode()


def ranges(rows: tuple[int, ...]) -> str:
    """Ascending row numbers, runs written as `first-last`: `0-3,7`; cut with `...` where it would get too long."""
    runs: list[list[int]] = []
    for row in rows:
        if runs and row == runs[-1][1] + 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    text = ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 4].rpartition(",")[0] + ",..."
