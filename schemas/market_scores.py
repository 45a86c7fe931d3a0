"""The table `[scores]` of a market file, and how far ahead its forecasts look."""

from __future__ import annotations

import re
from typing import Final, Literal

from schemas.duration import DAY_US, microseconds
from schemas.market_words import Strict

FARTHEST: Final = 250
"""Periods that a forecast may look ahead: each waits for its label in the saved state."""


class Scoring(Strict):
    """Whether readings carry a forecast, a regime, an anomaly score and drift."""

    enabled: bool = False


def periods_ahead(horizon: str, period: int | Literal["session"]) -> int:
    """A horizon in periods (`session`, or microseconds), rounded up.

    Raises:
        ValueError: neither sessions nor a duration, or sessions in a market that has none.
    """
    sessions = re.fullmatch(r"(\d{1,4}) sessions?", horizon)
    if sessions is None:
        return -(-microseconds(horizon) // (DAY_US if period == "session" else period))
    if period != "session":
        msg = 'this market has no sessions: give horizon a duration such as "15m"'
        raise ValueError(msg)
    return int(sessions[1])


def horizon_faults(
    scores: Scoring, horizon: str, period: int | Literal["session"]
) -> list[tuple[tuple[str | int, ...], str]]:
    """A horizon that scores cannot look to, with its place in the file; it may say anything where there are none."""
    try:
        ahead = periods_ahead(horizon, period) if scores.enabled else 1
    except ValueError as error:
        return [(("horizon",), str(error))]
    told = f"{horizon} is {ahead} periods: forecasts look 1 to {FARTHEST} ahead"
    return [] if 1 <= ahead <= FARTHEST else [(("horizon",), told)]
