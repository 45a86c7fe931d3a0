"""Finals as they are published, for `esi trainer`: what asks for retraining, and what models have said."""

# ruff: noqa: PLC0415 - as in the verbs
from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from schemas import names

if TYPE_CHECKING:
    from evaluation.duel import Final

PAGE = 500


class LiveFinals:
    """The details and readings of finals in Redis, by market."""

    def __init__(self, redis_url: str) -> None:
        self._redis = redis.Redis.from_url(redis_url, retry=Retry(ExponentialBackoff(cap=1.0), 3), socket_timeout=10.0)

    def newest(self, market: str) -> str:
        """Id of the newest final's details; the beginning of time before the first."""
        found: Any = self._redis.xrevrange(names.stream(market, "details"), count=1)
        return found[0][0].decode() if found else "0-0"

    def requests(self, market: str, after: str) -> tuple[str | None, str]:
        """Why retraining was asked for by a final behind an id, the last such reason; and the newest id looked at."""
        reason = None
        while True:
            page: Any = self._redis.xrange(names.stream(market, "details"), min=f"({after}", count=PAGE)
            for entry, fields in page:
                after = entry.decode()
                reason = _asked(fields[b"details"]) or reason
            if len(page) < PAGE:
                return reason, after

    def last(self, market: str, finals: int) -> list[Final]:
        """The newest finals, the oldest first, without those of periods without data."""
        from evaluation.duel import Final

        page: Any = self._redis.xrevrange(names.stream(market, "details"), count=finals)
        pipeline = self._redis.pipeline(transaction=False)
        for entry, _ in page:
            pipeline.xrange(names.stream(market, "readings"), min=entry, max=entry)
        readings: Any = pipeline.execute()
        return [
            Final(_index(found[0][1][b"reading"]) if found else None, fields[b"details"])
            for (_, fields), found in zip(reversed(page), reversed(readings), strict=True)
        ]

    def close(self) -> None:
        """Ends the connection."""
        self._redis.close()


def _asked(details: bytes) -> str | None:
    drift = json.loads(details).get("drift") or {}
    reason: str | None = drift.get("retrain")
    return reason


def _index(reading: bytes) -> float | None:
    """The index of a final; None for one that teaches nothing."""
    said = json.loads(reading)
    index: float | None = None if "no_data" in said["flags"] else said["index"]
    return index
