"""Control: what somebody decided, told to a flow in its own feed, so that a replay decides the same.

Such a record stands on partition 0 and takes effect at the first step after that partition's time at the record.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from schemas.bars import NEVER

PARTITION: Final = 0
"""Where control records belong: their order is that of their offsets."""

NOTE: Final = "note"
MODEL_PROMOTED: Final = "model_promoted"
MARKET_CHANGED: Final = "market_changed"


class Control(NamedTuple):
    """A control record that was checked.

    Attributes:
        kind: `NOTE`, `MODEL_PROMOTED` or `MARKET_CHANGED`.
        name: what it is about: the remark, the model, the market.
        value: what it says of it: the text, the model's version, the edition that goes on for the market (`us@2`).
        market: the market that it is for, without a run; None for all of the feed.
        at_us: its partition's time where it stood, microseconds since 1970 (UTC); `NEVER` before the first record.
    """

    kind: str
    name: str
    value: str
    market: str | None = None
    at_us: int = NEVER
