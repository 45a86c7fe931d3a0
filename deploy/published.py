"""What has been published and archived of a market, as Redis and PostgreSQL say it."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from schemas import names


class Published:
    """Looks at one market's streams and their archive; whatever does not answer right now is "not yet"."""

    def __init__(self, redis_url: str, postgres_url: str, market: str) -> None:
        self._market, self._postgres_url = market, postgres_url
        self._redis = redis.Redis.from_url(
            redis_url, retry=Retry(NoBackoff(), 0), socket_timeout=1.0, socket_connect_timeout=1.0
        )

    def final(self) -> dict[str, Any] | None:
        """The newest final reading, None before the first."""
        return self._latest("final")

    def newest(self) -> dict[str, Any] | None:
        """The newest reading of any kind, None before the first."""
        return self._latest("reading")

    def count(self) -> int:
        """Readings published since the streams began, trimmed ones included."""
        try:
            information: Any = self._redis.xinfo_stream(names.stream(self._market, "readings"))
        except redis.RedisError:
            return 0
        return int(information.get("entries-added", 0))

    def archived(self) -> bool:
        """Whether PostgreSQL has everything that the streams have given out, and there is something."""
        try:
            heads = {stream: self._head(stream) for stream in self._streams()}
            positions = self._positions()
        except (redis.RedisError, psycopg.Error):
            return False
        return bool(heads[names.stream(self._market, "readings")]) and all(
            head is None or positions.get(stream, (-1, -1)) >= head for stream, head in heads.items()
        )

    def close(self) -> None:
        """Ends the connection."""
        self._redis.close()

    def _latest(self, field: str) -> dict[str, Any] | None:
        try:
            raw = self._redis.hget(names.latest_key(self._market), field)
        except redis.RedisError:
            return None
        return json.loads(raw) if isinstance(raw, bytes) else None

    def _streams(self) -> list[str]:
        return [names.stream(self._market, channel) for channel in names.CHANNELS]

    def _head(self, stream: str) -> tuple[int, int] | None:
        newest: Any = self._redis.xrevrange(stream, count=1)
        if not newest:
            return None
        milliseconds, _, sequence = newest[0][0].decode().partition("-")
        return int(milliseconds), int(sequence)

    def _positions(self) -> dict[str, tuple[int, int]]:
        with psycopg.connect(self._postgres_url, connect_timeout=2) as connection:
            rows = connection.execute(
                "SELECT stream, last_ms, last_seq FROM positions WHERE stream = ANY(%s)", [self._streams()]
            ).fetchall()
        return {stream: (last_ms, last_seq) for stream, last_ms, last_seq in rows}
