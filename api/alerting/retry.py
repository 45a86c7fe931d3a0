"""When to try again, and when to give up. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_S: Final = 86_400.0
"""How long a receiver's `Retry-After` is believed at most."""


def pause(attempt: int, schedule: Sequence[float], chance: float, asked_s: float | None = None) -> float | None:
    """Seconds until the next attempt after `attempt` failed ones; None when the schedule is at its end.

    Half of each pause is left to `chance` (0..1), so that many do not come back at once (equal jitter); what the
    receiver asked for is the least.
    """
    if attempt > len(schedule):
        return None
    planned = schedule[attempt - 1]
    jittered = planned / 2 + chance * planned / 2
    return max(jittered, min(asked_s or 0.0, LONGEST_S))


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for: a number, or an HTTP date (RFC 9110); None if it says nothing."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((aware - now).total_seconds(), 0.0)
