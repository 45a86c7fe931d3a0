"""The columns of Arrow records."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

TICKS_SCHEMA: Final = pa.schema(
    [
        pa.field("instrument", pa.dictionary(pa.int32(), pa.utf8()), nullable=False),
        pa.field("ts_us", pa.int64(), nullable=False),
        pa.field("price", pa.float64()),
        pa.field("size", pa.float64()),
        pa.field("bid", pa.float64()),
        pa.field("ask", pa.float64()),
        pa.field("seq", pa.int64()),
    ]
)
"""Columns of tick records; a record may leave out the nullable ones."""

BARS_SCHEMA: Final = pa.schema(
    [
        pa.field("instrument", pa.dictionary(pa.int32(), pa.utf8()), nullable=False),
        *(pa.field(name, pa.int64(), nullable=False) for name in ("start_us", "end_us")),
        pa.field("available_us", pa.int64()),
        *(pa.field(name, pa.float64(), nullable=False) for name in ("open", "high", "low", "close")),
        pa.field("volume", pa.float64()),
        pa.field("count", pa.int64()),
    ]
)
"""Columns of bar records; `available_us` is `end_us` where it is left out."""
