"""Whether a market should be giving readings, and for how long it has not. Pure: the clock is an argument."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.names import RUN_MARK
from schemas.reading import parse_rfc3339


def silent_s(card: Mapping[str, Any], last_sent_ns: int, now_ns: int) -> float | None:
    """Seconds without a reading, by the wall clock; None while none is expected, or nothing is known.

    A market with provisional readings is expected to speak while it is open; its silence begins with its last
    reading or with the opening, whichever is later. A market with finals only is silent since its last final.
    """
    if RUN_MARK in str(card.get("name", "")) or last_sent_ns <= 0:
        return None
    hours = card.get("hours")
    if hours is None or card.get("step") == "period":
        return max(now_ns - last_sent_ns, 0) / 1e9
    opened_ns = _opened(hours, now_ns)
    return None if opened_ns is None else max(now_ns - max(last_sent_ns, opened_ns), 0) / 1e9


def _opened(hours: Any, now_ns: int) -> int | None:
    """When the session that is open now began; None while the market is closed, or its hours are not to be read."""
    try:
        spans = [(parse_rfc3339(opens) * 1_000, parse_rfc3339(closes) * 1_000) for opens, closes in hours]
    except (TypeError, ValueError):
        return None
    return next((opens for opens, closes in spans if opens <= now_ns < closes), None)
