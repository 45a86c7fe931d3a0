"""A market's card: its definition as JSON, for readers of its streams that never see its file."""

from __future__ import annotations

import time
from typing import Any, Final

import orjson

from models.calendars import schedule_of
from models.publication import version_of
from models.signals.schedule import Schedule
from schemas.duration import DAY_US
from schemas.market import Market
from schemas.names import edition_of, with_run
from schemas.reading import rfc3339

_AHEAD: Final = 30 * DAY_US
"""How far ahead the opening hours are told."""


def card(market: Market, run: str | None, now_us: int | None = None) -> bytes:
    """JSON of what the market is, and when it is open in the days around `now_us` (default: now)."""
    now = time.time_ns() // 1000 if now_us is None else now_us
    sessions = market if market.calendar == "24x7" else market.model_copy(update={"period": "session"})
    return orjson.dumps(
        {
            "name": with_run(market.name, run),
            "run": run,
            "edition": edition_of(market.name)[1],
            "title": market.title or market.name,
            "about": market.about,
            "feed": with_run(market.feed, run),
            "calendar": market.calendar,
            "period": market.period,
            "step": market.step,
            "bar": market.bar,
            "form": market.form,
            "horizon": market.horizon,
            "synthetic": market.synthetic,
            "scores": market.scores.enabled,
            "version": version_of(market),
            "instruments": [i.model_dump(include={"name", "kind", "unit", "why"}) for i in market.instrument],
            "segments": [_segment(segment) for segment in market.segment],
            "hours": _hours(schedule_of(sessions), now),
        }
    )


def _segment(segment: Any) -> dict[str, Any]:
    indicators = [i.model_dump(include={"name", "kind", "of", "weight"}) for i in segment.indicator]
    return {"name": segment.name, "weight": segment.weight, "indicators": indicators}


def _hours(schedule: Schedule, now_us: int) -> list[list[str]] | None:
    """Opens and closes from yesterday to a month ahead; None for a market that never closes."""
    if schedule.period_us:
        return None
    periods = schedule.closes_between(now_us - DAY_US, now_us + _AHEAD)
    return [[rfc3339(opens), rfc3339(closes)] for opens, closes in periods]
